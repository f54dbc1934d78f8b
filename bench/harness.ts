/**
 * What every bench shares: the Bench contract, CPU and wall meters, paired rounds, machine state.
 * An absolute figure is never a result: compare two sides with pairedRounds in one go.
 */
import { cpus, freemem, loadavg, totalmem } from "node:os";

/** How a bench is asked to run. */
export interface BenchOptions {
  /** Length of one measured stretch, without the warm-up. */
  readonly seconds: number;
  /** Measured rounds (of each side, where two are paired). */
  readonly rounds: number;
  /** Prints a line for people; silent under --json. */
  readonly log: (line: string) => void;
}

/** Figures of a bench; printed as one JSON line. Units stand last in the names. */
export type BenchFigures = Readonly<Record<string, unknown>>;

/** One entry of `npm run bench`. */
export interface Bench {
  readonly name: string;
  /** One line: what is measured and what is counted. */
  readonly help: string;
  run(options: BenchOptions): Promise<BenchFigures>;
}

/** Time a stretch took. */
export interface Stretch {
  readonly wallSeconds: number;
  /** User and system time of all threads of this process. */
  readonly cpuSeconds: number;
}

/** Starts a stretch; the function it returns ends it (and may be called again, later). */
export function startStretch(): () => Stretch {
  const cpuBefore = process.cpuUsage();
  const wallBefore = process.hrtime.bigint();
  return () => {
    const wallSeconds = Number(process.hrtime.bigint() - wallBefore) / 1e9;
    const cpu = process.cpuUsage(cpuBefore);
    return { wallSeconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 };
  };
}

/** Middle and ends of a list of measurements. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws Error on an empty list */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("Cannot summarise measurements: the list is empty");
  const sorted = values.toSorted((x, y) => x - y);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  const median = sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]! };
}

/** Result of pairedRounds. */
export interface PairedRounds {
  readonly a: Spread;
  readonly b: Spread;
  /** a / b of each round, summarised. */
  readonly ratio: Spread;
  readonly rounds: readonly { readonly a: number; readonly b: number }[];
}

/**
 * Runs both sides `rounds` times, one right after the other and in alternating order, so that a
 * drift of the machine meets both. A side answers its figure (events/s, seconds, ...).
 */
export async function pairedRounds(
  a: () => Promise<number>,
  b: () => Promise<number>,
  rounds: number,
): Promise<PairedRounds> {
  const results: { a: number; b: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await a();
      results.push({ a: first, b: await b() });
    } else {
      const first = await b();
      results.push({ a: await a(), b: first });
    }
  }
  return {
    a: spread(results.map((r) => r.a)),
    b: spread(results.map((r) => r.b)),
    ratio: spread(results.map((r) => r.a / r.b)),
    rounds: results,
  };
}

/** Runs one side `rounds` times. */
export async function repeated<T>(run: () => Promise<T>, rounds: number): Promise<T[]> {
  const results: T[] = [];
  for (let round = 0; round < rounds; round++) results.push(await run());
  return results;
}

/** State of the machine, to be printed with every figure. */
export function machineState(): BenchFigures {
  const cores = cpus();
  return {
    cpu: cores[0]?.model ?? "unknown",
    cores: cores.length,
    load1m: Number((loadavg()[0] ?? 0).toFixed(2)),
    memoryMb: Math.round(totalmem() / 2 ** 20),
    freeMb: Math.round(freemem() / 2 ** 20),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    time: new Date().toISOString(),
  };
}

/** Significant digits enough for a figure with 30 % of noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** A spread with every number rounded. */
export function roundedSpread(of: Spread): Spread {
  return { median: rounded(of.median), min: rounded(of.min), max: rounded(of.max) };
}
