/**
 * Bare loop over the engine's own kernels: Generate, $exchange and window_aggregate as they are in
 * the bundles, on two worker threads that generate and aggregate (the square of exchange.ts), with
 * recycled transferred buffers and nothing of the engine's TypeScript around them.
 */
import { readFile } from "node:fs/promises";
import { type BundleBuild, benchBundle } from "../engine/bench-bundle.ts";
import {
  EXCHANGE_DEFAULTS,
  type ExchangeFigures,
  type ExchangeSettings,
  measureWorkers,
} from "./exchange.ts";

const BUILTIN = new URL("../../build/builtin.wasm", import.meta.url);

/**
 * Runs the loop once.
 * @throws Error where the windows do not add up to the rows that were generated
 */
export async function runEngineKernels(
  settings: Pick<ExchangeSettings, "seconds"> & Partial<ExchangeSettings>,
  build: BundleBuild = {},
): Promise<ExchangeFigures> {
  const bench = await WebAssembly.compile(
    (await benchBundle(build)).bytes as Uint8Array<ArrayBuffer>,
  );
  const builtin = await WebAssembly.compile(await readFile(BUILTIN));
  return measureWorkers(new URL("./engine-kernels-worker.ts", import.meta.url), {
    modules: [bench, builtin],
    settings: { ...EXCHANGE_DEFAULTS, shape: "square", ...settings },
  });
}
