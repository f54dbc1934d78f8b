import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { STATUS } from "../../../src/protocol/abi.ts";
import * as layout from "../../../src/protocol/batch/layout.ts";
import { ROW_KIND } from "../../../src/protocol/types.ts";
import { ABI_VERSION, BATCH_VERSION } from "../../../src/protocol/versions.ts";

const sdk = new URL("../../../operators/sdk/assembly/", import.meta.url);
const text = readFileSync(new URL("layout.ts", sdk), "utf8");

/** Constants of the SDK by name; those of a namespace by NAMESPACE.NAME. */
const constants = new Map<string, number>();
let space = "";
for (const line of text.split("\n")) {
  space = /^export namespace (\w+)/.exec(line)?.[1] ?? (line.startsWith("}") ? "" : space);
  const [, name, value] = /^\s*export const (\w+): \w+ = (0x[0-9a-f]+|\d+);/.exec(line) ?? [];
  if (name !== undefined) constants.set(space === "" ? name : `${space}.${name}`, Number(value));
}

/** camelCase to CAMEL_CASE. */
function upper(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
}

/** Each constant that the SDK has under the prefix is the host's of that name. */
function expectEqual(prefix: string, host: Readonly<Record<string, number>>): void {
  const names = new Map(Object.entries(host).map(([name, value]) => [upper(name), value]));
  let compared = 0;
  for (const [name, value] of constants) {
    if (!name.startsWith(prefix)) continue;
    const own = name.slice(prefix.length).replace(/(\D)(\d)$/, "$1$2");
    if (own === "BYTES" && prefix !== "TYPE_") continue;
    expect(names.get(own), name).toBe(value);
    compared++;
  }
  expect(compared).toBeGreaterThan(2);
}

describe("operators/sdk/assembly/layout.ts has the numbers of src/protocol", () => {
  test("header, columns, watermarks, types", () => {
    expectEqual("HEADER_", layout.HEADER);
    expectEqual("COLUMN_", layout.COLUMN);
    expectEqual("TYPE_", layout.TYPE_ID);
    expect(constants.get("WATERMARK_ROW")).toBe(layout.WATERMARK.row);
    expect(constants.get("HEADER_BYTES")).toBe(layout.HEADER_BYTES);
    expect(constants.get("COLUMN_BYTES")).toBe(layout.COLUMN_BYTES);
    expect(constants.get("WATERMARK_BYTES")).toBe(layout.WATERMARK_BYTES);
    expect(constants.get("BATCH_MAGIC")).toBe(layout.BATCH_MAGIC);
    expect(constants.get("BATCH_VERSION")).toBe(BATCH_VERSION);
  });

  test("statuses and kinds of rows", () => {
    expectEqual("Status.", STATUS);
    expectEqual("RowKind.", ROW_KIND);
    expect(readFileSync(new URL("abi.ts", sdk), "utf8")).toContain(`i32 = ${ABI_VERSION};`);
  });
});
