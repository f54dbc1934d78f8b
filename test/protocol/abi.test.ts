import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as abi from "../../src/protocol/abi.ts";
import * as layout from "../../src/protocol/batch/layout.ts";
import { ROW_KIND } from "../../src/protocol/types.ts";
import { ABI_VERSION, BATCH_VERSION } from "../../src/protocol/versions.ts";
import stored from "./contract-fingerprints.json" with { type: "json" };

/** JSON with sorted keys: the order of a source file does not matter, its values do. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, item]) => typeof item !== "function");
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

function fingerprint(contract: unknown): string {
  return createHash("sha256").update(canonical(contract)).digest("hex");
}

/** Undefined: the contract is the stored one; otherwise what the author of a change must do. */
function contractDrift(
  name: string,
  version: number,
  contract: unknown,
  known: Readonly<Record<string, string>>,
): string | undefined {
  const found = fingerprint(contract);
  const expected = known[version];
  if (expected === found) return undefined;
  if (expected !== undefined) {
    return `${name} changed but is still version ${version}: raise it in src/protocol/versions.ts`;
  }
  return `${name} version ${version} is new: store "${version}": "${found}"`;
}

const BATCH_CONTRACT = { ...layout, ROW_KIND };

describe("the contract of host and module", () => {
  test("the ABI is the one stored for its version", () => {
    expect(contractDrift("ABI", ABI_VERSION, abi, stored.abi)).toBeUndefined();
  });

  test("the batch layout is the one stored for its version", () => {
    expect(contractDrift("Batch", BATCH_VERSION, BATCH_CONTRACT, stored.batch)).toBeUndefined();
  });

  test("a changed export, status, offset or type without a new version is found", () => {
    const changes: unknown[] = [
      { ...abi, EXPORTS: { ...abi.EXPORTS, mr_idle: { parameters: ["i64"], result: "i32" } } },
      { ...abi, EXPORTS: { ...abi.EXPORTS, mr_new: { parameters: [], result: "i32" } } },
      { ...abi, STATUS: { ...abi.STATUS, failed: 9 } },
      { ...abi, IMPORTS: {} },
    ];
    for (const change of changes) {
      const drift = contractDrift("ABI", ABI_VERSION, change, stored.abi);
      expect(drift).toContain("raise it");
    }
    const moved = { ...BATCH_CONTRACT, HEADER: { ...layout.HEADER, rowCount: 20 } };
    expect(contractDrift("Batch", BATCH_VERSION, moved, stored.batch)).toContain("raise it");
    const next = contractDrift("Batch", BATCH_VERSION + 1, moved, stored.batch);
    expect(next).toContain("is new: store");
  });

  test("the order of definitions is no part of it", () => {
    expect(fingerprint({ a: 1, b: [1, 2] })).toBe(fingerprint({ b: [1, 2], a: 1 }));
    expect(fingerprint({ b: [2, 1] })).not.toBe(fingerprint({ b: [1, 2] }));
  });
});

/** Constants of the SDK's layout.ts: `export const NAME: type = number;`, namespaces flattened. */
function sdkConstants(): Map<string, number> {
  const file = new URL("../../operators/sdk/assembly/layout.ts", import.meta.url);
  const constants = new Map<string, number>();
  let prefix = "";
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const namespace = /^export namespace (\w+)/.exec(line);
    if (namespace) prefix = `${namespace[1]}.`;
    if (line === "}") prefix = "";
    const found = /^\s*export const (\w+): \w+ = (0x[0-9a-f]+|\d+);/.exec(line);
    if (found) constants.set(prefix + found[1], Number(found[2]));
  }
  return constants;
}

const snake = (name: string): string => name.replace(/([A-Z])/g, "_$1").toUpperCase();

function prefixed(prefix: string, table: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(table).map(([name, value]) => [`${prefix}${snake(name)}`, value]);
}

describe("the SDK's copy of the layout", () => {
  const expected = new Map<string, number>([
    ["BATCH_MAGIC", layout.BATCH_MAGIC],
    ["BATCH_VERSION", BATCH_VERSION],
    ["HEADER_BYTES", layout.HEADER_BYTES],
    ["COLUMN_BYTES", layout.COLUMN_BYTES],
    ["WATERMARK_BYTES", layout.WATERMARK_BYTES],
    ...prefixed("HEADER_", layout.HEADER),
    ...prefixed("COLUMN_", layout.COLUMN),
    ...prefixed("WATERMARK_", layout.WATERMARK),
    ...prefixed("WatermarkKind.", layout.WATERMARK_KIND),
    ...prefixed("RowKind.", ROW_KIND),
    ...prefixed("Status.", abi.STATUS),
    ...Object.entries(layout.TYPE_ID).map(([name, id]): [string, number] => [`TYPE_${name}`, id]),
  ]);
  const constants = [...sdkConstants()].filter(([name]) =>
    /^(BATCH|HEADER|COLUMN|WATERMARK|TYPE)_|^(RowKind|Status|WatermarkKind)\./.test(name),
  );

  test("is found", () => {
    expect(constants.length).toBeGreaterThan(50);
  });

  test.each(constants)("%s is %i", (name, value) => {
    expect(expected.get(name)).toBe(value);
  });
});
