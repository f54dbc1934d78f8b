/** One value per key (Flink: ValueState). */
import { processingTime } from "../processing-time";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { RECORD_VALUE } from "./state-record";
import { StateSlot, TTL_BYTES } from "./state-slot";
import { StateTtlConfig } from "./state-ttl";
import { ValueCodec } from "./value-codec";

/**
 * Names and types a ValueState (Flink: ValueStateDescriptor). A field `@state count!: ValueState<i64>` needs none.
 *
 *     open(context: RuntimeContext): void {
 *       this.count = context.getState(new ValueStateDescriptor<i64>("count"));
 *     }
 *
 * @throws as RuntimeContext.getState()
 */
export class ValueStateDescriptor<T> {
  __ttl: StateTtlConfig | null = null;

  /** Describes the state `name`: unique in the operator, and what snapshots know it by. */
  constructor(readonly name: string) {}

  /** Lets values expire (Flink: StateDescriptor.enableTimeToLive). */
  enableTimeToLive(config: StateTtlConfig): void {
    this.__ttl = config;
  }
}

/**
 * A value for each key (Flink: ValueState). `T` is a number, bool, Text or a `@row` class; it is copied into
 * the state. It lives until clear(), or until its time to live is over.
 *
 *     const count = this.count.value() + 1; // 0 where there is none
 *     this.count.update(count);
 *
 * @throws OPERATOR_FAILED where it is written without a current key: in open(), or on a broadcast side
 */
export class ValueState<T> extends StateSlot {
  private codec: ValueCodec<T> = new ValueCodec<T>();
  private lead: usize = 0;

  /** @internal The runtime makes it. */
  constructor(descriptor: ValueStateDescriptor<T>) {
    super(descriptor.name, descriptor.__ttl);
    if (this.isTimed) this.lead = <usize>TTL_BYTES;
  }

  /**
   * The key's value; where there is none 0, false, an empty text or a row of nulls and zeros
   * (isEmpty() tells). Text and rows are valid until the row ends; a row that is
   * changed is not stored before update().
   */
  value(): T {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return this.codec.absent();
    if (!this.isTimed) return this.codec.read(entry + this.offset);
    return this.timedValue(entry);
  }

  /** Whether the key has no value. */
  isEmpty(): bool {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return true;
    return this.isTimed && !this.ttl.givesExpired && this.ttl.isExpired(load<i64>(entry + this.offset));
  }

  /** Makes it the key's value. */
  update(value: T): void {
    const entry = this.backend.writable();
    if (this.isTimed) store<i64>(entry + this.offset, processingTime());
    this.codec.write(entry + this.offset + this.lead, value);
    this.markPresent(entry);
  }

  /** Leaves the key without a value. */
  clear(): void {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return;
    this.backend.touch(entry);
    this.__drop(entry);
    this.markAbsent(entry);
  }

  /** Whether an entry has a value to fold others into (Flink: AbstractTtlDecorator.getUnexpired). */
  protected hasUsable(entry: usize): bool {
    if (!this.isPresent(entry)) return false;
    return !this.isTimed || this.ttl.givesExpired || !this.ttl.isExpired(load<i64>(entry + this.offset));
  }

  protected usable(entry: usize): T {
    return this.codec.read(entry + this.offset + this.lead);
  }

  /** Flink: TtlValueState.value. */
  private timedValue(entry: usize): T {
    const at = entry + this.offset;
    if (this.ttl.isExpired(load<i64>(at))) {
      if (!this.ttl.givesExpired) {
        this.clear();
        return this.codec.absent();
      }
      const last = this.codec.readOut(at + this.lead);
      this.clear();
      return last;
    }
    if (this.ttl.renewsOnRead) {
      this.backend.touch(entry);
      store<i64>(at, processingTime());
    }
    return this.codec.read(at + this.lead);
  }

  __typeText(): string {
    return "ValueState<" + this.codec.typeText + ">";
  }

  __slotBytes(): i32 {
    return <i32>this.lead + this.codec.slotBytes;
  }

  __held(): u64 {
    return this.codec.held;
  }

  __drop(entry: usize): void {
    this.codec.free(entry + this.offset + this.lead);
  }

  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const at = entry + this.offset;
    if (this.ttl.skipsInSnapshot && this.ttl.isExpired(load<i64>(at))) return;
    const bytes = <i32>this.lead + this.codec.storedBytes(at + this.lead);
    const target = this.backend.addRecord(chunk, RECORD_VALUE, this.index, entry, bytes);
    if (this.isTimed) store<i64>(target, load<i64>(at));
    this.codec.store(at + this.lead, target + this.lead);
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    const skipped = timed ? TTL_BYTES : 0;
    const at = entry + this.offset;
    if (this.isTimed) store<i64>(at, timed ? load<i64>(chunk.value) : processingTime());
    if (this.isPresent(entry)) this.__drop(entry);
    this.codec.load(at + this.lead, chunk.value + <usize>skipped, chunk.valueBytes - skipped);
    this.markPresent(entry);
  }
}
