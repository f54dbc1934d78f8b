/**
 * Bare loop of the exchange benches: generator -> hash partition -> MessagePort with recycled
 * transfers -> keyed tumbling count and sum, on two worker threads, nothing else.
 *
 * Rows are {key int64, value int64, ts int64}, 10,000 keys, windows of 1,024,000 rows. Shapes:
 * - `square`: each thread runs a generator and an aggregate (parallelism 2). Rows go to a channel by
 *   Flink's key group; half of them cross, the others are aggregated where they lie.
 * - `pipe`: one thread generates, the other aggregates (parallelism 1): all rows cross, there is one
 *   channel and therefore no hash to compute.
 * An event is a row the aggregate has taken; all windows are written out, counted and checked
 * against what the generators made.
 */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { compileKernel } from "../compile-kernel.ts";
import { type Stretch, startStretch } from "../harness.ts";
import { CONTROL_BYTES, controlViews, type Totals } from "./exchange-control.ts";

export type Shape = "square" | "pipe";
/** `sync` polls the port and waits on an Atomics signal, `events` lives in the event loop. */
export type Transport = "sync" | "events";

export interface ExchangeSettings {
  readonly shape: Shape;
  readonly transport: Transport;
  /** Rows of one block; a multiple of four. */
  readonly batchRows: number;
  /** Buffers each side may have under way. */
  readonly buffers: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** The stretch lasts longer where so many rows have not been taken by then; default 1. */
  readonly leastEvents?: number;
}

export const EXCHANGE_DEFAULTS: Omit<ExchangeSettings, "shape" | "seconds"> = {
  transport: "sync",
  batchRows: 4096,
  buffers: 4,
  warmUpSeconds: 1,
};

/** How often it is looked whether rows have been taken. */
const LOOK_PERIOD_MS = 5;

export interface ExchangeFigures extends Stretch {
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly eventsPerCpuSecond: number;
  /** Share of the CPU time that was not spent in calls of the kernels (copies count as outside). */
  readonly outsideKernelShare: number;
}

/**
 * Runs the loop once.
 * @throws Error where the windows do not add up to the rows that were generated
 */
export async function runBareExchange(settings: ExchangeSettings): Promise<ExchangeFigures> {
  const module = await compileKernel("exchange");
  return measureWorkers(new URL("./exchange-worker.ts", import.meta.url), {
    modules: [module, module],
    settings,
  });
}

/** Starts both workers, measures the middle stretch, stops them and checks their totals. */
export async function measureWorkers(
  script: URL,
  data: {
    readonly settings: ExchangeSettings;
    /** One per thread. */
    readonly modules: readonly WebAssembly.Module[];
    readonly memory?: WebAssembly.Memory;
  },
): Promise<ExchangeFigures> {
  const control = new SharedArrayBuffer(CONTROL_BYTES);
  const { port1, port2 } = new MessageChannel();
  const workers = [port1, port2].map(
    (port, index) =>
      new Worker(script, {
        workerData: { ...data, control, port, index },
        transferList: [port as never],
      }),
  );
  const totals = Promise.all(
    workers.map(async (worker) => (await once(worker, "message"))[0] as Totals),
  );
  try {
    return await measure(control, data.settings, totals);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function measure(
  control: SharedArrayBuffer,
  settings: ExchangeSettings,
  totals: Promise<readonly Totals[]>,
): Promise<ExchangeFigures> {
  const { flags, rows, kernelMs } = controlViews(control);
  const sum = (pair: Float64Array) => pair[0]! + pair[1]!;
  // A worker that fails rejects `totals` at once; none ends before the stop flag is set.
  const untilRows = async (least: number) => {
    while (sum(rows) < least) await Promise.race([delay(LOOK_PERIOD_MS), totals]);
  };
  await Promise.race([delay(settings.warmUpSeconds * 1000), totals]);
  await untilRows(1);
  const rowsBefore = sum(rows);
  const kernelBefore = sum(kernelMs);
  const end = startStretch();
  await Promise.race([delay(settings.seconds * 1000), totals]);
  await untilRows(rowsBefore + (settings.leastEvents ?? 1));
  const stretch = end();
  const events = sum(rows) - rowsBefore;
  const kernelSeconds = (sum(kernelMs) - kernelBefore) / 1000;
  Atomics.store(flags, 0, 1);
  checkTotals(await totals);
  return {
    ...stretch,
    events,
    eventsPerSecond: events / stretch.wallSeconds,
    eventsPerCpuSecond: events / stretch.cpuSeconds,
    outsideKernelShare: Math.max(0, 1 - kernelSeconds / stretch.cpuSeconds),
  };
}

/** Generator g of G makes the values g, g + G, ...; count and sum of all windows must match. */
function checkTotals(totals: readonly Totals[]): void {
  const generators = totals.filter((total) => total.generated > 0n).length;
  let expectedCount = 0n;
  let expectedSum = 0n;
  for (const [index, { generated }] of totals.entries()) {
    expectedCount += generated;
    expectedSum += (BigInt(generators) * generated * (generated - 1n)) / 2n;
    expectedSum += BigInt(index) * generated;
  }
  const count = totals.reduce((all, total) => all + total.count, 0n);
  const sum = BigInt.asIntN(
    64,
    totals.reduce((all, total) => all + total.sum, 0n),
  );
  if (count !== expectedCount || sum !== BigInt.asIntN(64, expectedSum)) {
    throw new Error(
      `Cannot trust the bare exchange: generated ${expectedCount} rows (sum ${expectedSum}), ` +
        `aggregated ${count} (sum ${sum})`,
    );
  }
}
