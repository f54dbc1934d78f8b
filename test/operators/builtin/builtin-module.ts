/** The built-in bundle compiled for tests, and its operators by name. */
import { readFileSync } from "node:fs";
import type { Manifest } from "../../../src/protocol/manifest.ts";
import type { LogicalType, Schema } from "../../../src/protocol/types.ts";
import { compileAssembly } from "../compile-assembly.ts";

export const BUILTIN_MANIFEST = JSON.parse(
  readFileSync(new URL("../../../operators/builtin/manifest.json", import.meta.url), "utf8"),
) as Manifest;

export const loadBuiltin = (): Promise<WebAssembly.Module> =>
  compileAssembly("operators/builtin/assembly/index.ts");

/** Number of an operator in the bundle. */
export function operatorNumber(name: string): number {
  const number = BUILTIN_MANIFEST.operators.findIndex((operator) => operator.name === name);
  if (number < 0) throw new Error(`no built-in operator ${name}`);
  return number;
}

/** A schema from `{name: type}`; a type is a name, nullable, or a LogicalType. */
export function schemaOf(columns: Record<string, string | LogicalType>): Schema {
  return Object.entries(columns).map(([name, type]) => ({
    name,
    type: typeof type === "string" ? ({ type } as LogicalType) : type,
  }));
}

export const DEAD_LETTER = {
  name: "dead_letter",
  schema: schemaOf({
    record: { type: "STRING", nullable: false },
    error: { type: "STRING", nullable: false },
    position: { type: "BIGINT", nullable: false },
  }),
};
export const RECORD = {
  name: "main",
  schema: schemaOf({ record: { type: "STRING", nullable: false } }),
};
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
