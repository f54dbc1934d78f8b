/** Bench `bare-exchange`: the two attempts at the exchange loop, paired, in both shapes. */
import {
  EXCHANGE_DEFAULTS,
  type ExchangeFigures,
  type ExchangeSettings,
  runBareExchange,
  type Shape,
} from "./bare/exchange.ts";
import { runExchangeChallenger } from "./bare/exchange-challenger.ts";
import {
  type Bench,
  type BenchFigures,
  type BenchOptions,
  pairedRounds,
  rounded,
  roundedSpread,
  spread,
} from "./harness.ts";

/** design figure of this kind of loop, million events/s end to end on two cores. */
const REFERENCE_EVENTS_PER_SECOND = 39e6;

export const bareExchange: Bench = {
  name: "bare-exchange",
  help: "generator -> hash partition -> keyed aggregate on two threads; counts rows aggregated",
  async run(options) {
    const square = await pairShape("square", options);
    const pipe = await pairShape("pipe", options);
    return { batchRows: EXCHANGE_DEFAULTS.batchRows, square, pipe };
  },
};

type Loop = (settings: ExchangeSettings) => Promise<ExchangeFigures>;

async function pairShape(shape: Shape, options: BenchOptions): Promise<BenchFigures> {
  const settings = { ...EXCHANGE_DEFAULTS, shape, seconds: options.seconds };
  const outside: Record<"bare" | "challenger", number[]> = { bare: [], challenger: [] };
  const perCpu: Record<"bare" | "challenger", number[]> = { bare: [], challenger: [] };
  const side = (name: "bare" | "challenger", loop: Loop) => async () => {
    const figures = await loop(settings);
    outside[name].push(figures.outsideKernelShare);
    perCpu[name].push(figures.eventsPerCpuSecond);
    options.log(
      `${shape} ${name}: ${millions(figures.eventsPerSecond)} M events/s, ` +
        `${millions(figures.eventsPerCpuSecond)} M per CPU second, ` +
        `${(figures.outsideKernelShare * 100).toFixed(1)} % of CPU outside the kernels`,
    );
    return figures.eventsPerSecond;
  };
  const pair = await pairedRounds(
    side("bare", runBareExchange),
    side("challenger", runExchangeChallenger),
    options.rounds,
  );
  const ofReference = pair.a.median / REFERENCE_EVENTS_PER_SECOND;
  options.log(
    `${shape}: bare / challenger = ${pair.ratio.median.toFixed(2)} ` +
      `(${pair.ratio.min.toFixed(2)}..${pair.ratio.max.toFixed(2)}); ` +
      `bare / reference of 39 M events/s = ${ofReference.toFixed(2)}`,
  );
  return {
    bareEventsPerSecond: roundedSpread(pair.a),
    challengerEventsPerSecond: roundedSpread(pair.b),
    ratio: roundedSpread(pair.ratio),
    bareEventsPerCpuSecond: roundedSpread(spread(perCpu.bare)),
    challengerEventsPerCpuSecond: roundedSpread(spread(perCpu.challenger)),
    bareOutsideKernelShare: rounded(spread(outside.bare).median),
    challengerOutsideKernelShare: rounded(spread(outside.challenger).median),
    ofReference: rounded(ofReference),
  };
}

function millions(value: number): string {
  return (value / 1e6).toFixed(1);
}
