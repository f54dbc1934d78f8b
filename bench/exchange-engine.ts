/** Benches `exchange-local` and `exchange-network`: the engine's exchange job against bare loops. */
import { runEngineKernels } from "./bare/engine-kernels.ts";
import { EXCHANGE_DEFAULTS, runBareExchange } from "./bare/exchange.ts";
import type { BundleBuild } from "./engine/bench-bundle.ts";
import { type Layout, type SteadyStretch, WARM_UP_MS } from "./engine/bench-cluster.ts";
import { ExchangeCluster, type ExchangeRun } from "./engine/exchange-job.ts";
import {
  type Bench,
  type BenchFigures,
  type BenchOptions,
  rounded,
  roundedSpread,
  type Spread,
  spread,
} from "./harness.ts";

const LOCAL: Layout = { where: "this process", workers: 1, slots: 2 };
const NETWORK: Layout = { where: "processes", workers: 2, slots: 1 };
/** Rows of the first job, which warms the process up; the second tells how many a second it takes. */
const WARM_UP_EVENTS = 8e6;
/** A measured job has at least so many times the rows of a warm-up. */
const LEAST_TURNS = 5;
/** Before and behind the measured stretch: warm-up, reports a second apart, the end of the job. */
const SECONDS_AROUND = WARM_UP_MS / 1000 + 2;
/** A machine that gets rid of other work runs the measured job faster than the one before. */
const SPARE = 1.5;

export const exchangeLocal: Bench = {
  name: "exchange-local",
  help: "generator -> key_by -> window count, sum over two slots of a worker, against bare loops",
  run: (options) => compareExchange(LOCAL, 0.5, options),
};

export const exchangeNetwork: Bench = {
  name: "exchange-network",
  help: "the same over two worker processes, against the same bare loops",
  run: (options) => compareExchange(NETWORK, 0.25, options),
};

/** Figures of one side, by round: events a second and a CPU second. */
interface Side {
  readonly perSecond: number[];
  readonly perCpuSecond: number[];
}

/** How many events a job of about so many seconds needs. */
export async function eventsFor(cluster: ExchangeCluster, seconds: number, warmUp: number) {
  await cluster.run(warmUp);
  const second = await cluster.run(LEAST_TURNS * warmUp);
  const wanted = SPARE * second.eventsPerSecond * (seconds + SECONDS_AROUND);
  return Math.max(LEAST_TURNS * warmUp, Math.round(wanted));
}

/** @param warmUp events of each of two jobs before the measured ones */
export async function compareExchange(
  layout: Layout,
  goal: number,
  options: BenchOptions,
  warmUp = WARM_UP_EVENTS,
  build: BundleBuild = {},
): Promise<BenchFigures> {
  const cluster = await ExchangeCluster.start(layout, build);
  const engine: Side = { perSecond: [], perCpuSecond: [] };
  const bare: Side = { perSecond: [], perCpuSecond: [] };
  const kernels: Side = { perSecond: [], perCpuSecond: [] };
  let last: ExchangeRun | undefined;
  try {
    const events = await eventsFor(cluster, options.seconds, warmUp);
    const sides = [
      async () => {
        last = await cluster.run(events);
        note("engine", engine, last, options);
        const whole = (last.wholeEventsPerCpuSecond / 1e6).toFixed(1);
        const start = last.cpuSeconds - last.events / last.eventsPerCpuSecond;
        options.log(
          last.steady === undefined
            ? "  (too short for a steady stretch)"
            : `  steady ${last.steady.wallSeconds.toFixed(1)} s; whole job ${whole} M per CPU second, ` +
                `its start and end cost ${start.toFixed(2)} CPU seconds more; ` +
                threadShares(last.steady),
        );
      },
      async () => note("bare loop", bare, await runBareExchange(settings(options)), options),
      async () => {
        const figures = await runEngineKernels(settings(options), build);
        note("bare loop of the engine's kernels", kernels, figures, options);
      },
    ];
    for (let round = 0; round < options.rounds; round++) {
      // Each round begins with another side, so that a drift of the machine meets all of them.
      for (let i = 0; i < sides.length; i++) await sides[(round + i) % sides.length]!();
    }
    const figures = {
      layout,
      events: last!.events,
      windowRows: last!.rows,
      steadySeconds: rounded(last!.steady?.wallSeconds ?? 0),
      wholeEventsPerCpuSecond: rounded(last!.wholeEventsPerCpuSecond),
      goal,
      engineEventsPerSecond: roundedSpread(spread(engine.perSecond)),
      engineEventsPerCpuSecond: roundedSpread(spread(engine.perCpuSecond)),
      bareEventsPerSecond: roundedSpread(spread(bare.perSecond)),
      bareEventsPerCpuSecond: roundedSpread(spread(bare.perCpuSecond)),
      kernelsEventsPerSecond: roundedSpread(spread(kernels.perSecond)),
      kernelsEventsPerCpuSecond: roundedSpread(spread(kernels.perCpuSecond)),
      ofBare: ratioOf(engine, bare),
      ofKernels: ratioOf(engine, kernels),
    };
    options.log(
      `engine / bare loop ${figures.ofBare.perCpuSecond.median} by CPU second, ` +
        `${figures.ofBare.perSecond.median} by second; ` +
        `engine / bare loop of its own kernels ${figures.ofKernels.perCpuSecond.median} and ` +
        `${figures.ofKernels.perSecond.median}; goal ${goal}`,
    );
    return figures;
  } finally {
    await cluster.close();
  }
}

/** Where the steady CPU time went, by thread. */
function threadShares({ threads, cpuSeconds }: SteadyStretch): string {
  return [...threads]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 5)
    .map(([name, seconds]) => `${name} ${Math.round((seconds / cpuSeconds) * 100)} %`)
    .join(", ");
}

function settings(options: BenchOptions) {
  const { seconds } = options;
  const warmUpSeconds = Math.min(EXCHANGE_DEFAULTS.warmUpSeconds, seconds);
  return { ...EXCHANGE_DEFAULTS, shape: "square" as const, seconds, warmUpSeconds };
}

function note(
  name: string,
  side: Side,
  figures: { readonly eventsPerSecond: number; readonly eventsPerCpuSecond: number },
  options: BenchOptions,
): void {
  side.perSecond.push(figures.eventsPerSecond);
  side.perCpuSecond.push(figures.eventsPerCpuSecond);
  options.log(
    `${name}: ${(figures.eventsPerSecond / 1e6).toFixed(1)} M events/s, ` +
      `${(figures.eventsPerCpuSecond / 1e6).toFixed(1)} M per CPU second`,
  );
}

function ratioOf(a: Side, b: Side): { perSecond: Spread; perCpuSecond: Spread } {
  const ratios = (x: readonly number[], y: readonly number[]) =>
    roundedSpread(spread(x.map((value, i) => rounded(value / y[i]!))));
  return {
    perSecond: ratios(a.perSecond, b.perSecond),
    perCpuSecond: ratios(a.perCpuSecond, b.perCpuSecond),
  };
}
