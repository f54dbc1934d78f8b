/** Hand-made modules: a small one that is accepted as a bundle, and everything it can be bent into. */

import { strToU8 } from "fflate";
import { customSection } from "../../src/build/bundle-writer.ts";
import { EXPORTS, MANIFEST_SECTION } from "../../src/protocol/abi.ts";
import { canonicalJson } from "../../src/protocol/bundle/manifest-section.ts";
import { unsignedLeb } from "../../src/protocol/bundle/memory-limit.ts";
import { ABI_VERSION } from "../../src/protocol/versions.ts";

const VALUE_TYPE = { i32: 0x7f, i64: 0x7e } as const;
type ValueType = keyof typeof VALUE_TYPE;

export interface ModuleOptions {
  /** Body of the memory section; default: one memory of 1 to 16 pages. */
  readonly memory?: readonly number[] | undefined;
  /** `module.name` of imported functions () -> none, in front of the others. */
  readonly imports?: readonly string[];
  /** Bodies of whole import entries: kind and descriptor behind module and name. */
  readonly rawImports?: readonly (readonly [string, string, readonly number[]])[];
  readonly withoutExport?: string;
  /** Exports that get the signature (i32) -> i64. */
  readonly wrongExport?: string;
  readonly start?: boolean;
  readonly manifest?: unknown;
  /** More custom sections, whole. */
  readonly custom?: readonly Uint8Array[];
}

/** A manifest that is accepted, with some fields replaced. */
export function sampleManifest(change: object = {}): object {
  const operator = {
    name: "Echo",
    kind: "map",
    inputs: [{ schema: "any", accepts: ["insert-only"], keyed: false }],
    outputs: [{ name: "main", schema: "same", emits: { mode: "insert-only" } }],
    parameters: [],
    states: [],
  };
  return {
    manifestVersion: 1,
    abiVersion: ABI_VERSION,
    sdkVersion: "1.0.0",
    name: "sample",
    operators: [operator],
    capabilities: [],
    ...change,
  };
}

const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsignedLeb(items.length),
  ...items.flat(),
];
const text = (value: string): number[] => [...unsignedLeb(value.length), ...strToU8(value)];

/** One section. */
export function section(id: number, body: readonly number[]): number[] {
  return [id, ...unsignedLeb(body.length), ...body];
}

/** A module whose functions answer 0. */
export function sampleModule(options: ModuleOptions = {}): Uint8Array {
  const types: number[][] = [];
  const typeOf = (parameters: readonly ValueType[], result: ValueType | "none"): number => {
    const list = parameters.map((type) => [VALUE_TYPE[type]]);
    const results = result === "none" ? [] : [[VALUE_TYPE[result]]];
    types.push([0x60, ...vector(list), ...vector(results)]);
    return types.length - 1;
  };
  const empty = typeOf([], "none");
  const imports = [
    ...(options.imports ?? []).map((path): number[] => {
      const dot = path.indexOf(".");
      return [...text(path.slice(0, dot)), ...text(path.slice(dot + 1)), 0, empty];
    }),
    ...(options.rawImports ?? []).map(([module, name, rest]) => {
      return [...text(module), ...text(name), ...rest];
    }),
  ];
  const firstFunction = options.imports?.length ?? 0;
  const functions: number[][] = [];
  const code: number[][] = [];
  const exports: number[][] = [[...text("memory"), 2, 0]];
  for (const [name, signature] of Object.entries(EXPORTS)) {
    const wrong = name === options.wrongExport;
    const result = wrong ? "i64" : signature.result;
    const type = typeOf(wrong ? ["i32"] : signature.parameters, result);
    if (name !== options.withoutExport) {
      exports.push([...text(name), 0, ...unsignedLeb(firstFunction + functions.length)]);
    }
    functions.push(unsignedLeb(type));
    const body = result === "none" ? [0, 0x0b] : [0, result === "i32" ? 0x41 : 0x42, 0, 0x0b];
    code.push([...unsignedLeb(body.length), ...body]);
  }
  functions.push(unsignedLeb(empty));
  code.push([2, 0, 0x0b]);
  const start = firstFunction + functions.length - 1;
  const manifest = "manifest" in options ? options.manifest : sampleManifest();
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...(imports.length > 0 ? section(2, vector(imports)) : []),
    ...section(3, vector(functions)),
    ...section(5, options.memory ?? [1, 1, 1, 16]),
    ...section(7, vector(exports)),
    ...(options.start ? section(8, unsignedLeb(start)) : []),
    ...section(10, vector(code)),
  ];
  const parts: Uint8Array[] = [Uint8Array.from(bytes)];
  if (manifest !== undefined) {
    parts.push(customSection(MANIFEST_SECTION, strToU8(canonicalJson(manifest))));
  }
  return joined([...parts, ...(options.custom ?? [])]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
