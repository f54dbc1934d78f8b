/**
 * Drives one operator with rows, watermarks and virtual time (Flink: OneInputStreamOperatorTestHarness,
 * KeyedTwoInputStreamOperatorTestHarness and their like), in any test runner.
 */
import { type PlainRow, plainMillis } from "../embedded/plain-row.ts";
import type { OperatorHandle } from "../plan/operator-handle.ts";
import type { OutputTag } from "../plan/output-tag.ts";
import { MillraceError } from "../protocol/errors.ts";
import { BATCH_ROWS } from "../protocol/limits.ts";
import type { HandleKind } from "../protocol/manifest.ts";
import type { Schema } from "../protocol/types.ts";
import { type ShownMetric, shownMetrics } from "../protocol/user-metric.ts";
import type { ChainCall } from "../taskmanager/core/task-chain.ts";
import {
  WatermarkCoalescer,
  type WatermarkEvent,
} from "../taskmanager/core/watermark-coalescer.ts";
import { AsyncRequests } from "./async-requests.ts";
import { tellFailure } from "./failure-place.ts";
import { type Element, HarnessOutputs, rowsOf } from "./harness-outputs.ts";
import { inputBatch, missingInput } from "./input-batch.ts";
import { countKeyedState } from "./keyed-state-count.ts";
import { LOG_LEVELS, type LoggedLine } from "./logged-line.ts";
import { type HarnessOptions, type PlannedOperator, planOperator } from "./operator-plan.ts";
import { chunksFor, type OperatorSnapshot } from "./operator-snapshot.ts";
import { handleSource, isHandle } from "./operator-source.ts";
import { OperatorSubtask } from "./operator-subtask.ts";
import {
  type InputRow,
  type OutputRow,
  StreamRecord,
  type Timestamp,
  Watermark,
  wholeTime,
} from "./stream-element.ts";
import {
  type BundleSource,
  loadTestBundle,
  type TestBundle,
  undoingBundle,
} from "./test-bundle.ts";

const DEFAULT_BUDGET = 4096;

/**
 * One subtask of an operator (Flink: OneInputStreamOperatorTestHarness and those like it).
 *
 *     const harness = await OperatorTestHarness.open(ops.splitWords({ minLength: 4 }));
 *     harness.processElement({ line: "the whale" });
 *     harness.extractOutputValues(); // [{ word: "whale" }]
 *
 * `In` and `Out` are its rows where a typed handle tells them; the operator checks them in any case. Time is the
 * test's: nothing fires but by a watermark or by setProcessingTime().
 *
 *     harness.processElements([{ line: "the whale" }, { line: "the sea" }]);
 *     harness.processWatermark(9_999);
 *     harness.setProcessingTime(harness.getProcessingTime() + 50);
 *     harness.getOutput(); // records and watermarks, in order
 *     harness.clearOutput();
 *     console.log(harness.nextEventTimeTimer(), harness.nextProcessingTimeTimer());
 *     console.log(harness.numEventTimeTimers(), harness.numProcessingTimeTimers());
 *     console.log(harness.numKeyedStateEntries(), harness.outputSchema("late"));
 *     harness.extractSideOutputValues("late");
 *     const state = harness.snapshot();
 *     harness.endInput();
 *     const restored = await OperatorTestHarness.open(ops.splitWords({ minLength: 4 }));
 *     restored.initializeState(state);
 *
 * Two inputs, and a source:
 *
 *     joined.processElement({ line: "the whale" }, 1_000);
 *     joined.processElement2({ word: "whale" }, 2_000);
 *     joined.processElements2([{ word: "sea" }]);
 *     joined.processWatermark1(5_000);
 *     joined.processWatermark2(6_000);
 *     joined.processWatermarkStatus("idle", 2);
 *     joined.endInput1();
 *     joined.endInput2();
 *     source.nextSplit(); // with `perSplit` in the strategy's parameters
 *     while (source.poll()) console.log(source.extractOutputValues());
 *     source.backPressure(5_000); // idleness does not count it
 *
 * After a failure (a trap, a refused row with `onRowError: "fail"`) it takes no further input, as a
 * task does.
 * @throws ROW_* for rows that do not fit, OPERATOR_FAILED and ROW_FAILED with the author's place and the row; HARNESS_SETUP_INVALID, HARNESS_OUTPUT_UNKNOWN, HARNESS_TIME_INVALID, HARNESS_STATE_INVALID; HARNESS_FAILED, HARNESS_ENDED for input behind the end
 */
export class OperatorTestHarness<
  In extends object = object,
  Out = PlainRow,
  Second extends object = object,
> {
  readonly #bundle: TestBundle;
  readonly #plan: PlannedOperator;
  readonly #options: HarnessOptions;
  readonly #outputs: HarnessOutputs;
  /** Lines that the operator logged. */
  readonly logs: LoggedLine[] = [];
  /** Requests of an AsyncFunction, to be answered by the test. */
  readonly requests = new AsyncRequests((request, answer) =>
    this.#call({ type: "completion", operator: 0, request, answer }),
  );
  #subtask: OperatorSubtask;
  #nowMs: number;
  #watermark = -(2n ** 63n);
  readonly #coalescer: WatermarkCoalescer;
  /** Inputs that have ended. */
  readonly #ends = new Set<number>();
  #failure: unknown;
  #snapshots = 0;
  #touched = false;

  private constructor(bundle: TestBundle, plan: PlannedOperator, options: HarnessOptions) {
    this.#bundle = bundle;
    this.#plan = plan;
    this.#options = options;
    this.#nowMs = options.processingTime ?? 0;
    this.#outputs = new HarnessOutputs(plan);
    this.#coalescer = new WatermarkCoalescer(this.#inputs().map(() => 1));
    this.#subtask = this.#openSubtask();
  }

  /**
   * Opens an operator by its handle, as a job takes it. Options may overrule its parameters.
   * @param handle of the module that `millrace build` writes
   */
  static open<Reads, Gives, Kind extends HandleKind, Key, ReadsSecond>(
    handle: OperatorHandle<Reads, Gives, Kind, Key, ReadsSecond>,
    options?: HarnessOptions,
  ): Promise<OperatorTestHarness<InputRow<Reads>, OutputRow<Gives, Kind>, InputRow<ReadsSecond>>>;
  /**
   * Opens an operator of a bundle by its name.
   * @param source `"builtin"`, a bundle file, its bytes, or an entry of AssemblyScript sources
   */
  static open(
    source: BundleSource,
    operator: string,
    options?: HarnessOptions,
  ): Promise<OperatorTestHarness>;
  static async open(
    source: BundleSource | OperatorHandle,
    second: string | HarnessOptions = {},
    third: HarnessOptions = {},
  ): Promise<OperatorTestHarness> {
    if (typeof second === "string")
      return OperatorTestHarness.#open(source as BundleSource, second, third);
    if (!isHandle(source)) {
      const message = "Cannot open harness: a bundle holds many operators";
      const expected = "the operator's name as the second argument, or its handle as the first";
      throw new MillraceError("HARNESS_SETUP_INVALID", message, { field: "operator", expected });
    }
    const { bundle, name, parameters } = handleSource(source);
    const all = { ...parameters, ...second.parameters };
    return OperatorTestHarness.#open(bundle, name, { ...second, parameters: all });
  }

  static async #open(
    source: BundleSource,
    operator: string,
    options: HarnessOptions,
  ): Promise<OperatorTestHarness> {
    const { optimize, registered } = options;
    const built = await loadTestBundle(source, {
      ...(optimize === undefined ? {} : { optimize }),
      ...(registered === undefined ? {} : { registered }),
    });
    const undoes = (options.onRowError ?? "fail") !== "fail";
    const bundle = undoes ? await undoingBundle(built) : built;
    return new OperatorTestHarness(bundle, planOperator(bundle, operator, options), options);
  }

  /** Columns of the first input; none of a source. */
  get inputSchema(): Schema {
    return this.#plan.inputs[0] ?? [];
  }

  /** Columns of an output; default: the main one. */
  outputSchema(output = "main"): Schema {
    return this.#plan.outputs[this.#outputs.place(output)]!.schema;
  }

  /** One row; without a timestamp it has no event time. */
  processElement(row: In | StreamRecord<In>, timestamp?: Timestamp): void {
    const record = row instanceof StreamRecord ? row : new StreamRecord(row, timestamp);
    this.processElements([record]);
  }

  /** Rows as one batch: how they come in a job. */
  processElements(rows: Iterable<In | StreamRecord<In>>): void {
    this.#process(0, rows);
  }

  /** One row of the second input. */
  processElement2(row: Second | StreamRecord<Second>, timestamp?: Timestamp): void {
    const record = row instanceof StreamRecord ? row : new StreamRecord(row, timestamp);
    this.#process(1, [record]);
  }

  /** Rows of the second input as one batch. */
  processElements2(rows: Iterable<Second | StreamRecord<Second>>): void {
    this.#process(1, rows);
  }

  #process(input: number, rows: Iterable<object>): void {
    const schema = this.#inputSchema(input);
    const records = Array.from(rows, (row) =>
      row instanceof StreamRecord ? row : new StreamRecord(row),
    ) as StreamRecord[];
    if (records.length === 0) return;
    this.#call({ type: "batch", input, block: inputBatch(records, schema) }, records);
  }

  #inputSchema(input: number): Schema {
    return this.#plan.inputs[input] ?? missingInput(this.#plan, input);
  }

  /**
   * Lets a source make about `rows` rows, at least one poll.
   * @returns false: it is at its end
   */
  poll(rows = 1): boolean {
    if (this.#plan.task.gates.length > 0) {
      const message = `Cannot poll operator ${this.#plan.task.name}: it is no source`;
      throw new MillraceError("HARNESS_SETUP_INVALID", message, { expected: "processElement" });
    }
    if (!this.#subtask.finished) this.#call({ type: "source_poll", rows });
    return !this.#subtask.finished;
  }

  /** Of all inputs; one that is not above the last one changes nothing, as in a task. */
  processWatermark(timestamp: Timestamp | Watermark): void {
    for (const input of this.#inputs()) this.#processWatermark(input, timestamp);
  }

  /** Of the first input alone: event time is the smaller of the two inputs' watermarks. */
  processWatermark1(timestamp: Timestamp | Watermark): void {
    this.#processWatermark(0, timestamp);
  }

  /** Of the second input alone. */
  processWatermark2(timestamp: Timestamp | Watermark): void {
    this.#inputSchema(1);
    this.#processWatermark(1, timestamp);
  }

  #processWatermark(input: number, timestamp: Timestamp | Watermark): void {
    const plain = timestamp instanceof Watermark ? timestamp.timestamp : timestamp;
    const reached = this.#coalescer.watermark(input, 0, wholeTime(plain, "watermark"));
    if (reached === undefined) return;
    this.#coalesced([{ type: "watermark", timestamp: reached }]);
  }

  /** An input turns idle (Flink: WatermarkStatus.IDLE) or active again; default: all. */
  processWatermarkStatus(status: "idle" | "active", input?: 1 | 2): void {
    for (const each of input === undefined ? this.#inputs() : [input - 1]) {
      this.#coalesced(this.#coalescer.status(each, 0, status === "idle"));
    }
  }

  /** The end of all bounded inputs, as a task sees it: the last watermark, then the end. */
  endInput(): void {
    for (const input of this.#inputs()) this.#endInput(input);
  }

  /** The end of the first input alone. */
  endInput1(): void {
    this.#endInput(0);
  }

  /** The end of the second input alone. */
  endInput2(): void {
    this.#inputSchema(1);
    this.#endInput(1);
  }

  #endInput(input: number): void {
    if (this.#ends.has(input)) return;
    this.#coalesced(this.#coalescer.end(input, 0));
    this.#call({ type: "end_input", input });
    this.#ends.add(input);
  }

  #coalesced(events: readonly WatermarkEvent[]): void {
    for (const event of events) {
      if (event.type === "watermark") this.#watermark = event.timestamp;
      this.#call(event);
    }
  }

  /** Numbers of the inputs; a source has one end, too. */
  #inputs(): number[] {
    return this.#plan.inputs.length === 2 ? [0, 1] : [0];
  }

  /** Moves the clock on; timers that become due fire in their order, each at its time. */
  setProcessingTime(nowMs: number): void {
    if (nowMs < this.#nowMs) {
      const message = `Cannot set processing time: ${nowMs} ms lies before ${this.#nowMs} ms`;
      throw new MillraceError("HARNESS_TIME_INVALID", message, {
        field: "processingTime",
        value: nowMs,
        expected: `at least ${this.#nowMs}`,
      });
    }
    for (;;) {
      const due = this.#subtask.nextTimer("processing");
      if (due === undefined || due > BigInt(Math.floor(nowMs))) break;
      this.#nowMs = Math.max(this.#nowMs, Number(due));
      this.#call({ type: "timers", nowMs: this.#nowMs });
    }
    this.#nowMs = nowMs;
  }

  /**
   * The operator's outputs are blocked for so many ms, then it goes on: timers that became due fire
   * at the end, and idleness does not count the time.
   */
  backPressure(ms: number): void {
    this.#nowMs += ms;
    this.#subtask.holdUp(ms);
    this.setProcessingTime(this.#nowMs);
  }

  /** Another split of the source begins, for a strategy with `perSplit`: its watermarks are apart. */
  nextSplit(): void {
    this.#call({ type: "source_split", split: new TextEncoder().encode("{}") });
  }

  /** The clock of the harness, ms. */
  getProcessingTime(): number {
    return this.#nowMs;
  }

  /** When the next event-time timer is due, ms; undefined: there is none. One that was deleted may still be named: numEventTimeTimers() is exact. */
  nextEventTimeTimer(): Timestamp | undefined {
    const due = this.#subtask.nextTimer("event");
    return due === undefined ? undefined : plainMillis(due);
  }

  /** When the next processing-time timer is due, ms; undefined: there is none. See nextEventTimeTimer(). */
  nextProcessingTimeTimer(): Timestamp | undefined {
    const due = this.#subtask.nextTimer("processing");
    return due === undefined ? undefined : plainMillis(due);
  }

  /** Pairs of a state and a key that has something in it, of an operator with keyed state. */
  numKeyedStateEntries(): number {
    return countKeyedState(this.snapshot().chunks).entries;
  }

  /** Event-time timers of an operator with keyed state. */
  numEventTimeTimers(): number {
    return countKeyedState(this.snapshot().chunks).eventTimeTimers;
  }

  /** Processing-time timers of an operator with keyed state. */
  numProcessingTimeTimers(): number {
    return countKeyedState(this.snapshot().chunks).processingTimeTimers;
  }

  /** All that came out of the main output: records, watermarks and statuses, in order. */
  getOutput(): readonly Element<Out>[] {
    return this.#outputs.main as readonly Element<Out>[];
  }

  /** The rows that came out of the main output. */
  extractOutputValues(): Out[] {
    return rowsOf(this.getOutput());
  }

  /** All that came out of a side output (`late`, `dead_letter`, or the author's). */
  getSideOutput<Row = PlainRow>(tag: string | OutputTag<Row>): readonly Element<Row>[] {
    const output = this.#outputs.of(typeof tag === "string" ? tag : tag.id);
    return output as readonly Element[] as readonly Element<Row>[];
  }

  /** The rows that came out of a side output. */
  extractSideOutputValues<Row = PlainRow>(tag: string | OutputTag<Row>): Row[] {
    return rowsOf(this.getSideOutput(tag));
  }

  /** Forgets what came out so far. */
  clearOutput(): void {
    this.#outputs.clear();
  }

  /** Rows that were refused and dropped, or came too late. */
  get numRecordsFailed(): number {
    return this.#subtask.rowsFailed;
  }

  /** Bytes of state, as the operator counts them. */
  get stateBytes(): number {
    return this.#subtask.stateBytes;
  }

  /** Counters, gauges and histograms of the operator's own, by their names in it. */
  get metrics(): ReadonlyMap<string, ShownMetric> {
    const { name } = this.#plan.task;
    const metrics = shownMetrics(this.#subtask.userMetrics());
    return new Map(metrics.map((metric) => [metric.id.slice(name.length + 1), metric]));
  }

  /** The operator's state; it goes on with it. */
  snapshot(): OperatorSnapshot {
    this.#checkUsable();
    const checkpoint = ++this.#snapshots;
    const chunks = this.#subtask.snapshot(BigInt(checkpoint));
    return { operator: this.#plan.task.name, checkpoint, chunks };
  }

  /**
   * Begins with the state of a snapshot, also one of other subtasks or another parallelism: a subtask
   * takes what belongs to its key groups. Several snapshots are those of several subtasks, in the order of their
   * numbers: state that belongs to no key is dealt out anew, as Flink does (docs/state.md).
   */
  initializeState(...snapshots: readonly OperatorSnapshot[]): void {
    if (this.#touched) {
      const message = "Cannot initialize state: the operator has already had input";
      const expected = "initializeState before the first element, watermark or time";
      throw new MillraceError("HARNESS_STATE_INVALID", message, { expected });
    }
    this.#subtask.restore(chunksFor(snapshots, this.#plan.task));
  }

  /** Ends the operator. */
  close(): void {
    this.#subtask.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #openSubtask(): OperatorSubtask {
    const host = {
      processingTimeMs: () => this.#nowMs,
      log: (level: number, message: string) =>
        void this.logs.push({ level: LOG_LEVELS[level] ?? "info", message }),
    };
    const { outputRoom = BATCH_ROWS, budget = DEFAULT_BUDGET } = this.#options;
    const limits = { outputRoom, budget };
    this.requests.__forget();
    return new OperatorSubtask(
      this.#bundle,
      this.#plan,
      host,
      limits,
      (...taken) => this.#outputs.take(...taken),
      (...asked) => this.requests.__made(...asked),
    );
  }

  #call(call: ChainCall, records: readonly StreamRecord[] = []): void {
    this.#checkUsable();
    const moves = this.#options.snapshotAfterEveryInput && this.#touched;
    // An answer belongs to the instance that asked, and a call that waits to the one that waits.
    if (moves && call.type !== "completion" && !this.#subtask.waiting) this.#moveToNewInstance();
    this.#touched = true;
    try {
      this.#subtask.call(call);
    } catch (error) {
      this.#failure = error;
      if (error instanceof MillraceError) {
        const row = records[this.#subtask.rowInProgress ?? -1]?.row;
        tellFailure(error, row, this.#bundle.bytes);
      }
      throw error;
    }
  }

  #moveToNewInstance(): void {
    const chunks = this.#subtask.snapshot(BigInt(++this.#snapshots));
    this.#subtask.close();
    this.#subtask = this.#openSubtask();
    this.#subtask.restore(chunks);
    // The watermark is no part of a snapshot: in a job it comes again from the sources.
    if (this.#watermark > -(2n ** 63n)) this.#replayWatermark();
  }

  /** Tells a new instance the watermark it stood at, unseen. */
  #replayWatermark(): void {
    const call = { type: "watermark", timestamp: this.#watermark } as const;
    this.#outputs.keepingRowsOnly(() => this.#subtask.call(call));
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) {
      const message = `Cannot go on with operator ${this.#plan.task.name}: it has failed`;
      throw new MillraceError("HARNESS_FAILED", message, { cause: this.#failure });
    }
    if (this.#ends.size < this.#inputs().length || this.#subtask.waiting) return;
    const message = `Cannot go on with operator ${this.#plan.task.name}: its input has ended`;
    throw new MillraceError("HARNESS_ENDED", message, { expected: "no input behind endInput()" });
  }
}
