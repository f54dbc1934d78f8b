/**
 * Rows whose code traps leave no trace: a run with them gives what a run without them gives, outputs and bytes of the state. The run
 * without is of the bundle as it was built, so it also shows that a module which notes its writes does what the other one does.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Duration } from "../../../src/plan/duration.ts";
import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from "../../../src/plan/window-assigners.ts";
import {
  type HarnessOptions,
  OperatorTestHarness,
  StreamRecord,
} from "../../../src/testing/index.ts";
import { recordTexts } from "./state-records.ts";
import { type Deed, Dice, type Stream, streamOf } from "./streams.ts";

const ENTRY = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
const SEEDS = 4;

interface Letter {
  readonly record: string;
  readonly error: string;
  readonly position: bigint;
}

interface Outcome {
  /** All elements of each output, as text. */
  readonly outputs: Readonly<Record<string, readonly string[]>>;
  readonly letters: readonly Letter[];
  readonly state: readonly string[];
  readonly failed: number;
}

/** Feeds a stream but for some of its rows, by their number from 1. */
async function run(
  operator: string,
  stream: Stream,
  options: HarnessOptions,
  left = new Set<number>(),
): Promise<Outcome> {
  using harness = await OperatorTestHarness.open(ENTRY, operator, options);
  let number = 0;
  const kept = (rows: readonly StreamRecord<Deed>[]) => rows.filter(() => !left.has(++number));
  for (const input of stream) {
    if (input.type === "watermark") harness.processWatermark(input.time);
    else if (input.type !== "rows") harness.setProcessingTime(input.time);
    else if (input.side === 2) harness.processElements2(kept(input.rows));
    else harness.processElements(kept(input.rows));
  }
  const { chunks } = harness.snapshot();
  const side = (name: string) => (has(harness, name) ? harness.getSideOutput(name) : []);
  const outputs = { main: harness.getOutput(), aside: side("aside"), given_up: side("given_up") };
  const letters = has(harness, "dead_letter") ? harness.extractSideOutputValues("dead_letter") : [];
  return {
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, elements]) => [name, elements.map(textOf)]),
    ),
    letters: letters as never,
    state: chunks.flatMap(recordTexts),
    failed: harness.numRecordsFailed,
  };
}

function has(harness: OperatorTestHarness, output: string): boolean {
  try {
    harness.outputSchema(output);
    return true;
  } catch {
    return false;
  }
}

function textOf(element: unknown): string {
  return JSON.stringify(element, (_, value) => (typeof value === "bigint" ? String(value) : value));
}

/** A room and a budget: one row, some, or as in a job. */
function limits(dice: Dice): HarnessOptions {
  return {
    outputRoom: [1, 3, 4096][dice.below(3)]!,
    budget: [0, 5, 4096][dice.below(3)]!,
    onRowError: "dead-letter",
  };
}

/** What SumOf says, where it does not trap, of a sum that 7 divides. */
const OF_SEVEN = '"sum":"0","count":"0"';

/** How an operator is run: inputs, window, whether units other than rows trap. */
interface Case {
  readonly operator: string;
  readonly options?: HarnessOptions;
  readonly twoInputs?: boolean;
  /** Its parameter `traps` says whether timers or windows trap. */
  readonly traps?: boolean;
}

const window = (assigner: unknown, options: HarnessOptions = {}) =>
  ({ window: assigner, ...options }) as HarnessOptions;
const ms = Duration.ofMillis;
const CASES: Readonly<Record<string, Case>> = {
  "a keyed function: all states, timers, side outputs": { operator: "Everything", traps: true },
  "a keyed function of two inputs": { operator: "Both", twoInputs: true },
  "broadcast state, and every key's": { operator: "Rules", twoInputs: true },
  "rows that fill blocks": { operator: "Burst" },
  "a running reduce": { operator: "Running" },
  "an interval join": {
    operator: "Pairs",
    twoInputs: true,
    options: { parameters: { lower: -30, upper: 30 } },
  },
  "tumbling windows": {
    operator: "AllOf",
    traps: true,
    options: window(TumblingEventTimeWindows.of(ms(40))),
  },
  "tumbling windows with late rows": {
    operator: "AllOf",
    traps: true,
    options: window(TumblingEventTimeWindows.of(ms(40)), { allowedLatenessMs: 60 }),
  },
  "sliding windows": {
    operator: "AllOf",
    traps: true,
    options: window(SlidingEventTimeWindows.of(ms(40), ms(20))),
  },
  "session windows": {
    operator: "AllOf",
    traps: true,
    options: window(EventTimeSessionWindows.withGap(ms(15))),
  },
  "an aggregate of tumbling windows": {
    operator: "SumOf",
    traps: true,
    options: window(TumblingEventTimeWindows.of(ms(40))),
  },
  "an aggregate of sliding windows": {
    operator: "SumOf",
    traps: true,
    options: window(SlidingEventTimeWindows.of(ms(40), ms(20))),
  },
  "an aggregate of sessions": {
    operator: "SumOf",
    traps: true,
    options: window(EventTimeSessionWindows.withGap(ms(15))),
  },
};

const keyed = (options: HarnessOptions = {}): HarnessOptions => ({
  keyBy: ["user"],
  secondKeyBy: ["user"],
  ...options,
});

describe.each(Object.entries(CASES))("%s", (_, { operator, options, twoInputs, traps }) => {
  test("rows that trap leave no trace", async () => {
    let trapped = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const dice = new Dice(seed);
      const stream = streamOf(dice, { twoInputs: twoInputs === true });
      const base = optionsOf(operator, options);
      const with_ = await run(operator, stream, { ...base, ...limits(dice) });
      const rows = with_.letters.filter(({ record }) => !record.includes('"failed"'));
      const left = new Set(rows.map(({ position }) => Number(position)));
      const parameters = { ...base.parameters, ...(traps ? { traps: false } : {}) };
      const without = await run(operator, stream, { ...base, parameters }, left);
      const told = without.outputs.main!.filter((row) => !row.includes(OF_SEVEN));
      expect(with_.outputs, `seed ${seed}`).toEqual({ ...without.outputs, main: told });
      expect(with_.state, `seed ${seed}`).toEqual(without.state);
      expect(with_.failed - without.failed).toBe(with_.letters.length);
      trapped += with_.letters.length;
    }
    expect(trapped).toBeGreaterThan(SEEDS);
  });
});

function optionsOf(operator: string, options: HarnessOptions | undefined): HarnessOptions {
  return operator === "Burst" ? { ...options } : keyed(options);
}

describe("a pattern", () => {
  test("passes over an event whose condition traps, when its time has come, and a time-out", async () => {
    let [trapped, timedOut] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const dice = new Dice(seed);
      const stream: Stream = [
        ...streamOf(dice, { twoInputs: false }),
        // What waits has not been tried.
        { type: "watermark", time: 10_000 },
      ];
      const all = stream.flatMap((input) => (input.type === "rows" ? input.rows : []));
      const poison = all.flatMap((row, i) => ((row.row as Deed).poison ? [i + 1] : []));
      const with_ = await run("Greater", stream, keyed(limits(dice)));
      const without = await run(
        "Greater",
        stream,
        keyed({ parameters: { traps: false } }),
        new Set(poison),
      );
      // A timer of the event alone may let its key come before others.
      for (const [name, elements] of Object.entries(with_.outputs)) {
        const others = without.outputs[name]!.toSorted();
        expect(elements.toSorted(), `seed ${seed}`).toEqual(others);
      }
      expect(with_.state, `seed ${seed}`).toEqual(without.state);
      trapped += with_.letters.length;
      for (const { record, error } of with_.letters) {
        const ofEvent = error.startsWith("poison in a condition");
        const failed = ofEvent ? "waiting event" : "event-time timer";
        expect(record).toMatch(
          new RegExp(`^\\{"failed":"${failed}","time":\\d+,"key":\\{"user":\\d\\}\\}$`),
        );
        if (!ofEvent) expect(error).toMatch(/^of three \(grouping.ts:\d+\)$/);
        timedOut += ofEvent ? 0 : 1;
      }
    }
    expect(timedOut).toBeGreaterThan(SEEDS);
    expect(trapped).toBeGreaterThan(SEEDS);
  });
});

describe("a dead letter", () => {
  const open = (operator: string, options: HarnessOptions = {}) =>
    OperatorTestHarness.open(ENTRY, operator, keyed({ onRowError: "dead-letter", ...options }));
  const deed = (user: number, seed: number, poison: boolean): Deed => {
    return { user: BigInt(user), seed: BigInt(seed), steps: 1, poison };
  };

  test("of a timer names its time and its key, and what failRow() said there", async () => {
    using harness = await open("Reminds");
    harness.processElement(deed(7, 100, false), 1);
    harness.processElement(deed(8, 101, false), 2);
    harness.setProcessingTime(50);
    harness.processWatermark(200);
    expect(harness.extractSideOutputValues("dead_letter")).toEqual([
      {
        record: '{"failed":"processing-time timer","time":50,"key":{"user":7}}',
        error: expect.stringMatching(/^no reminder of 7 \(index\.ts:\d+\)$/),
        position: 2n,
        operator: "Reminds",
        subtask: 0,
      },
      {
        record: '{"failed":"event-time timer","time":101,"key":{"user":8}}',
        error: expect.stringMatching(/^Index out of range \(index\.ts:\d+\)$/),
        position: 2n,
        operator: "Reminds",
        subtask: 0,
      },
    ]);
    expect(harness.numRecordsFailed).toBe(2);
  });

  test("of a window that fires names its time and its key", async () => {
    using harness = await open("AllOf", window(TumblingEventTimeWindows.of(ms(40))));
    harness.processElements(
      [deed(1, 1, true), deed(2, 2, false)].map((row) => new StreamRecord(row, 5)),
    );
    harness.processWatermark(100);
    expect(harness.extractOutputValues()).toEqual([{ user: 2n, what: "", n: 2n }]);
    expect(harness.extractSideOutputValues("dead_letter")).toMatchObject([
      { record: '{"failed":"window","time":39,"key":{"user":1}}', position: 2n },
    ]);
  });
});
