/**
 * Functions that authors extend (names and meaning: Flink's org.apache.flink.api.common.functions)
 * and the operators that run them, one compiled loop for each class.
 */
import { BatchReader } from "./batch-reader";
import { JsonValue } from "./config-json";
import { Logger } from "./logger";
import { MetricGroup } from "./metrics";
import { Status } from "./layout";
import { BroadcastState } from "./broadcast-state";
import { OpenConfig } from "./open-config";
import { RecordOperator, noteRow } from "./operator";
import { FunctionState } from "./function-state";
import { OperatorState } from "./operator-state";
import {
  FunctionInitializationContext,
  FunctionSnapshotContext,
  OperatorStateStore,
} from "./operator-state-store";
import { Collector, RowView } from "./row";
import {
  AggregatingState,
  AggregatingStateDescriptor,
} from "./state/aggregating-state";
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { ListState, ListStateDescriptor } from "./state/list-state";
import { MapState, MapStateDescriptor } from "./state/map-state";
import { ReducingState, ReducingStateDescriptor } from "./state/reducing-state";
import { StateSlot } from "./state/state-slot";
import { ValueState, ValueStateDescriptor } from "./state/value-state";
import { resetTextScratch } from "./text";

/**
 * What a function may ask about where it runs (Flink: RuntimeContext); `open` gets it.
 *
 *     open(context: RuntimeContext): void {
 *       this.seed = context.subtask;
 *     }
 */
export class RuntimeContext {
  __backend: KeyedStateBackend | null = null;
  __operatorState: OperatorStateStore | null = null;
  /** What was wrong with a state that was asked for. */
  __problem: string | null = null;

  /** @internal The runtime makes it. */
  constructor(private config: OpenConfig) {}

  /**
   * A state of the current key: to be asked for in open(), of a function on a keyed stream.
   *
   *     open(context: RuntimeContext): void {
   *       this.count = context.getState(new ValueStateDescriptor<i64>("count"));
   *     }
   * Asked for later than in open() it traps.
   * @throws BUNDLE_COMPILE_FAILED in a function without keys, or where two states have one name; OPERATOR_OPEN_FAILED for what the build cannot see, and for more than 32 states
   */
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    const state = new ValueState<T>(descriptor);
    this.register(state);
    return state;
  }

  /** A list for each key; see getState(). */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const state = new ListState<T>(descriptor);
    this.register(state);
    return state;
  }

  /** A map for each key; see getState(). */
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const state = new MapState<K, V>(descriptor);
    this.register(state);
    return state;
  }

  /** A value for each key into which others are folded; see getState(). */
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const state = new ReducingState<T>(descriptor);
    this.register(state);
    return state;
  }

  /** An accumulator for each key; see getState(). */
  getAggregatingState<In, Acc, Out>(
    descriptor: AggregatingStateDescriptor<In, Acc, Out>,
  ): AggregatingState<In, Acc, Out> {
    const state = new AggregatingState<In, Acc, Out>(descriptor);
    this.register(state);
    return state;
  }

  /**
   * The state that the broadcast side writes and both sides read: the same in every subtask.
   * @throws BUNDLE_COMPILE_FAILED, or OPERATOR_OPEN_FAILED, of a function without a broadcast stream
   */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    return this.getOperatorStateStore().getBroadcastState<K, V>(descriptor);
  }

  /** States of the subtask that belong to no key; of window functions: none. */
  getOperatorStateStore(): OperatorStateStore {
    const store = this.__operatorState;
    if (store !== null) return store;
    this.__problem = "a function over windows has no operator state";
    return new OperatorStateStore(new OperatorState(), false);
  }

  private register(state: StateSlot): void {
    const backend = this.__backend;
    if (backend !== null) backend.register(state);
    else this.__problem = "state " + state.name + " needs a keyed stream: use it behind keyBy, in a keyed function";
  }

  /** Which of the operator's parallel copies this is, from 0. */
  get subtask(): i32 {
    return this.config.subtask;
  }

  /** How many parallel copies the operator has. */
  get parallelism(): i32 {
    return this.config.parallelism;
  }

  /** The number of key groups: the highest parallelism that the job may ever have. */
  get maxParallelism(): i32 {
    return this.config.maxParallelism;
  }

  /** Counters, gauges and histograms, which the job's metrics show. */
  getMetricGroup(): MetricGroup {
    return this.config.metrics;
  }

  /** Lines in the log; it lets so many a second through. */
  getLogger(): Logger {
    return new Logger();
  }

  /** Parameters that the job gave; use get("name").int(default) and the like. */
  get parameters(): JsonValue {
    return this.config.parameters;
  }
}

/**
 * Base of all functions: life cycle and context (Flink: RichFunction). Extend one of those below, not this
 * one. Fields live as long as the subtask and are in no snapshot: what has to survive is state.
 *
 * A throw or a trap at a row (`assert`, an index out of range) is as failRow(): the vertex's `onRowError` says whether
 * the task fails (OPERATOR_FAILED), or the row is dropped or sent to the dead letters. The row then leaves no trace:
 * its state, timers and results are undone, its changes of the function's fields too (docs/sdk-operators.md, "Code that fails at a row").
 *
 *     open(context: RuntimeContext): void {
 *       this.seed = context.parameters.get("seed").int(7);
 *       if (this.seed < 0) this.failRow("seed: it must not be negative");
 *     }
 *
 *     close(): void {
 *       this.seed = 0;
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED with the message of a failRow() in open(); OPERATOR_FAILED for what throws or traps
 */
export abstract class RichFunction {
  __context: RuntimeContext | null = null;
  __failure: string | null = null;

  /** Fills the fields declared as parameters; generated where there are any. */
  __configure(parameters: JsonValue): void {}

  /** Asks for the states of fields declared as such; generated where there are any. */
  __openStates(context: RuntimeContext): void {}

  /**
   * Called once before the first row, also after a restore: here state is asked for, and what rows need made. State is
   * not read here: it may be restored after this.
   */
  open(context: RuntimeContext): void {}

  /**
   * Called once behind open(), before the first row, when state has been restored: asks for states of the
   * subtask, and reads them (Flink: CheckpointedFunction.initializeState).
   *
   *     initializeState(context: FunctionInitializationContext): void {
   *       const store = context.getOperatorStateStore();
   *       this.buffered = store.getListState(new ListStateDescriptor<i64>("buffered"));
   *       const restored = this.buffered.get();
   *       while (restored.next()) this.sum += restored.value;
   *     }
   */
  initializeState(context: FunctionInitializationContext): void {}

  /**
   * Called before each snapshot: puts into state what is to be in it. No key is current
   * (Flink: CheckpointedFunction.snapshotState).
   */
  snapshotState(context: FunctionSnapshotContext): void {}

  /**
   * Called once when the task ends or is cancelled; not after a failure, where the module is dropped.
   */
  close(): void {}

  /**
   * Refuses the present row: the vertex's `onRowError` says whether the task fails (ROW_FAILED), the
   * row is dropped and counted, or goes to the dead letters. Return behind it; nothing is thrown, so rows that were
   * collected and state that was written before it stay (not in windows): refuse first, or throw, which undoes the row as a
   * whole where `onRowError` is not `fail`. Where there is
   * no row, it is as a throw (`getResult`, `onTimer`, a window that fires); in `open`, `poll` and `partition` it ends the task.
   */
  failRow(message: string): void {
    this.__failure = message;
  }
}

/**
 * One row in, one row out (Flink: MapFunction).
 *
 *     @operator
 *     class ToFahrenheit extends MapFunction<Reading, Reading> {
 *       map(value: Reading, out: Reading): void {
 *         out.device = value.device;
 *         out.degrees = value.degrees * 1.8 + 32;
 *       }
 *     }
 */
export abstract class MapFunction<In extends RowView, Out extends RowView> extends RichFunction {
  /**
   * Called for each row: fill `out` from `value`. It leaves when map returns, unless `failRow()` was
   * called. Both are views that live until it returns: copy what is to be kept.
   */
  abstract map(value: In, out: Out): void;
}

/**
 * Keeps the rows for which it says true, all columns as they are (Flink: FilterFunction).
 *
 *     @operator
 *     class Hot extends FilterFunction<Reading> {
 *       filter(value: Reading): bool {
 *         return value.degrees > 40;
 *       }
 *     }
 */
export abstract class FilterFunction<In extends RowView> extends RichFunction {
  /** Called for each row: true lets it pass as it is, with its timestamp. */
  abstract filter(value: In): bool;
}

/**
 * One row in, any number out (Flink: FlatMapFunction). What was collected before `failRow()` stays.
 *
 *     @operator
 *     class SplitWords extends FlatMapFunction<Line, Word> {
 *       flatMap(value: Line, out: Collector<Word>): void {
 *         const words = value.line.words();
 *         while (words.next()) {
 *           out.row().word = words.value;
 *           out.collect();
 *         }
 *       }
 *     }
 */
export abstract class FlatMapFunction<
  In extends RowView,
  Out extends RowView,
> extends RichFunction {
  /**
   * Called for each row: for each row that is to leave, fill `out.row()` and call `out.collect()`.
   */
  abstract flatMap(value: In, out: Collector<Out>): void;
}

/**
 * Gives the key of a row; its fields travel behind the row's own columns (Flink: KeySelector).
 *
 *     @operator
 *     class ByArea extends KeySelector<Reading, Area> {
 *       getKey(value: Reading, key: Area): void {
 *         key.area = value.device.slice(0, 2);
 *       }
 *     }
 */
export abstract class KeySelector<In extends RowView, Key extends RowView> extends RichFunction {
  /** Called for each row: write the key's fields. The same row must always give the same key. */
  abstract getKey(value: In, key: Key): void;
}

/** Shared by the operators that call a function for each row of one input. */
export abstract class FunctionOperator<
  F extends RichFunction,
  In extends RowView,
> extends RecordOperator {
  fn: F = instantiate<F>();
  input: In = instantiate<In>();
  /** State of the subtask that belongs to no key. */
  protected state!: FunctionState;

  open(): i32 {
    this.input.__bindInput(this.config.inputs[0]);
    this.state = new FunctionState(this.fn, this.takesBroadcast());
    const context = new RuntimeContext(this.config);
    context.__backend = this.keyedBackend();
    context.__operatorState = this.state.store;
    this.fn.__context = context;
    this.fn.__configure(this.config.parameters);
    this.fn.__openStates(context);
    this.fn.open(context);
    if (context.__problem !== null) return this.refuse(context.__problem!);
    if (this.state.problem !== null) return this.refuse(this.state.problem!);
    const failure = this.fn.__failure;
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  /** Where the function's keyed state lies; null: it has none. */
  keyedBackend(): KeyedStateBackend | null {
    return null;
  }

  /** Whether its second input is broadcast: only then is there broadcast state. */
  takesBroadcast(): bool {
    return false;
  }

  /** Whether keyed state was restored. */
  protected hasRestoredKeys(): bool {
    return false;
  }

  start(): void {
    this.state.start(this.hasRestoredKeys());
  }

  /** Fixes what a snapshot is of. */
  protected beginSnapshot(checkpoint: i64, since: i64): void {
    this.state.begin(checkpoint, since);
  }

  /** Chunks of keyed state, CHUNK or SLICE_OVER; DONE where there are no more. */
  protected snapshotKeys(budget: i32): i32 {
    return Status.DONE;
  }

  /** The keyed state by key group, then that of the subtask. */
  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    if (!this.state.inSnapshot) this.beginSnapshot(checkpoint, since);
    const status = this.snapshotKeys(budget);
    return status == Status.DONE ? this.state.snapshot(this.result, budget) : status;
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    const own = this.state.own;
    own.restore(start, length);
    this.stateBytes = own.bytes;
    return own.problem === null ? Status.DONE : this.refuse(own.problem!);
  }

  process(input: i32, block: usize, budget: i32): i32 {
    const status = super.process(input, block, budget);
    if (this.state.own.isUsed) this.stateBytes = this.state.own.bytes;
    return status;
  }

  attach(reader: BatchReader): void {
    this.input.__attach(reader);
    // Of a batch without changes beginRow() sets none: that of the row before would stay.
    this.input.kind = 0;
  }

  close(): void {
    this.fn.close();
    this.state.own.close();
  }

  /** Points the input at the i-th row to visit and the outputs at its timestamp. */
  // @ts-ignore: decorator
  @inline
  beginRow(i: i32): i32 {
    resetTextScratch();
    const reader = this.reader;
    const row = reader.physical(i);
    noteRow(row);
    if (this.undoes) this.beginRowUnit(i);
    this.input.__index = row;
    if (reader.change != 0) this.input.kind = reader.rowKind(row);
    const writer = unchecked(this.writers[0]);
    writer.hasTimestamp = reader.hasTimestamp(row);
    if (writer.hasTimestamp) writer.timestamp = reader.timestamp(row);
    return row;
  }

  /** Turns a failRow() of the author into a failed row. */
  // @ts-ignore: decorator
  @inline
  rowFailed(row: i32): bool {
    // As an address: comparing a string with null would be a call for each row.
    if (changetype<usize>(this.fn.__failure) == 0) return false;
    this.result.say(this.fn.__failure!);
    this.fn.__failure = null;
    this.failedRow = row;
    return true;
  }
}

/** Runs a MapFunction. */
export class MapOperator<
  F extends MapFunction<In, Out>,
  In extends RowView,
  Out extends RowView,
> extends FunctionOperator<F, In> {
  private collector!: Collector<Out>;

  open(): i32 {
    this.collector = new Collector<Out>(
      instantiate<Out>(),
      this.writers[0],
      this.config.outputs[0],
    );
    return super.open();
  }

  rows(from: i32, to: i32): i32 {
    const out = this.collector;
    const writer = unchecked(this.writers[0]);
    out.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      const result = out.row();
      result.kind = this.input.kind;
      this.fn.map(this.input, result);
      if (this.rowFailed(row)) {
        writer.abandonRow();
        out.begin();
        return i + 1;
      }
      out.collect();
      if (writer.full) return i + 1;
    }
    return to;
  }
}

/** Runs a FlatMapFunction. */
export class FlatMapOperator<
  F extends FlatMapFunction<In, Out>,
  In extends RowView,
  Out extends RowView,
> extends FunctionOperator<F, In> {
  private collector!: Collector<Out>;

  open(): i32 {
    this.collector = new Collector<Out>(
      instantiate<Out>(),
      this.writers[0],
      this.config.outputs[0],
    );
    return super.open();
  }

  rows(from: i32, to: i32): i32 {
    const out = this.collector;
    const writer = unchecked(this.writers[0]);
    out.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      this.fn.flatMap(this.input, out);
      if (this.rowFailed(row)) {
        writer.abandonRow();
        out.begin();
        return i + 1;
      }
      if (writer.full) return i + 1;
    }
    return to;
  }
}
