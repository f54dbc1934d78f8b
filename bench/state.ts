/**
 * Benches of keyed state and timers: one operator of a module, fed with batches of random keys, against
 * the bare probe loop (kernels/state.ts) over the same keys in the same process, batch by batch in turn.
 */
import { fileURLToPath } from "node:url";
import { type BuiltBundle, buildBundle } from "../src/build/compile.ts";
import { compileKernel } from "./compile-kernel.ts";
import { type Bench, type BenchOptions, rounded, roundedSpread, spread } from "./harness.ts";
import { BATCH_ROWS, StateFeeder, TEXT_KEY_BYTES } from "./state-feeder.ts";

const ENTRY = fileURLToPath(new URL("./state/assembly/index.ts", import.meta.url));
/** Odd: distinct numbers give distinct keys, whose bits all differ. */
const SPREAD = 0x5851f42d4c957f2dn;
export const BATCHES_A_ROUND = 100;
const MILLION = 1_000_000;
/** Due times of the timers bench lie in an hour. */
const TIMER_SPAN_MS = 3_600_000;

/** 4 GiB: 10 M keys do not fit into what a job's modules get by default. */
const MEMORY_PAGES = 65_536;

export const build = (): Promise<BuiltBundle> =>
  buildBundle({ entry: ENTRY, name: "bench", source: false, memoryPages: MEMORY_PAGES });

const keyOf = (number: number): bigint => BigInt.asIntN(64, BigInt(number) * SPREAD);

/** CPU time of this process, ns: the machine may be shared. */
export function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/**
 * How long a call kept its thread, ns, at most: the clock also counts other processes, CPU time V8's compiler
 * threads.
 */
function pauseNs(call: () => void): number {
  const [cpu, clock] = [cpuNs(), performance.now()];
  call();
  return Math.min(cpuNs() - cpu, (performance.now() - clock) * 1e6);
}

/** A small generator of numbers below a bound, the same in each run (Park and Miller). */
export function randomBelow(bound: number): () => number {
  let state = 42;
  return () => {
    state = (state * 48_271) % 0x7fff_ffff;
    return Math.floor((state / 0x7fff_ffff) * bound);
  };
}

/** The bare loop. */
class BareTable {
  readonly #call: Record<string, (...args: number[]) => number>;
  readonly #memory: WebAssembly.Memory;
  readonly #data: number;

  private constructor(instance: WebAssembly.Instance, keys: number) {
    this.#call = instance.exports as never;
    this.#memory = instance.exports.memory as WebAssembly.Memory;
    this.#call.open!(Math.ceil(Math.log2(keys * 1.5)), BATCH_ROWS);
    this.#data = this.#call.alloc!(BATCH_ROWS * 8);
  }

  static async open(keys: number): Promise<BareTable> {
    const module = await compileKernel("state");
    return new BareTable(new WebAssembly.Instance(module), keys);
  }

  take(keys: BigInt64Array): void {
    new BigInt64Array(this.#memory.buffer, this.#data, BATCH_ROWS).set(keys);
  }

  update(): void {
    this.#call.update!(this.#data, BATCH_ROWS);
  }
}

/** Fills the next batch's keys: `number` says which for each row. */
export function fill(feeder: StateFeeder, isText: boolean, number: () => number): BigInt64Array {
  const { keys, text } = feeder.columns();
  const numbers = isText ? new BigInt64Array(BATCH_ROWS) : keys;
  for (let row = 0; row < BATCH_ROWS; row++) numbers[row] = keyOf(number());
  if (isText) {
    const view = new DataView(text.buffer, text.byteOffset);
    for (let row = 0; row < BATCH_ROWS; row++) {
      const at = row * TEXT_KEY_BYTES;
      // Hexadecimal digits, as ids often are.
      const digits = BigInt.asUintN(64, numbers[row]!).toString(16).padStart(TEXT_KEY_BYTES, "0");
      for (let i = 0; i < TEXT_KEY_BYTES; i++) view.setUint8(at + i, digits.charCodeAt(i));
    }
  }
  return numbers;
}

interface Rates {
  readonly engineNs: number[];
  readonly bareNs: number[];
  readonly ratio: number[];
}

/** Read-modify-write of `keys` keys: first each once, then at random. */
async function measure(
  built: BuiltBundle,
  operator: string,
  keys: number,
  { rounds }: BenchOptions,
): Promise<Rates & { readonly worstBatchMs: number }> {
  const isText = operator === "addText";
  const feeder = new StateFeeder(built, operator, isText);
  const bare = await BareTable.open(keys);
  let next = 0;
  let worstNs = 0;
  while (next < keys) {
    bare.take(fill(feeder, isText, () => next++ % keys));
    worstNs = Math.max(
      worstNs,
      pauseNs(() => feeder.process()),
    );
    bare.update();
  }
  const rates: Rates = { engineNs: [], bareNs: [], ratio: [] };
  const random = randomBelow(keys);
  for (let round = 0; round <= rounds; round++) {
    let [engine, loop] = [0, 0];
    for (let batch = 0; batch < BATCHES_A_ROUND; batch++) {
      bare.take(fill(feeder, isText, random));
      let before = cpuNs();
      bare.update();
      loop += cpuNs() - before;
      before = cpuNs();
      feeder.process();
      engine += cpuNs() - before;
    }
    // The first round warms up.
    if (round === 0) continue;
    const rows = BATCHES_A_ROUND * BATCH_ROWS;
    rates.engineNs.push(engine / rows);
    rates.bareNs.push(loop / rows);
    rates.ratio.push(engine / loop);
  }
  return { ...rates, worstBatchMs: worstNs / 1e6 };
}

function report(name: string, rates: Rates, { log }: BenchOptions): Record<string, unknown> {
  const [engine, bare, ratio] = [rates.engineNs, rates.bareNs, rates.ratio].map(spread);
  log(
    `  ${name.padEnd(18)} ${engine!.median.toFixed(1)} ns an event, bare loop ` +
      `${bare!.median.toFixed(1)} ns, ratio ${ratio!.median.toFixed(2)}`,
  );
  return {
    engineNs: roundedSpread(engine!),
    bareNs: roundedSpread(bare!),
    ratio: roundedSpread(ratio!),
  };
}

export const stateRmw: Bench = {
  name: "state-rmw",
  help: "keyed read-modify-write of 1 M keys, int64 and text, against a bare probe loop; CPU ns an event",
  async run(options) {
    const built = await build();
    options.log("goals: int64 <= 50 ns or 1.3 x the bare loop, text of 16 bytes <= 90 ns or 1.3 x");
    const long = await measure(built, "add", MILLION, options);
    const text = await measure(built, "addText", MILLION, options);
    return { int64: report("int64", long, options), text: report("text", text, options) };
  },
};

export const growth: Bench = {
  name: "growth",
  help: "state from 10 k to 10 M keys against a bare probe loop; the longest batch while it grows",
  async run(options) {
    const built = await build();
    options.log("goals: 1.5 x the bare loop at each size, 200 ns at 10 M, no pause above 10 ms");
    const figures: Record<string, unknown> = {};
    for (const keys of [10_000, MILLION, 10 * MILLION]) {
      const rates = await measure(built, "add", keys, options);
      const worstBatchMs = rounded(rates.worstBatchMs);
      figures[keys] = { ...report(`${keys} keys`, rates, options), worstBatchMs };
      options.log(`    longest batch of ${BATCH_ROWS} new keys: ${worstBatchMs} ms of CPU time`);
    }
    return figures;
  },
};

export const timers: Bench = {
  name: "timers",
  help: "1 M live timers of as many new keys at random times: CPU ns to set one, to fire one",
  async run(options) {
    const built = await build();
    const [set, fired]: [number[], number[]] = [[], []];
    const feeder = new StateFeeder(built, "timers");
    const random = randomBelow(TIMER_SPAN_MS);
    let freshNs = 0;
    for (let round = 0; round <= options.rounds; round++) {
      const start = round * TIMER_SPAN_MS;
      const first = round * MILLION;
      let [next, setNs] = [0, 0];
      while (next < MILLION) {
        fill(feeder, false, () => first + next++);
        const { values } = feeder.columns();
        for (let row = 0; row < BATCH_ROWS; row++) values[row] = BigInt(start + random());
        const before = cpuNs();
        feeder.process();
        setNs += cpuNs() - before;
      }
      const before = cpuNs();
      feeder.watermark(BigInt(start + TIMER_SPAN_MS - 1));
      const fireNs = cpuNs() - before;
      // The first round warms up, and takes fresh memory from the system.
      if (round === 0) {
        freshNs = setNs / next;
        continue;
      }
      set.push(setNs / next);
      fired.push(fireNs / next);
    }
    feeder.flush();
    if (feeder.rowsOut !== options.rounds + 1) throw new Error("not every timer has fired once");
    const [toSet, toFire] = [spread(set), spread(fired)];
    options.log(
      `set ${toSet.median.toFixed(0)} ns (the key is made with it; ${freshNs.toFixed(0)} in the first round, in fresh memory), ` +
        `fire ${toFire.median.toFixed(0)} ns (the key goes with it); goal 150 ns each`,
    );
    return {
      freshSetNs: rounded(freshNs),
      setNs: roundedSpread(toSet),
      fireNs: roundedSpread(toFire),
    };
  },
};
