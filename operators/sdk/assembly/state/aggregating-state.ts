/** An accumulator per key (Flink: AggregatingState). */
import { align8 } from "../layout";
import { processingTime } from "../processing-time";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { RECORD_VALUE } from "./state-record";
import { StateSlot, TTL_BYTES } from "./state-slot";
import { StateTtlConfig } from "./state-ttl";

/**
 * How an AggregatingState gathers values (Flink: AggregateFunction). `Acc` is an `@accumulator` class, a
 * plain record of numbers that is changed in place; `Out` is a number, bool or `@row` class. There is no
 * merge(): states of keys never meet.
 *
 *     @accumulator
 *     class SumAndCount {
 *       sum: f64;
 *       count: i64;
 *     }
 *
 *     class Mean extends StateAggregateFunction<f64, SumAndCount, f64> {
 *       createAccumulator(accumulator: SumAndCount): void {
 *         accumulator.count = 0; // as all fields begin
 *       }
 *       add(value: f64, accumulator: SumAndCount): void {
 *         accumulator.sum += value;
 *         accumulator.count++;
 *       }
 *       getResult(accumulator: SumAndCount): f64 {
 *         return accumulator.sum / <f64>accumulator.count;
 *       }
 *     }
 */
export abstract class StateAggregateFunction<In, Acc, Out> {
  /** Gives a new accumulator its first values; all fields are 0 before. */
  createAccumulator(accumulator: Acc): void {}
  /** Adds a value to an accumulator. */
  abstract add(value: In, accumulator: Acc): void;
  /** The result of an accumulator. */
  abstract getResult(accumulator: Acc): Out;
}

/**
 * Names and types an AggregatingState (Flink: AggregatingStateDescriptor). `Acc` is the `@accumulator` class.
 *
 *     open(context: RuntimeContext): void {
 *       const mean = new AggregatingStateDescriptor<f64, SumAndCount, f64>("mean", new Mean());
 *       this.mean = context.getAggregatingState(mean);
 *     }
 *
 * @throws as RuntimeContext.getState()
 */
export class AggregatingStateDescriptor<In, Acc, Out> {
  __ttl: StateTtlConfig | null = null;

  /**
   * Describes the state `name`: unique in the operator, and what snapshots know it by.
   * @param aggregateFunction how values are gathered
   */
  constructor(
    readonly name: string,
    readonly aggregateFunction: StateAggregateFunction<In, Acc, Out>,
  ) {}

  /** Lets accumulators expire (Flink: StateDescriptor.enableTimeToLive). */
  enableTimeToLive(config: StateTtlConfig): void {
    this.__ttl = config;
  }
}

/**
 * An accumulator for each key, to which add() gives values and of which get() tells the result (Flink:
 * AggregatingState). It lives until clear(), or until its time to live is over.
 *
 *     this.mean.add(21.5); // asked for in open(): see AggregatingStateDescriptor
 *     const mean = this.mean.get();
 *
 * @throws OPERATOR_FAILED where add() is called without a current key: in open(), or on a broadcast side
 */
export class AggregatingState<In, Acc, Out> extends StateSlot {
  private lead: usize = 0;
  private fn!: StateAggregateFunction<In, Acc, Out>;
  /** The result where there is no accumulator, and of one that has just expired. */
  private spare: usize = heap.alloc(align8(offsetof<Acc>()));

  /** @internal The runtime makes it. */
  constructor(descriptor: AggregatingStateDescriptor<In, Acc, Out>) {
    super(descriptor.name, descriptor.__ttl);
    this.fn = descriptor.aggregateFunction;
    if (this.isTimed) this.lead = <usize>TTL_BYTES;
  }

  /** Adds a value to the key's accumulator. */
  add(value: In): void {
    const entry = this.backend.writable();
    const at = entry + this.offset;
    const accumulator = at + this.lead;
    const fresh =
      !this.isPresent(entry) ||
      (this.isTimed && !this.ttl.givesExpired && this.ttl.isExpired(load<i64>(at)));
    if (fresh) this.begin(accumulator);
    if (this.isTimed) store<i64>(at, processingTime());
    this.fn.add(value, changetype<Acc>(accumulator));
    this.markPresent(entry);
  }

  /** The result; of a new accumulator where the key has none (isEmpty() tells). */
  get(): Out {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return this.resultOfNone();
    const at = entry + this.offset;
    if (!this.isTimed) return this.fn.getResult(changetype<Acc>(at));
    if (this.ttl.isExpired(load<i64>(at))) {
      memory.copy(this.spare, at + this.lead, align8(offsetof<Acc>()));
      this.clear();
      return this.ttl.givesExpired ? this.fn.getResult(changetype<Acc>(this.spare)) : this.resultOfNone();
    }
    if (this.ttl.renewsOnRead) {
      this.backend.touch(entry);
      store<i64>(at, processingTime());
    }
    return this.fn.getResult(changetype<Acc>(at + this.lead));
  }

  /** Whether the key has no accumulator. */
  isEmpty(): bool {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return true;
    return this.isTimed && !this.ttl.givesExpired && this.ttl.isExpired(load<i64>(entry + this.offset));
  }

  /** Leaves the key without an accumulator. */
  clear(): void {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return;
    this.backend.touch(entry);
    this.__drop(entry);
    this.markAbsent(entry);
  }

  private begin(accumulator: usize): void {
    memory.fill(accumulator, 0, align8(offsetof<Acc>()));
    this.fn.createAccumulator(changetype<Acc>(accumulator));
  }

  private resultOfNone(): Out {
    this.begin(this.spare);
    return this.fn.getResult(changetype<Acc>(this.spare));
  }

  __typeText(): string {
    return "AggregatingState<" + offsetof<Acc>().toString() + " bytes>";
  }

  __slotBytes(): i32 {
    return <i32>(this.lead + align8(offsetof<Acc>()));
  }

  __held(): u64 {
    return 0;
  }

  __drop(entry: usize): void {
    memory.fill(entry + this.offset, 0, this.__slotBytes());
  }

  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const at = entry + this.offset;
    if (this.ttl.skipsInSnapshot && this.ttl.isExpired(load<i64>(at))) return;
    const bytes = this.__slotBytes();
    const target = this.backend.addRecord(chunk, RECORD_VALUE, this.index, entry, bytes);
    memory.copy(target, at, bytes);
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    let skipped: usize = 0;
    if (timed) skipped = <usize>TTL_BYTES;
    const at = entry + this.offset;
    if (this.isTimed) store<i64>(at, timed ? load<i64>(chunk.value) : processingTime());
    memory.copy(at + this.lead, chunk.value + skipped, align8(offsetof<Acc>()));
    this.markPresent(entry);
  }

  __close(): void {
    heap.free(this.spare);
  }
}
