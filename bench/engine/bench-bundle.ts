/** The bundle of the engine's benches: ../operators, built once and kept under build/bench. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXCHANGE_DESCRIPTION } from "../../src/build/operator-class.ts";
import { SDK_FOLDER } from "../../src/build/sdk.ts";
import { Bundle } from "../../src/plan/operator-handle.ts";
import { inspectBundle } from "../../src/protocol/bundle/inspect.ts";
import type { OperatorDescription } from "../../src/protocol/manifest.ts";
import type { LogicalType } from "../../src/protocol/types.ts";

const SOURCES = fileURLToPath(new URL("../operators/assembly/", import.meta.url));
const OUTPUT = fileURLToPath(new URL("../../build/bench/", import.meta.url));
const INT64: LogicalType = { type: "BIGINT", nullable: false };
const INSERT_ONLY = { mode: "insert-only" } as const;

const DESCRIPTIONS: readonly OperatorDescription[] = [
  {
    name: "Generate",
    kind: "source",
    inputs: [],
    outputs: [
      {
        name: "main",
        schema: [
          { name: "key", type: INT64 },
          { name: "value", type: INT64 },
        ],
        emits: INSERT_ONLY,
      },
    ],
    parameters: [
      { name: "rows", type: "BIGINT" },
      { name: "watermarkRows", type: "INT" },
    ],
    states: [],
  },
  {
    name: "Totals",
    kind: "sink",
    inputs: [{ schema: [{ name: "count", type: INT64 }], accepts: ["insert-only"], keyed: false }],
    outputs: [],
    parameters: [],
    states: [],
  },
  EXCHANGE_DESCRIPTION,
];

/** The bundle as the job builder and the upload want it. */
export interface BenchBundle {
  readonly bytes: Uint8Array;
  readonly bundle: Bundle;
}

/** "none" compiles fast: for tests. */
export interface BundleBuild {
  readonly optimize?: "speed" | "none";
}

/** Compiles the bench operators with the SDK as it is now (seconds), unless that was done before. */
export async function benchBundle({ optimize = "speed" }: BundleBuild = {}): Promise<BenchBundle> {
  const file = join(OUTPUT, `engine-${optimize}-${await digestOfInputs()}.wasm`);
  const kept = await readFile(file).catch(() => undefined);
  const bytes = kept ?? (await build(file, optimize));
  const { hash, manifest } = inspectBundle(bytes);
  return { bytes, bundle: new Bundle(hash, manifest) };
}

async function build(file: string, optimize: "speed" | "none"): Promise<Uint8Array> {
  const entry = join(SOURCES, "index.ts");
  // The compiler takes long to load, which a bench whose bundle is there should not wait for.
  const { buildBundle } = await import("../../src/build/compile.ts");
  const { bytes } = await buildBundle({ entry, name: "bench", registered: DESCRIPTIONS, optimize });
  await mkdir(OUTPUT, { recursive: true });
  // Two benches may build at once: a rename shows a whole file or none.
  await writeFile(`${file}.${process.pid}`, bytes);
  await rename(`${file}.${process.pid}`, file);
  return bytes;
}

async function digestOfInputs(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(DESCRIPTIONS));
  for (const folder of [SOURCES, SDK_FOLDER]) {
    for (const name of (await readdir(folder, { recursive: true })).sort()) {
      if (name.endsWith(".ts")) hash.update(name).update(await readFile(join(folder, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
