/** Plays the steps of a case on the subtasks of one operator, and gathers what comes out. */
import { BatchWriter } from "../../src/protocol/batch/batch-writer.ts";
import { keyGroupOf, keyHash, subtaskOf } from "../../src/protocol/key-group.ts";
import type { Schema } from "../../src/protocol/types.ts";
import {
  CombinedWatermarkStatus,
  type WatermarkEvent,
} from "../../src/taskmanager/core/watermark-coalescer.ts";
import {
  type ConformanceCase,
  firstDifference,
  integer,
  integerText,
  type Verdict,
} from "./conformance-case.ts";
import {
  type HarnessModule,
  type HarnessSetup,
  type Mode,
  OperatorHarness,
  OperatorRefusal,
  type OutputElement,
} from "./operator-harness.ts";

export const MAX_PARALLELISM = 128;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const STRING = { type: "STRING", nullable: false } as const;

export type Entry = Record<string, unknown>;

/** How a kind of cases is played: everything else is the same for all. */
export interface CaseStage {
  readonly setup: HarnessSetup;
  /** Schema and values of an element, by its step and that one's number. */
  row(step: Entry, index: number): { readonly schema: Schema; readonly values: readonly unknown[] };
  /** The entry of a record; `output` 0 is the main one. */
  entryOf(element: OutputElement & { type: "row" }, output: number): Entry;
  /** What a step that only this kind has does to the operator; false: there is no such step. */
  ownStep?(step: Entry, subtasks: readonly OperatorHarness[]): boolean;
}

/** Judges a case. */
export function judgeStaged(
  module: HarnessModule,
  one: ConformanceCase,
  stage: CaseStage,
  mode: Mode,
): Verdict {
  const player = new CasePlayer(module, stage, mode);
  const refusal = player.play(one.input);
  const { id, kind } = one;
  const detail =
    refusal?.step === one.error?.i
      ? firstDifference(player.output, one.output)
      : `${describe(refusal)}, expected ${one.error === undefined ? "none" : `step ${one.error.i}`}`;
  return detail === undefined
    ? { id, kind, outcome: "passed" }
    : { id, kind, outcome: "failed", detail };
}

interface Refusal {
  readonly step: number;
  readonly message: string;
}

function describe(refusal: Refusal | undefined): string {
  return refusal === undefined ? "no failure" : `failure at ${refusal.step}: ${refusal.message}`;
}

class CasePlayer {
  readonly output: Entry[] = [];
  readonly #module: HarnessModule;
  readonly #stage: CaseStage;
  readonly #mode: Mode;
  #subtasks: OperatorHarness[] = [];
  /** Watermarks of the inputs, combined as a task does it. */
  #watermarks: CombinedWatermarkStatus;
  #lastWatermark: bigint | undefined;
  #clock = 0n;

  constructor(module: HarnessModule, stage: CaseStage, mode: Mode) {
    this.#module = module;
    this.#stage = stage;
    this.#mode = mode;
    this.#watermarks = new CombinedWatermarkStatus(stage.setup.inputs.length);
    module.clock = 0n;
  }

  /** Plays the steps; answers where the operator failed, if it did (-1: it was refused). */
  play(input: ConformanceCase["input"]): Refusal | undefined {
    let step = -1;
    try {
      this.#open(1);
      for (step = 0; step < input.length; step++) {
        this.#step(input[step]!, step);
        this.#collect(step);
        const failure = this.#subtasks.flatMap((subtask) => subtask.failures)[0];
        if (failure !== undefined) return { step, message: failure.message };
        if (this.#mode.restores === true) this.#restoreAsItWas();
      }
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof OperatorRefusal)) throw thrown;
      return { step, message: thrown.message };
    } finally {
      for (const subtask of this.#subtasks) subtask.close();
    }
  }

  #step(step: Entry, index: number): void {
    switch (step.op) {
      case "e":
        this.#element(step, index);
        break;
      case "b":
        for (const subtask of this.#subtasks) subtask.process(this.#blockOf(step, index), 1);
        break;
      case "w":
        this.#watermark(step);
        break;
      case "status":
        for (const event of this.#watermarks.status(inputOf(step), step.idle === true)) {
          this.#happen(event);
        }
        break;
      case "p":
        this.#advance(integer(step.t));
        return;
      case "restore":
        this.#restore(Number(step.parallelism));
        break;
      default:
        if (this.#stage.ownStep?.(step, this.#subtasks) === true) break;
        throw new Error(`unknown step ${String(step.op)}`);
    }
    this.#advance(this.#clock);
  }

  #element(step: Entry, index: number): void {
    const group = keyGroupOf(keyHash([String(step.k)], [STRING]), MAX_PARALLELISM);
    const subtask = subtaskOf(group, MAX_PARALLELISM, this.#subtasks.length);
    this.#subtasks[subtask]!.process(this.#blockOf(step, index), inputOf(step));
  }

  #blockOf(step: Entry, index: number): Uint8Array {
    const { schema, values } = this.#stage.row(step, index);
    const eventTime = step.t === undefined ? undefined : integer(step.t);
    return new BatchWriter(schema).append(values as never, { eventTime }).finish();
  }

  /** Of one input it is passed on as it came, of two when their smaller one grows. */
  #watermark(step: Entry): void {
    const timestamp = integer(step.t);
    const isCombined = this.#stage.setup.inputs.length > 1 && step.in !== undefined;
    const grown = isCombined ? this.#watermarks.watermark(inputOf(step), timestamp) : timestamp;
    if (grown !== undefined) this.#happen({ type: "watermark", timestamp: grown });
  }

  #happen(event: WatermarkEvent): void {
    if (event.type === "watermark") this.#lastWatermark = event.timestamp;
    for (const subtask of this.#subtasks) {
      if (event.type === "status") subtask.idle(event.idle);
      else subtask.watermark(event.timestamp);
    }
  }

  #advance(target: bigint): void {
    for (const subtask of this.#subtasks) {
      this.#module.clock = this.#clock;
      subtask.advanceTo(target);
    }
    this.#clock = target;
  }

  #restore(parallelism: number): void {
    const [first = [], ...others] = this.#subtasks.map((subtask) => subtask.snapshot(1n));
    for (const subtask of this.#subtasks.splice(0)) subtask.close();
    this.#open(parallelism);
    this.#watermarks = new CombinedWatermarkStatus(this.#stage.setup.inputs.length);
    this.#lastWatermark = undefined;
    // Broadcast state is the same in all subtasks: one copy is enough.
    for (const chunk of first.filter(({ keyGroup }) => keyGroup < 0)) {
      for (const subtask of this.#subtasks) subtask.restore(chunk);
    }
    for (const chunk of [first, ...others].flat()) {
      if (chunk.keyGroup < 0) continue;
      const index = subtaskOf(chunk.keyGroup, MAX_PARALLELISM, parallelism);
      this.#subtasks[index]!.restore(chunk);
    }
  }

  /**
   * A restore that nothing shows of: the watermark, which no snapshot has, is said again. Not where a
   * timer waits at or before the watermark: the next one fires it, even an equal one.
   */
  #restoreAsItWas(): void {
    const watermark = this.#lastWatermark ?? MIN_INT64;
    if (this.#subtasks.some((subtask) => (subtask.nextTimer(0) ?? MAX_INT64) <= watermark)) return;
    const [inputs, last] = [this.#watermarks, this.#lastWatermark];
    this.#restore(this.#subtasks.length);
    [this.#watermarks, this.#lastWatermark] = [inputs, last];
    for (const subtask of this.#subtasks) {
      this.#module.clock = this.#clock;
      if (last !== undefined) subtask.watermark(last);
      const rows = subtask
        .drain()
        .flat()
        .filter(({ type }) => type === "row");
      if (rows.length > 0) throw new Error(`${rows.length} rows after a restore`);
    }
  }

  #open(parallelism: number): void {
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const setup = { ...this.#stage.setup, subtask, parallelism };
      this.#subtasks.push(new OperatorHarness(this.#module, setup, this.#mode));
    }
  }

  /** Takes what a step made, in the order of the cases: the main output, then the others. */
  #collect(step: number): void {
    for (const [index, subtask] of this.#subtasks.entries()) {
      const place = index === 0 ? { i: step } : { i: step, s: index };
      subtask.drain().forEach((elements, output) => {
        const entries = elements.flatMap((element) => this.#entryOf(element, output));
        for (const entry of sorted(entries)) this.output.push({ ...place, ...entry });
      });
    }
  }

  #entryOf(element: OutputElement, output: number): Entry[] {
    if (element.type === "row") {
      const time = element.time === undefined ? {} : { t: integerText(element.time) };
      return [{ ...this.#stage.entryOf(element, output), ...time }];
    }
    // Side outputs get watermarks and statuses too; cases tell them of the main output.
    if (output > 0) return [];
    if (element.type === "status") return [{ status: element.idle ? "idle" : "active" }];
    return [{ wm: integerText(element.timestamp) }];
  }
}

/** Number of the input of a step, from 0. */
function inputOf(step: Entry): number {
  return step.in === undefined ? 0 : Number(step.in) - 1;
}

/** What made a function emit: code 0 an element, 1 an event-time timer, 2 a processing-time timer. */
export function firedBy(code: number, time: bigint): string {
  return code === 0 ? "x" : `${code === 1 ? "e" : "p"}${time}`;
}

/**
 * Consecutive records of one timer, and of one walk over the keys, by key, then window: their order in
 * Flink is an accident.
 */
export function sorted(entries: readonly Entry[]): Entry[] {
  const result: Entry[] = [];
  for (let from = 0; from < entries.length; ) {
    let to = from + 1;
    const run = runOf(entries[from]!);
    while (run !== undefined && to < entries.length && runOf(entries[to]!) === run) to++;
    result.push(...entries.slice(from, to).sort(byKeyAndWindow));
    from = to;
  }
  return result;
}

/** What a run of records without an order of its own has in common; undefined: the record has one. */
function runOf(entry: Entry): string | undefined {
  if (entry.op === "apply_get") return "apply_get";
  if (entry.ts !== undefined) return "pairs";
  if (entry.m !== undefined) return "matches";
  return entry.by === "x" ? undefined : (entry.by as string | undefined);
}

function byKeyAndWindow(a: Entry, b: Entry): number {
  if (a.ts !== undefined && b.ts !== undefined)
    return byNumbers(a.ts as unknown[], b.ts as unknown[]);
  const order = byText(String(a.k ?? ""), String(b.k ?? ""));
  if (order !== 0) return order;
  if (a.m === undefined) {
    return byNumbers((a.w ?? [0, 0]) as unknown[], (b.w ?? [0, 0]) as unknown[]);
  }
  const difference = integer(a.t ?? 0) - integer(b.t ?? 0);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return byText(JSON.stringify(a.m), JSON.stringify(b.m));
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Pairs of a join by the left one's timestamp, then the right one's; windows by start, then end. */
function byNumbers(a: readonly unknown[], b: readonly unknown[]): number {
  const difference = integer(a[0]) - integer(b[0]) || integer(a[1]) - integer(b[1]);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}
