import { gzipSync, strToU8, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { customSection } from "../../src/build/bundle-writer.ts";
import { inspectBundle } from "../../src/protocol/bundle/inspect.ts";
import { imposeMemoryMaximum } from "../../src/protocol/bundle/memory-limit.ts";
import { readOutline } from "../../src/protocol/bundle/wasm-sections.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import { BUNDLE_MAX_BYTES, BUNDLE_MAX_MANIFEST_BYTES } from "../../src/protocol/limits.ts";
import { ABI_VERSION } from "../../src/protocol/versions.ts";
import { joined, sampleManifest, sampleModule, section } from "./module-bytes.ts";

/** The error of a refusal. */
function refusal(bytes: Uint8Array, budgetPages = 64): MillraceError {
  try {
    inspectBundle(bytes, budgetPages);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error("the bundle was accepted");
}

describe("a file that is no module", () => {
  test.each([
    ["a zip archive", zipSync({ "a.txt": strToU8("a") })],
    ["an empty zip archive", zipSync({})],
    ["a gzip file", gzipSync(sampleModule())],
    ["a WebAssembly component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)],
    ["WebAssembly text (compile it to binary)", strToU8("(module (memory 1))")],
    ["an HTML page", strToU8("<!doctype html><title>no</title>")],
    ["an unknown format", strToU8("nothing of the kind")],
  ])("is named: %s", (name, bytes) => {
    const error = refusal(bytes);
    expect(error).toMatchObject({ code: "BUNDLE_NOT_WASM", value: name });
    expect(error.expected).toContain("WebAssembly core module");
  });

  test("is refused when it is too large, before anything is read", () => {
    const error = refusal(new Uint8Array(BUNDLE_MAX_BYTES + 1));
    expect(error).toMatchObject({
      code: "BUNDLE_TOO_LARGE",
      value: `${BUNDLE_MAX_BYTES + 1} bytes`,
      expected: `at most ${BUNDLE_MAX_BYTES} bytes`,
    });
  });

  test("is refused wherever it is cut off", () => {
    const whole = sampleModule();
    // A cut between two sections leaves a module that lacks something else.
    const ends = new Set(readOutline(whole).sections.map((s) => s.offset));
    for (let length = 0; length < whole.length; length++) {
      const { code } = refusal(whole.subarray(0, length));
      if (!ends.has(length)) expect([length, code]).toEqual([length, "BUNDLE_TRUNCATED"]);
      else expect(code).toMatch(/^BUNDLE_/);
    }
  });

  test("never throws anything but a MillraceError, whichever byte is wrong", () => {
    const whole = sampleModule();
    for (let i = 0; i < whole.length; i++) {
      for (const value of [0, 0x7f, 0x80, 0xff]) {
        const bytes = whole.slice();
        bytes[i] = value;
        try {
          inspectBundle(bytes, 64);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError);
        }
      }
    }
  });

  test("is malformed when a section is double or its code is not valid", () => {
    const doubled = joined([sampleModule(), Uint8Array.from(section(5, [1, 1, 1, 16]))]);
    expect(refusal(doubled)).toMatchObject({ code: "BUNDLE_MALFORMED", field: "the section list" });
    const bytes = sampleModule();
    bytes[bytes.lastIndexOf(0x41)] = 0x6a;
    expect(refusal(bytes).code).toMatch(/BUNDLE_MALFORMED|BUNDLE_MANIFEST_INVALID/);
  });
});

describe("what a bundle imports and exports", () => {
  test.each(["wasi_snapshot_preview1.fd_write", "env.seed", "millrace.fetch"])(
    "refuses the import %s by name",
    (name) => {
      expect(refusal(sampleModule({ imports: [name] }))).toMatchObject({
        code: "BUNDLE_IMPORT_FORBIDDEN",
        field: `imports.${name}`,
        value: `function ${name}`,
      });
    },
  );

  test("refuses an imported memory and an import of another signature", () => {
    const memory = sampleModule({ rawImports: [["env", "memory", [2, 1, 1, 16]]] });
    expect(refusal(memory)).toMatchObject({
      code: "BUNDLE_IMPORT_FORBIDDEN",
      value: "memory env.memory",
    });
    expect(refusal(sampleModule({ imports: ["env.abort"] }))).toMatchObject({
      code: "BUNDLE_IMPORT_FORBIDDEN",
      value: "() -> none",
      expected: "(i32, i32, i32, i32) -> none",
    });
  });

  test("refuses a start function, a missing export and one of another signature", () => {
    expect(refusal(sampleModule({ start: true })).code).toBe("BUNDLE_START_FUNCTION");
    expect(refusal(sampleModule({ withoutExport: "mr_take" }))).toMatchObject({
      code: "BUNDLE_EXPORT_MISSING",
      field: "exports.mr_take",
      expected: "(i32, i32) -> i32",
    });
    expect(refusal(sampleModule({ wrongExport: "mr_open" }))).toMatchObject({
      code: "BUNDLE_EXPORT_SIGNATURE",
      field: "exports.mr_open",
      value: "(i32) -> i64",
    });
  });
});

describe("the memory of a bundle", () => {
  test.each([
    ["BUNDLE_MEMORY_SHARED", [1, 3, 1, 16]],
    ["BUNDLE_MEMORY64", [1, 5, 1, 16]],
    ["BUNDLE_MEMORY_PAGE_SIZE", [1, 9, 1, 16, 0]],
    ["BUNDLE_MULTI_MEMORY", [2, 1, 1, 16, 1, 1, 16]],
    ["BUNDLE_MEMORY_MISSING", [0]],
  ])("gives %s", (code, memory) => {
    expect(refusal(sampleModule({ memory }))).toMatchObject({ code, field: "memory" });
  });

  test("may not begin or grow above the budget", () => {
    expect(refusal(sampleModule({ memory: [1, 1, 1, 65] }))).toMatchObject({
      code: "BUNDLE_MEMORY_ABOVE_BUDGET",
      value: "65 pages",
      expected: "at most 64 pages (4096 KiB)",
    });
    expect(refusal(sampleModule({ memory: [1, 0, 65] })).message).toContain("initial memory");
  });

  test("keeps the maximum it declares", () => {
    const bytes = sampleModule();
    const { memory, warnings } = inspectBundle(bytes, 64);
    expect(memory).toEqual({ initial: 1, maximum: 16, imposed: false, budget: 16 });
    expect(warnings.join()).not.toContain("imposed");
    expect(imposeMemoryMaximum(bytes, 64)).toBe(bytes);
  });

  test("gets the budget imposed when it declares none, and the answer says so", () => {
    const bytes = sampleModule({ memory: [1, 0, 1] });
    const { memory, warnings } = inspectBundle(bytes, 300);
    expect(memory).toEqual({ initial: 1, imposed: true, budget: 300 });
    expect(warnings[0]).toBe("It declares no memory maximum: 300 pages of 64 KiB are imposed.");
    const bounded = imposeMemoryMaximum(bytes, 300);
    expect(inspectBundle(bounded, 300).memory.maximum).toBe(300);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bounded)));
    const grown = instance.exports.memory as WebAssembly.Memory;
    expect(grown.grow(299)).toBe(1);
    expect(() => grown.grow(1)).toThrow(RangeError);
  });
});

describe("the self-description of a bundle", () => {
  test("must be there, be JSON and be small", () => {
    const missing = sampleModule({ manifest: undefined });
    expect(refusal(missing).code).toBe("BUNDLE_MANIFEST_MISSING");
    const invalid = (content: Uint8Array): MillraceError =>
      refusal(joined([missing, customSection("millrace", content)]));
    expect(invalid(strToU8("{"))).toMatchObject({ code: "BUNDLE_MANIFEST_INVALID" });
    expect(invalid(Uint8Array.of(0xff))).toMatchObject({ code: "BUNDLE_MANIFEST_INVALID" });
    expect(invalid(new Uint8Array(BUNDLE_MAX_MANIFEST_BYTES + 1)).expected).toBe(
      `at most ${BUNDLE_MAX_MANIFEST_BYTES} bytes`,
    );
    const twice = joined([sampleModule(), customSection("millrace", strToU8("{}"))]);
    expect(refusal(twice)).toMatchObject({ code: "BUNDLE_MALFORMED", field: "millrace" });
  });

  test("names the ABI version that is not spoken, whatever else it holds", () => {
    const manifest = { abiVersion: ABI_VERSION + 1, manifestVersion: 9, novelty: true };
    expect(refusal(sampleModule({ manifest }))).toMatchObject({
      code: "BUNDLE_ABI_VERSION",
      field: "abiVersion",
      value: String(ABI_VERSION + 1),
      expected: String(ABI_VERSION),
    });
  });

  test("names the field that is wrong", () => {
    const [operator] = (sampleManifest() as { operators: object[] }).operators;
    const wrong = (change: object): MillraceError =>
      refusal(sampleModule({ manifest: sampleManifest(change) }));
    const code = "BUNDLE_MANIFEST_INVALID";
    expect(wrong({ manifestVersion: 2 })).toMatchObject({ code, field: "manifestVersion" });
    expect(wrong({ operators: [] })).toMatchObject({ code, field: "operators" });
    expect(wrong({ operators: [operator, operator] })).toMatchObject({
      code,
      field: "operators[1].name",
      value: "Echo",
    });
    const parameter = { name: "limit", type: "MONEY" };
    expect(wrong({ operators: [{ ...operator, parameters: [parameter] }] })).toMatchObject({
      code,
      field: "operators[0].parameters[0].type",
      value: "MONEY",
    });
  });
});

test("an accepted bundle is described in full", () => {
  const bytes = sampleModule({ custom: [customSection("producers", strToU8("x"))] });
  const info = inspectBundle(bytes, 64);
  expect(info).toMatchObject({ size: bytes.length, imports: [], sourcesBytes: 0 });
  expect(info.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(info.exports).toContain("mr_process");
  expect(info.manifest.operators[0]?.name).toBe("Echo");
  expect(info.warnings).toEqual([
    "It has no $exchange operator: its rows are copied once more before a shuffle.",
    "It carries no sources: its chains cannot be fused.",
    'Its custom section "producers" is ignored.',
  ]);
});
