/** Conformance of windows: kind `window`, through the SDK's window operators in WebAssembly. */
import { BatchWriter } from "../../src/protocol/batch/batch-writer.ts";
import { keyGroupOf, keyHash, subtaskOf } from "../../src/protocol/key-group.ts";
import type { Schema } from "../../src/protocol/types.ts";
import {
  type ConformanceCase,
  firstDifference,
  integer,
  integerText,
  type Verdict,
} from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import {
  type HarnessModule,
  type HarnessSetup,
  type Mode,
  OperatorHarness,
  OperatorRefusal,
  type OutputElement,
} from "./operator-harness.ts";

const MAX_PARALLELISM = 128;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const INT = { type: "INT", nullable: false } as const;
const KEY = { name: "k", type: STRING };
const ELEMENT: Schema = [KEY, { name: "v", type: BIGINT }];
const ORIGIN: Schema = [
  { name: "cw", type: BIGINT },
  { name: "fired_by", type: INT },
  { name: "timer", type: BIGINT },
];
const WINDOW: Schema = [
  { name: "window_start", type: BIGINT },
  { name: "window_end", type: BIGINT },
];
const COLLECTED: Schema = [
  KEY,
  { name: "v", type: STRING },
  { name: "n1", type: BIGINT },
  { name: "n2", type: BIGINT },
  ...WINDOW,
  ...ORIGIN,
];
const SUMMED: Schema = [
  { name: "sum", type: BIGINT },
  { name: "count", type: BIGINT },
  ...ORIGIN,
  ...WINDOW,
];

interface WindowSpec {
  readonly scope: "keyed" | "all";
  readonly assigner: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly trigger: TriggerSpec;
  readonly evictor?: Readonly<Record<string, unknown>>;
  readonly lateness: unknown;
  readonly late_output: boolean;
  readonly function: "collect" | "collect_state" | "reduce" | "aggregate";
}

type TriggerSpec = Readonly<Record<string, unknown>> & { readonly inner?: TriggerSpec };
type Entry = Record<string, unknown>;

/** Judges a case. */
export function judgeWindow(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  const run = new WindowRun(module, one.spec as unknown as WindowSpec, mode);
  const refusal = run.play(one.input);
  const { id, kind } = one;
  const detail =
    refusal?.step === one.error?.i
      ? firstDifference(run.output, one.output)
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

class WindowRun {
  readonly output: Entry[] = [];
  readonly #module: HarnessModule;
  readonly #spec: WindowSpec;
  readonly #mode: Mode;
  #subtasks: OperatorHarness[] = [];
  #clock = 0n;
  #watermark: bigint | undefined;

  constructor(module: HarnessModule, spec: WindowSpec, mode: Mode) {
    this.#module = module;
    this.#spec = spec;
    this.#mode = mode;
    module.clock = 0n;
  }

  /** Plays the steps; answers where the operator failed, if it did (-1: it was refused). */
  play(input: ConformanceCase["input"]): Refusal | undefined {
    let step = -1;
    try {
      this.#open(1);
      for (step = 0; step < input.length; step++) {
        this.#step(input[step]!);
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

  #step(step: Entry): void {
    switch (step.op) {
      case "e":
        this.#element(step);
        break;
      case "w":
        this.#watermark = integer(step.t);
        for (const subtask of this.#subtasks) subtask.watermark(this.#watermark);
        break;
      case "p":
        this.#advance(integer(step.t));
        return;
      case "restore":
        this.#restore(Number(step.parallelism));
        this.#watermark = undefined;
        break;
      default:
        throw new Error(`unknown step ${String(step.op)}`);
    }
    this.#advance(this.#clock);
  }

  #element(step: Entry): void {
    const key = String(step.k);
    const block = new BatchWriter(ELEMENT).append([key, integer(step.v)], {
      eventTime: step.t === undefined ? undefined : integer(step.t),
    });
    const group = keyGroupOf(keyHash([key], [STRING]), MAX_PARALLELISM);
    const index = subtaskOf(group, MAX_PARALLELISM, this.#subtasks.length);
    this.#subtasks[index]!.process(block.finish());
  }

  #advance(target: bigint): void {
    for (const subtask of this.#subtasks) {
      this.#module.clock = this.#clock;
      subtask.advanceTo(target);
    }
    this.#clock = target;
  }

  #restore(parallelism: number): void {
    const chunks = this.#subtasks.flatMap((subtask) => subtask.snapshot(1n));
    for (const subtask of this.#subtasks.splice(0)) subtask.close();
    this.#open(parallelism);
    for (const chunk of chunks) {
      const index = subtaskOf(chunk.keyGroup, MAX_PARALLELISM, parallelism);
      this.#subtasks[index]!.restore(chunk);
    }
  }

  /**
   * A restore that nothing shows of: the watermark, which no snapshot has, is said again. Not where a
   * timer waits at or before the watermark: the next one fires it, even an equal one.
   */
  #restoreAsItWas(): void {
    const watermark = this.#watermark ?? MIN_INT64;
    if (this.#subtasks.some((subtask) => (subtask.nextTimer(0) ?? MAX_INT64) <= watermark)) return;
    this.#restore(this.#subtasks.length);
    for (const subtask of this.#subtasks) {
      this.#module.clock = this.#clock;
      if (this.#watermark !== undefined) subtask.watermark(this.#watermark);
      const rows = subtask
        .drain()
        .flat()
        .filter(({ type }) => type === "row");
      if (rows.length > 0) throw new Error(`${rows.length} rows after a restore`);
    }
  }

  #open(parallelism: number): void {
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const setup = { ...setupOf(this.#spec), subtask, parallelism };
      this.#subtasks.push(new OperatorHarness(this.#module, setup, this.#mode));
    }
  }

  /** Takes what a step made, in the order of the cases. */
  #collect(step: number): void {
    for (const [index, subtask] of this.#subtasks.entries()) {
      const [main, late = []] = subtask.drain();
      const place = index === 0 ? { i: step } : { i: step, s: index };
      const entries = main!.map((element) => this.#entryOf(element));
      for (const entry of sorted(entries)) this.output.push({ ...place, ...entry });
      for (const element of late) {
        if (element.type === "watermark") continue;
        this.output.push({ ...place, o: "late", ...timed(element), ...valuesOf(element) });
      }
    }
  }

  #entryOf(element: OutputElement): Entry {
    if (element.type === "watermark") return { wm: integerText(element.timestamp) };
    const { values } = element;
    const keyed = this.#spec.scope === "keyed";
    const state = this.#spec.function === "collect_state";
    return {
      ...(keyed ? { k: values.k, cw: integerText(values.cw as bigint) } : {}),
      ...(this.#spec.assigner.type === "global" ? {} : { w: windowOf(values) }),
      v: this.#valueOf(values),
      ...(state ? { n: [Number(values.n1), Number(values.n2)] } : {}),
      by: firedBy(Number(values.fired_by), values.timer as bigint),
      ...timed(element),
    };
  }

  #valueOf(values: Readonly<Record<string, unknown>>): unknown {
    if (typeof values.v === "string") return this.#listOf(values.v);
    const sum = integerText(values.sum as bigint);
    const count = Number(values.count);
    if (this.#spec.function === "aggregate") return [sum, count];
    return count === 0 ? null : sum;
  }

  /** Merging leaves open in which order the values of a session come; the cases have them sorted. */
  #listOf(text: string): unknown {
    const list = JSON.parse(text) as number[];
    return this.#spec.assigner.type.startsWith("session") ? list.sort((a, b) => a - b) : list;
  }
}

function windowOf(values: Readonly<Record<string, unknown>>): unknown[] {
  return [integerText(values.window_start as bigint), integerText(values.window_end as bigint)];
}

/** What a job would say of windows. */
export function windowParameters(
  spec: Pick<WindowSpec, "assigner" | "trigger" | "lateness">,
): Record<string, unknown> {
  const { type, gap_step, default_trigger, ...assigner } = spec.assigner;
  return {
    ...assigner,
    assigner: type.replace("_dynamic", ""),
    ...(gap_step === undefined ? {} : { gapStep: gap_step }),
    ...(default_trigger === undefined ? {} : { defaultTrigger: default_trigger }),
    lateness: spec.lateness,
    trigger: triggerParameters(spec.trigger),
  };
}

/** What a job would say: the assigner's fields are parameters, the delta's column is `v`. */
function setupOf(spec: WindowSpec): HarnessSetup {
  const collects = spec.function.startsWith("collect");
  const keys = spec.scope === "keyed" ? ["k"] : [];
  const key = spec.scope === "keyed" ? [KEY] : [];
  return {
    operator: collects ? OPERATOR.collect : OPERATOR.sum,
    parameters: {
      ...windowParameters(spec),
      function: spec.function,
      ...(spec.evictor === undefined ? {} : { evictor: { ...spec.evictor, field: "v" } }),
    },
    inputs: [{ schema: ELEMENT, keys }],
    outputs: [
      { name: "main", schema: collects ? COLLECTED : [...key, ...SUMMED] },
      ...(spec.late_output ? [{ name: "late", schema: ELEMENT }] : []),
    ],
    maxParallelism: MAX_PARALLELISM,
  };
}

function triggerParameters(spec: TriggerSpec): Record<string, unknown> {
  const { inner, reset_on_element, clear_on_timeout, ...rest } = spec;
  return {
    ...rest,
    field: "v",
    resetOnElement: reset_on_element,
    clearOnTimeout: clear_on_timeout,
    ...(inner === undefined ? {} : { inner: triggerParameters(inner) }),
  };
}

function firedBy(code: number, time: bigint): string {
  return code === 0 ? "x" : `${code === 1 ? "e" : "p"}${time}`;
}

function timed(element: OutputElement): Entry {
  const known = element.type === "row" && element.time !== undefined;
  return known ? { t: integerText(element.time) } : {};
}

function valuesOf(element: OutputElement): Entry {
  if (element.type === "watermark") return {};
  return { k: element.values.k, v: integerText(element.values.v as bigint) };
}

/** Consecutive records of one timer by key, then window: their order in Flink is an accident. */
function sorted(entries: readonly Entry[]): Entry[] {
  const result: Entry[] = [];
  for (let from = 0; from < entries.length; ) {
    let to = from + 1;
    const by = entries[from]!.by;
    while (by !== "x" && to < entries.length && entries[to]!.by === by) to++;
    result.push(...entries.slice(from, to).sort(byKeyAndWindow));
    from = to;
  }
  return result;
}

function byKeyAndWindow(a: Entry, b: Entry): number {
  if (a.wm !== undefined || b.wm !== undefined) return 0;
  const [left, right] = [String(a.k ?? ""), String(b.k ?? "")];
  if (left !== right) return left < right ? -1 : 1;
  const [window, other] = [(a.w ?? [0, 0]) as unknown[], (b.w ?? [0, 0]) as unknown[]];
  const starts = integer(window[0]) - integer(other[0]);
  const difference = starts === 0n ? integer(window[1]) - integer(other[1]) : starts;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}
