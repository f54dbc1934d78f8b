import { strToU8, type Zippable, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { customSection } from "../../src/build/bundle-writer.ts";
import { readArchive } from "../../src/protocol/bundle/archive.ts";
import { bundleSources, inspectBundle } from "../../src/protocol/bundle/inspect.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import { BUNDLE_MAX_SOURCE_BYTES, BUNDLE_MAX_SOURCE_FILES } from "../../src/protocol/limits.ts";
import { sampleModule } from "./module-bytes.ts";

const SECTION = "millrace.sources";

function refusal(zip: Uint8Array): MillraceError {
  try {
    inspectBundle(sampleModule({ custom: [customSection(SECTION, zip)] }), 64);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error("the archive was accepted");
}

const zipOf = (files: Zippable): Uint8Array => zipSync(files, { level: 9 });

/** Changes a number of the only entry's directory record. */
function bent(zip: Uint8Array, offset: number, bytes: 2 | 4, value: number): Uint8Array {
  const copy = zip.slice();
  const view = new DataView(copy.buffer);
  let at = 0;
  while (view.getUint32(at, true) !== 0x02014b50) at++;
  if (bytes === 2) view.setUint16(at + offset, value, true);
  else view.setUint32(at + offset, value, true);
  return copy;
}

describe("the sources of a bundle", () => {
  test("are read back by name", () => {
    const zip = zipOf({ "index.ts": strToU8("a"), "rows/line.ts": [strToU8("b"), { level: 0 }] });
    const bytes = sampleModule({ custom: [customSection(SECTION, zip)] });
    expect(inspectBundle(bytes, 64).sourcesBytes).toBe(2);
    const sources = bundleSources(bytes);
    expect([...sources.keys()]).toEqual(["index.ts", "rows/line.ts"]);
    expect(new TextDecoder().decode(sources.get("rows/line.ts"))).toBe("b");
  });

  test("are refused with too many entries", () => {
    const files: Zippable = {};
    for (let i = 0; i <= BUNDLE_MAX_SOURCE_FILES; i++) files[`f${i}.ts`] = new Uint8Array(0);
    expect(refusal(zipOf(files))).toMatchObject({
      code: "BUNDLE_ARCHIVE_BOMB",
      field: SECTION,
      value: `${BUNDLE_MAX_SOURCE_FILES + 1} entries`,
    });
  });

  test("are refused when they unpack to too much, or too many times their size", () => {
    const large = zipOf({ "a.ts": new Uint8Array(BUNDLE_MAX_SOURCE_BYTES + 1) });
    expect(refusal(large)).toMatchObject({
      code: "BUNDLE_ARCHIVE_BOMB",
      expected: `at most ${BUNDLE_MAX_SOURCE_BYTES} bytes`,
    });
    const dense = zipOf({ "a.ts": new Uint8Array(1024 * 1024) });
    expect(refusal(dense)).toMatchObject({
      code: "BUNDLE_ARCHIVE_BOMB",
      expected: "at most 100 times the packed size",
    });
  });

  test("are refused when the directory lies about their size", () => {
    const honest = zipOf({ "a.ts": new Uint8Array(1024 * 1024) });
    const error = refusal(bent(honest, 24, 4, 100));
    expect(error).toMatchObject({
      code: "BUNDLE_ARCHIVE_BOMB",
      value: "a.ts unpacks to more than 100 bytes",
    });
    expect(refusal(bent(zipOf({ "a.ts": strToU8("abc") }), 24, 4, 50))).toMatchObject({
      code: "BUNDLE_ARCHIVE_BOMB",
      value: "a.ts unpacks to 3 bytes",
    });
  });

  test.each(["/etc/passwd", "../up.ts", "a/../../b.ts", "C:/x.ts", "a\\b.ts", "a//b.ts", "./a.ts"])(
    "are refused with the name %s",
    (name) => {
      expect(refusal(zipOf({ [name]: strToU8("x") })).code).toBe("BUNDLE_ARCHIVE_PATH");
    },
  );

  test("are refused with a symbolic link, a device or a name that occurs twice", () => {
    for (const mode of [0o120777, 0o020666]) {
      const link = zipOf({ "a.ts": [strToU8("/etc/passwd"), { os: 3, attrs: mode << 16 }] });
      expect(refusal(link)).toMatchObject({ code: "BUNDLE_ARCHIVE_PATH", value: "a.ts" });
    }
    const regular = zipOf({ "a.ts": [strToU8("x"), { os: 3, attrs: 0o100644 << 16 }] });
    expect(readArchive(regular, SECTION).size).toBe(1);
    const zip = zipOf({ "a.ts": strToU8("x"), "b.ts": strToU8("y") });
    const twice = Uint8Array.from(zip, (byte) => (byte === 0x62 ? 0x61 : byte));
    expect(refusal(twice).message).toContain("the name occurs twice");
  });

  test("are refused when they are encrypted, packed otherwise, zip64 or no zip at all", () => {
    const zip = zipOf({ "a.ts": strToU8("abc") });
    for (const bad of [
      bent(zip, 8, 2, 1),
      bent(zip, 10, 2, 12),
      bent(zip, 24, 4, 0xffffffff),
      bent(zip, 42, 4, 0x7fffffff),
      zip.subarray(0, zip.length - 4),
      strToU8("nothing of the kind"),
      new Uint8Array(0),
    ]) {
      expect(refusal(bad).code).toBe("BUNDLE_ARCHIVE_INVALID");
    }
  });

  test("never give anything but a MillraceError, whichever byte is wrong", () => {
    const zip = zipOf({ "a.ts": strToU8("abcabcabc".repeat(20)), "b/c.ts": strToU8("d") });
    for (let i = 0; i < zip.length; i++) {
      for (const value of [0, 0xff, zip[i]! ^ 0x10]) {
        const copy = zip.slice();
        copy[i] = value;
        try {
          readArchive(copy, SECTION);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError);
        }
      }
    }
  });
});
