/**
 * What it costs that rows can be undone (onRowError "drop" or "dead-letter"): the same operator over the same batches, as it is built; in a
 * module that has the log, where another operator wants it; and with its own rows noted. Batch by batch in turn.
 */
import { type Bench, type BenchOptions, rounded, spread } from "./harness.ts";
import { BATCHES_A_ROUND, build, cpuNs, fill, randomBelow } from "./state.ts";
import { BATCH_ROWS, StateFeeder } from "./state-feeder.ts";

const KEYS = 100_000;

/** The operators: state read and written, a text key, a row for a row, a timer set for each row. */
const OPERATORS = ["add", "addText", "double"] as const;

export const rowLog: Bench = {
  name: "row-log",
  help: "what a row costs where rows are undone, against the same operator where they are not; CPU ns",
  async run(options) {
    const built = await build();
    const figures: Record<string, unknown> = {};
    for (const name of OPERATORS) {
      const isText = name === "addText";
      const feeders = [undefined, { undoes: false }, { undoes: true }].map(
        (log) => new StateFeeder(built, name, isText, log),
      );
      figures[name] = measure(name, feeders, isText, options);
    }
    return figures;
  },
};

function measure(
  name: string,
  feeders: readonly StateFeeder[],
  isText: boolean,
  { rounds, log }: BenchOptions,
): Record<string, unknown> {
  const ns: number[][] = feeders.map(() => []);
  const random = randomBelow(KEYS);
  for (let round = 0; round <= rounds; round++) {
    const spent = feeders.map(() => 0);
    for (let batch = 0; batch < BATCHES_A_ROUND; batch++) {
      const numbers = Array.from({ length: BATCH_ROWS }, random);
      for (const [i, feeder] of feeders.entries()) {
        let row = 0;
        fill(feeder, isText, () => numbers[row++]!);
        const before = cpuNs();
        feeder.process();
        spent[i]! += cpuNs() - before;
      }
    }
    // The first round warms up, and makes the keys.
    if (round === 0) continue;
    for (const [i, sum] of spent.entries()) ns[i]!.push(sum / (BATCHES_A_ROUND * BATCH_ROWS));
  }
  const [plain, idle, noted] = ns.map((values) => spread(values).median) as [
    number,
    number,
    number,
  ];
  log(
    `  ${name.padEnd(8)} ${plain.toFixed(1)} ns a row; with the log unused ${idle.toFixed(1)} ns ` +
      `(x ${(idle / plain).toFixed(2)}), used ${noted.toFixed(1)} ns (x ${(noted / plain).toFixed(2)})`,
  );
  return { plainNs: rounded(plain), unusedNs: rounded(idle), usedNs: rounded(noted) };
}
