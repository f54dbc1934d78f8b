/**
 * Second attempt at the bare exchange loop, to beat exchange.ts: the same kernels, but both threads'
 * instances lie in one shared linear memory. A full block is handed over as a pointer through a ring
 * of atomics and comes back the same way: no copy, no message, no transfer. Millrace itself refuses
 * shared memories in modules, so this is what the transport costs, not a way open to it.
 *
 * Best of both on 2 shared cores at 4,096 rows a block: square 379 M events/s against 307 of
 * exchange.ts, pipe 365 against 288; `npm run bench -- bare-exchange` pairs them anew.
 */
import { compileKernel } from "../compile-kernel.ts";
import { type ExchangeFigures, type ExchangeSettings, measureWorkers } from "./exchange.ts";

const PAGES = 512;
/** Where the second instance's data and heap begin; the first one's begin at 1 KiB. */
const SECOND_BASE_BYTES = 16 * 1024 * 1024;

const SHARED = ["--importMemory", "--sharedMemory", "--enable", "threads"];
const SIZES = ["--initialMemory", String(PAGES), "--maximumMemory", String(PAGES)];

/** Runs the loop once; the transport setting has no meaning here. */
export async function runExchangeChallenger(settings: ExchangeSettings): Promise<ExchangeFigures> {
  const modules = [
    await compileKernel("exchange", [...SHARED, ...SIZES, "--memoryBase", "1024"]),
    await compileKernel("exchange", [
      ...SHARED,
      ...SIZES,
      "--memoryBase",
      String(SECOND_BASE_BYTES),
    ]),
  ];
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  return measureWorkers(new URL("./exchange-challenger-worker.ts", import.meta.url), {
    modules,
    settings,
    memory,
  });
}
