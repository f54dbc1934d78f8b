/** Process functions on a keyed and a broadcast stream (Flink: KeyedBroadcastProcessFunction). */
import { RichFunction } from "./functions";
import { CurrentKey, KeyedContext, TimeDomain } from "./keyed-process-function";
import { Operator } from "./operator";
import { Collector, RowView } from "./row";
import { KeyedStateBackend, KeyVisitor } from "./state/keyed-state-backend";
import { EVENT_TIME } from "./state/internal-timer-service";
import { TwoInputOperator } from "./two-input-operator";

/**
 * What is done with each key's state (Flink: KeyedStateFunction): given to
 * KeyedBroadcastContext.applyToKeyedState(). While process() runs, the key's states are the current ones.
 *
 *     class ClearHighest extends KeyedStateFunction<Device> {
 *       constructor(private highest: ValueState<f64>) {
 *         super();
 *       }
 *       process(key: Device): void {
 *         if (key.device.startsWith(Text.from("roof"))) this.highest.clear();
 *       }
 *     }
 */
export abstract class KeyedStateFunction<K extends RowView> {
  /** Called with a key; reads and writes of state are that key's. */
  abstract process(key: K): void;
}

/**
 * What the broadcast side may ask for: side outputs, time, and all keys' state (Flink:
 * KeyedBroadcastProcessFunction.Context). One object serves all rows. It has no current key: getCurrentKey(),
 * and timers, are for the keyed side.
 *
 *     @operator
 *     class Restart extends KeyedBroadcastProcessFunction<Device, Reading, Limit, Reading> {
 *       @state highest!: ValueState<f64>;
 *       processElement(value: Reading, context: KeyedContext<Device>, out: Collector<Reading>): void {
 *         this.highest.update(max(this.highest.value(), value.degrees));
 *       }
 *       processBroadcastElement(
 *         value: Limit,
 *         context: KeyedBroadcastContext<Device>,
 *         out: Collector<Reading>,
 *       ): void {
 *         context.applyToKeyedState(new ClearHighest(this.highest));
 *       }
 *     }
 */
export class KeyedBroadcastContext<K extends RowView> extends KeyedContext<K> {
  private visitor: ApplyToKeys<K>;

  /** @internal The runtime makes it. */
  constructor(operator: Operator, private own: KeyedStateBackend, private currentKey: CurrentKey<K>) {
    super(operator, own, currentKey);
    this.visitor = new ApplyToKeys<K>(own, currentKey);
  }

  /**
   * Calls `fn` for every key of the subtask that has state or timers. Flink's
   * applyToKeyedState names one state; here all states of the key are at hand.
   */
  applyToKeyedState(fn: KeyedStateFunction<K>): void {
    this.visitor.fn = fn;
    this.own.forEachKey(this.visitor);
  }
}

class ApplyToKeys<K extends RowView> extends KeyVisitor {
  fn: KeyedStateFunction<K> | null = null;

  constructor(
    private backend: KeyedStateBackend,
    private keys: CurrentKey<K>,
  ) {
    super();
  }

  visit(): void {
    this.fn!.process(this.keys.of(this.backend));
  }
}

/**
 * A function on a keyed stream that reads state which another stream, broadcast to every subtask, writes: rules,
 * settings, small tables (Flink: KeyedBroadcastProcessFunction):
 * `readings.keyBy("device").connect(limits.broadcast()).process(ops.warmest)`. `K` is a `@row` class of the
 * key's columns. The broadcast side has no current key: there keyed state is reached by applyToKeyedState().
 *
 *     @operator
 *     class Warmest extends KeyedBroadcastProcessFunction<Device, Reading, Limit, Reading> {
 *       @state limits!: BroadcastState<Text, f64>;
 *       @state highest!: ValueState<f64>;
 *       processElement(value: Reading, context: KeyedContext<Device>, out: Collector<Reading>): void {
 *         if (value.degrees <= max(this.highest.value(), this.limits.get(value.device))) return;
 *         this.highest.update(value.degrees);
 *         out.row().device = value.device;
 *         out.collect();
 *       }
 *       processBroadcastElement(
 *         value: Limit,
 *         context: KeyedBroadcastContext<Device>,
 *         out: Collector<Reading>,
 *       ): void {
 *         this.limits.put(value.device, value.degrees);
 *       }
 *     }
 *
 * @throws JOB_KEY_MISSING, JOB_KEY_CLASS_MISMATCH, JOB_BROADCAST_MISSING for streams that do not fit; OPERATOR_FAILED where the broadcast side writes keyed state or sets a timer
 */
export abstract class KeyedBroadcastProcessFunction<
  K extends RowView,
  In extends RowView,
  Broadcast extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called once before the first record, with the context that the others get: for side outputs. */
  openProcess(context: KeyedBroadcastContext<K>): void {}
  /** Called for each record of the keyed stream: broadcast state can be read only. */
  abstract processElement(value: In, context: KeyedContext<K>, out: Collector<Out>): void;
  /** Called for each record of the broadcast stream, in every subtask: it may change broadcast state. */
  abstract processBroadcastElement(
    value: Broadcast,
    context: KeyedBroadcastContext<K>,
    out: Collector<Out>,
  ): void;
  /** Called when a timer of the current key fires. */
  onTimer(timestamp: i64, context: KeyedContext<K>, out: Collector<Out>): void {}
  /** The compiler says false where the class has no onTimer(). */
  __usesTimers(): bool {
    return true;
  }
}

/** Runs a KeyedBroadcastProcessFunction: input 0 is keyed, input 1 broadcast. */
export class KeyedBroadcastProcessOperator<
  F extends KeyedBroadcastProcessFunction<K, In, Broadcast, Out>,
  K extends RowView,
  In extends RowView,
  Broadcast extends RowView,
  Out extends RowView,
> extends TwoInputOperator<F, In, Broadcast> {
  private context!: KeyedBroadcastContext<K>;
  private collector!: Collector<Out>;

  open(): i32 {
    const writer = this.writers[0];
    this.collector = new Collector<Out>(instantiate<Out>(), writer, this.config.outputs[0]);
    const status = super.open();
    if (status != 0) return status;
    const keys = new CurrentKey<K>(this.config.inputs[0]);
    this.context = new KeyedBroadcastContext<K>(this, this.backend, keys);
    this.fn.openProcess(this.context);
    return status;
  }

  protected usesTimers(): bool {
    return this.fn.__usesTimers();
  }

  takesBroadcast(): bool {
    return true;
  }

  rows(from: i32, to: i32): i32 {
    const out = this.collector;
    const keyed = this.side == 0;
    this.state.own.readOnly = keyed;
    this.backend.hasKey = keyed;
    if (keyed) {
      this.backend.attach(this.reader, 0);
      this.backend.locate(from, to);
    }
    out.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginSide(i);
      this.one(i, row, keyed);
      if (this.rowFailed(row)) {
        unchecked(this.writers[0]).abandonRow();
        out.begin();
        return i + 1;
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }

  private one(i: i32, row: i32, keyed: bool): void {
    const context = this.context;
    const backend = this.backend;
    const writer = unchecked(this.writers[0]);
    context.hasTimestamp = writer.hasTimestamp;
    context.timestamp = writer.timestamp;
    this.stampSides(writer.hasTimestamp ? writer.timestamp : i64.MIN_VALUE);
    if (keyed) {
      backend.select(i, row);
      this.fn.processElement(this.input, context, this.collector);
      backend.release();
    } else {
      backend.current = 0;
      this.fn.processBroadcastElement(this.input2, context, this.collector);
    }
  }

  fire(domain: i32, time: i64): void {
    const context = this.context;
    const timed = domain == EVENT_TIME;
    this.state.own.readOnly = true;
    this.stampTimer(timed, time);
    context.hasTimestamp = true;
    context.timestamp = time;
    context.timeDomain = timed ? TimeDomain.EVENT_TIME : TimeDomain.PROCESSING_TIME;
    this.collector.begin();
    this.fn.onTimer(time, context, this.collector);
  }
}
