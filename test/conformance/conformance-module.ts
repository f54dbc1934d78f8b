/** The module of the conformance operators, compiled from test/operators/conformance/assembly. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBundle } from "../../src/build/compile.ts";
import type { OperatorDescription } from "../../src/protocol/manifest.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Numbers of the conformance operators: the order of index.ts. */
export const OPERATOR = {
  collect: 0,
  sum: 1,
  keyProbe: 2,
  custom: 3,
  exchange: 4,
  unmergedSum: 5,
  script: 6,
  connect: 7,
  broadcast: 8,
  intervalJoin: 9,
  windowJoin: 10,
  coGroup: 11,
  cep: 12,
  async: 13,
  strategy: 14,
  multiplexer: 15,
} as const;

/**
 * Builds a test's bundle, or takes it from build/ if none of its sources has changed.
 * @param operators Names of the operators where the entry registers them itself; else it has
 *   classes with `@operator`
 */
export async function testBundle(
  folder: string,
  operators?: readonly string[],
): Promise<WebAssembly.Module> {
  const key = sourceHash([
    join(ROOT, folder),
    join(ROOT, "operators/sdk"),
    join(ROOT, "src/build"),
  ]);
  const file = join(ROOT, "build", "assembly", `bundle-${key}.wasm`);
  if (existsSync(file)) return new WebAssembly.Module(readFileSync(file));
  const { bytes } = await buildBundle({
    entry: join(ROOT, folder, "index.ts"),
    name: "test",
    source: false,
    ...(operators === undefined ? {} : { registered: operators.map(describe) }),
  });
  mkdirSync(join(ROOT, "build", "assembly"), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, bytes);
  renameSync(`${file}.${process.pid}`, file);
  return new WebAssembly.Module(bytes.slice().buffer);
}

/** The compiled conformance operators. */
export function conformanceModule(): Promise<WebAssembly.Module> {
  return testBundle("test/operators/conformance/assembly", [...Object.keys(OPERATOR)]);
}

function describe(name: string): OperatorDescription {
  return { name, kind: "generic", inputs: [], outputs: [], parameters: [], states: [] };
}

function sourceHash(folders: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
    for (const name of names.filter((one) => one.endsWith(".ts"))) {
      const file = join(folder, name);
      hash.update(relative(ROOT, file)).update("\0").update(readFileSync(file)).update("\0");
    }
  }
  return hash.digest("hex").slice(0, 32);
}
