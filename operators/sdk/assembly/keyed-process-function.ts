/** Process functions on keyed streams (Flink: KeyedProcessFunction). */
import { BatchReader } from "./batch-reader";
import { KeyBlock } from "./key-block";
import { RichFunction } from "./functions";
import { KeyedOperator } from "./keyed-operator";
import { OpenStream } from "./open-config";
import { Operator } from "./operator";
import { Collector, RowView } from "./row";
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { EVENT_TIME } from "./state/internal-timer-service";
import { TimerService } from "./timer-service";

/**
 * Which clock a timer belongs to (Flink: TimeDomain).
 *
 * Given by KeyedContext.timeDomain in onTimer().
 *
 *     onTimer(timestamp: i64, context: KeyedContext<Word>, out: Collector<Line>): void {
 *       if (context.timeDomain == TimeDomain.PROCESSING_TIME) this.count.clear();
 *     }
 */
export enum TimeDomain {
  EVENT_TIME,
  PROCESSING_TIME,
}

/**
 * What a keyed function may ask about the present record or timer (Flink: KeyedProcessFunction.Context,
 * OnTimerContext). One object serves all of them: what it tells is valid until the method returns.
 *
 *     processElement(value: Line, context: KeyedContext<Word>, out: Collector<Line>): void {
 *       if (!context.hasTimestamp || context.getCurrentKey().word.isEmpty()) return;
 *       context.timerService().registerEventTimeTimer(context.timestamp + 60_000);
 *     }
 */
export class KeyedContext<K extends RowView> {
  /** Whether the record has a timestamp. */
  hasTimestamp: bool = false;
  /** Its timestamp, ms, only where hasTimestamp; in onTimer() the timer's time. */
  timestamp: i64 = 0;
  /** In onTimer(): the clock that fired. */
  timeDomain: TimeDomain = TimeDomain.EVENT_TIME;
  private timers: TimerService;

  /** @internal The runtime makes it. */
  constructor(
    private operator: Operator,
    private backend: KeyedStateBackend,
    private keys: CurrentKey<K>,
  ) {
    this.timers = new TimerService(operator, backend);
  }

  /** Time and timers of the current key. */
  timerService(): TimerService {
    return this.timers;
  }

  /** The key of the record or timer: its columns, in a row that is valid until the next call. */
  getCurrentKey(): K {
    return this.keys.of(this.backend);
  }

  /**
   * Collector of side output `index`: 1 is that of the first `@sideOutput`. Ask once, in openProcess(), and
   * keep it in a field (Flink: Context.output, which looks the tag up for each row).
   * @throws OPERATOR_FAILED for a number that is not there
   */
  sideOutput<T extends RowView>(index: i32): Collector<T> {
    const operator = this.operator;
    assert(index > 0 && index < operator.ownOutputs, "no side output of that number");
    const stream = operator.config.outputs[index];
    return new Collector<T>(instantiate<T>(), operator.writers[index], stream);
  }
}

/**
 * A function called for each record of a keyed stream and for each timer that it has set (Flink:
 * KeyedProcessFunction): `readings.keyBy("device").process(ops.findQuiet)`. `K` is a `@row` class of the key's
 * columns, by name and type those of keyBy().
 *
 *     @operator
 *     class FindQuiet extends KeyedProcessFunction<Device, Reading, Device> {
 *       @state last!: ValueState<i64>;
 *       processElement(value: Reading, context: KeyedContext<Device>, out: Collector<Device>): void {
 *         this.last.update(context.timestamp);
 *         context.timerService().registerEventTimeTimer(context.timestamp + 60_000);
 *       }
 *       onTimer(timestamp: i64, context: KeyedContext<Device>, out: Collector<Device>): void {
 *         if (this.last.value() + 60_000 != timestamp) return;
 *         out.row().device = context.getCurrentKey().device;
 *         out.collect();
 *       }
 *     }
 *
 * @throws JOB_KEY_MISSING, JOB_KEY_CLASS_MISMATCH for a stream that is not keyed as `K` says
 */
export abstract class KeyedProcessFunction<
  K extends RowView,
  In extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called once before the first record, with the context that the others get: for side outputs. */
  openProcess(context: KeyedContext<K>): void {}
  /** Called for each record; its key is the current one. */
  abstract processElement(value: In, context: KeyedContext<K>, out: Collector<Out>): void;
  /** Called when a timer of the current key fires. */
  onTimer(timestamp: i64, context: KeyedContext<K>, out: Collector<Out>): void {}
  /** The compiler says false where the class has no onTimer(). */
  __usesTimers(): bool {
    return true;
  }
}

/** Decodes the current key into a row, when it is asked for. */
export class CurrentKey<K extends RowView> {
  private view: K = instantiate<K>();
  private block: KeyBlock;
  private reader: BatchReader = new BatchReader();

  constructor(input: OpenStream) {
    this.block = new KeyBlock(input);
    this.view.__bindInput(this.block.columns);
  }

  of(backend: KeyedStateBackend): K {
    const start = backend.keyStart;
    this.reader.attach(this.block.of(start, backend.keyLength));
    this.view.__attach(this.reader);
    this.view.__index = 0;
    return this.view;
  }
}

/** Runs a KeyedProcessFunction. */
export class KeyedProcessOperator<
  F extends KeyedProcessFunction<K, In, Out>,
  K extends RowView,
  In extends RowView,
  Out extends RowView,
> extends KeyedOperator<F, In> {
  private context!: KeyedContext<K>;
  private collector!: Collector<Out>;

  open(): i32 {
    this.collector = new Collector<Out>(
      instantiate<Out>(),
      this.writers[0],
      this.config.outputs[0],
    );
    const status = super.open();
    if (status != 0) return status;
    this.context = new KeyedContext<K>(
      this,
      this.backend,
      new CurrentKey<K>(this.config.inputs[0]),
    );
    this.fn.openProcess(this.context);
    return status;
  }

  protected usesTimers(): bool {
    return this.fn.__usesTimers();
  }

  rows(from: i32, to: i32): i32 {
    const out = this.collector;
    const context = this.context;
    const backend = this.backend;
    backend.attach(this.reader, 0);
    backend.locate(from, to);
    out.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      const writer = unchecked(this.writers[0]);
      context.hasTimestamp = writer.hasTimestamp;
      context.timestamp = writer.timestamp;
      this.stampSides(writer.hasTimestamp ? writer.timestamp : i64.MIN_VALUE);
      backend.select(i, row);
      this.fn.processElement(this.input, context, out);
      backend.release();
      if (this.rowFailed(row)) {
        writer.abandonRow();
        out.begin();
        return i + 1;
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }

  fire(domain: i32, time: i64): void {
    const context = this.context;
    const timed = domain == EVENT_TIME;
    this.stampTimer(timed, time);
    context.hasTimestamp = true;
    context.timestamp = time;
    context.timeDomain = timed ? TimeDomain.EVENT_TIME : TimeDomain.PROCESSING_TIME;
    this.collector.begin();
    this.fn.onTimer(time, context, this.collector);
  }
}
