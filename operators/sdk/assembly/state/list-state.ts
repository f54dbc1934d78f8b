/** A list per key (Flink: ListState). */
import { align8 } from "../layout";
import { processingTime } from "../processing-time";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { StateSlot, TTL_BYTES } from "./state-slot";
import { RECORD_VALUE } from "./state-record";
import { StateTtl, StateTtlConfig } from "./state-ttl";
import { ValueCodec } from "./value-codec";

/** Slot: u32 buffer, u32 used, u32 capacity, u32 count. */
const LIST_BYTES: i32 = 16;
const LIST_USED: usize = 4;
const LIST_CAPACITY: usize = 8;
const LIST_COUNT: usize = 12;
const FIRST_CAPACITY: usize = 64;

/**
 * Names and types a ListState (Flink: ListStateDescriptor). A field `@state recent!: ListState<f64>` needs none.
 *
 *     open(context: RuntimeContext): void {
 *       this.recent = context.getListState(new ListStateDescriptor<f64>("recent"));
 *     }
 *
 * @throws as RuntimeContext.getState()
 */
export class ListStateDescriptor<T> {
  __ttl: StateTtlConfig | null = null;

  /** Describes the state `name`: unique in the operator, and what snapshots know it by. */
  constructor(readonly name: string) {}

  /** Lets elements expire, each for itself (Flink: StateDescriptor.enableTimeToLive). */
  enableTimeToLive(config: StateTtlConfig): void {
    this.__ttl = config;
  }
}

/**
 * A list for each key (Flink: ListState). `T` is a number, bool, Text or a `@row` class; values are copied
 * into the state. It lives until clear(), its elements each until their time to live is over.
 *
 *     this.recent.add(21.5);
 *     this.recent.addAll([22, 22.5]);
 *     let sum: f64 = 0;
 *     const recent = this.recent.get();
 *     while (recent.next()) sum += recent.value;
 *
 * @throws OPERATOR_FAILED where it is written without a current key: in open(), or on a broadcast side
 */
export class ListState<T> extends StateSlot {
  private codec: ValueCodec<T> = new ValueCodec<T>();
  private lead: usize = 0;
  private heldBytes: u64 = 0;
  private values!: ListValues<T>;
  /** A slot that a value passes through on its way into the buffer. */
  private passing: usize = 0;

  /** @internal The runtime makes it. */
  constructor(descriptor: ListStateDescriptor<T>) {
    super(descriptor.name, descriptor.__ttl);
    if (this.isTimed) this.lead = <usize>TTL_BYTES;
    this.values = new ListValues<T>(this.codec, this.lead, this.ttl);
    this.passing = heap.alloc(this.codec.slotBytes);
    memory.fill(this.passing, 0, this.codec.slotBytes);
  }

  /** A walk over the key's elements, in their order; what is added meanwhile is not seen. */
  get(): ListValues<T> {
    const entry = this.backend.current;
    const values = this.values;
    values.__freeOwned();
    if (!this.isPresent(entry)) return values.__over(0, 0, 0, false);
    if (this.isTimed) return this.timedValues(entry);
    const slot = entry + this.offset;
    const count = load<i32>(slot, LIST_COUNT);
    return values.__over(load<u32>(slot), load<u32>(slot, LIST_USED), count, false);
  }

  /** Whether the key has no elements. */
  isEmpty(): bool {
    return this.get().length == 0;
  }

  /** Adds an element behind the others. */
  add(value: T): void {
    const entry = this.backend.writable();
    this.append(entry, value);
    this.markPresent(entry);
  }

  /** Adds elements behind the others, in their order. */
  addAll(values: T[]): void {
    if (values.length == 0) return;
    const entry = this.backend.writable();
    for (let i = 0; i < values.length; i++) this.append(entry, values[i]);
    this.markPresent(entry);
  }

  /** Replaces the list; an empty one clears it. */
  update(values: T[]): void {
    this.clear();
    this.addAll(values);
  }

  /** Leaves the key without elements. */
  clear(): void {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return;
    this.backend.touch(entry);
    this.__drop(entry);
    this.markAbsent(entry);
  }

  private append(entry: usize, value: T): void {
    const slot = entry + this.offset;
    this.codec.write(this.passing, value);
    const bytes = this.codec.storedBytes(this.passing);
    const size = elementBytes(this.lead, bytes, this.codec.isFixed);
    const at = this.reserve(slot, size);
    let target = at;
    if (this.isTimed) store<i64>(target, processingTime());
    target += this.lead;
    if (!this.codec.isFixed) {
      store<u64>(target, bytes);
      target += 8;
    }
    this.codec.store(this.passing, target);
    store<u32>(slot, load<u32>(slot, LIST_USED) + <u32>size, LIST_USED);
    store<u32>(slot, load<u32>(slot, LIST_COUNT) + 1, LIST_COUNT);
  }

  /** Zeroed room for `size` bytes more in the buffer. */
  private reserve(slot: usize, size: usize): usize {
    const used = <usize>load<u32>(slot, LIST_USED);
    const capacity = <usize>load<u32>(slot, LIST_CAPACITY);
    if (used + size > capacity) {
      const grown = max(max(capacity + (capacity >> 1), used + size), FIRST_CAPACITY);
      const old = <usize>load<u32>(slot);
      store<u32>(slot, <u32>(old == 0 ? heap.alloc(grown) : heap.realloc(old, grown)));
      store<u32>(slot, <u32>grown, LIST_CAPACITY);
      this.heldBytes += grown - capacity;
    }
    const at = <usize>load<u32>(slot) + used;
    memory.fill(at, 0, size);
    return at;
  }

  /** Flink: TtlListState.get, with its IteratorWithCleanup. */
  private timedValues(entry: usize): ListValues<T> {
    const slot = entry + this.offset;
    const values = this.values;
    let alive = this.countAlive(slot);
    if (alive == 0) {
      // All are expired: they go, after having been given once where that is wanted.
      this.backend.touch(entry);
      const start = load<u32>(slot);
      const used = load<u32>(slot, LIST_USED);
      const count = load<i32>(slot, LIST_COUNT);
      if (this.ttl.givesExpired) {
        this.heldBytes -= load<u32>(slot, LIST_CAPACITY);
        values.__own(<usize>start);
        memory.fill(slot, 0, LIST_BYTES);
      } else {
        this.__drop(entry);
      }
      this.markAbsent(entry);
      return this.ttl.givesExpired ? values.__over(start, used, count, false) : values.__over(0, 0, 0, false);
    }
    const count = load<i32>(slot, LIST_COUNT);
    if (this.ttl.renewsOnRead) {
      // What has expired is given for the last time, from a copy: the list itself loses it.
      if (this.ttl.givesExpired && alive < count) {
        const used = load<u32>(slot, LIST_USED);
        const copy = heap.alloc(used);
        memory.copy(copy, <usize>load<u32>(slot), used);
        values.__own(copy);
        this.renew(entry);
        return values.__over(<u32>copy, used, count, false);
      }
      this.renew(entry);
    } else if (this.ttl.givesExpired) alive = count;
    const skips = alive < load<i32>(slot, LIST_COUNT);
    return values.__over(load<u32>(slot), load<u32>(slot, LIST_USED), alive, skips);
  }

  private countAlive(slot: usize): i32 {
    const start = <usize>load<u32>(slot);
    const end = start + <usize>load<u32>(slot, LIST_USED);
    let alive = 0;
    for (let at = start; at < end; at += this.elementAt(at)) {
      if (!this.ttl.isExpired(load<i64>(at))) alive++;
    }
    return alive;
  }

  /** Keeps the elements that are not expired, with the present time (Flink: TtlListState.updateTs). */
  private renew(entry: usize): void {
    this.backend.touch(entry);
    const slot = entry + this.offset;
    const start = <usize>load<u32>(slot);
    const end = start + <usize>load<u32>(slot, LIST_USED);
    const now = processingTime();
    let to = start;
    let count = 0;
    for (let at = start; at < end; ) {
      const size = this.elementAt(at);
      if (!this.ttl.isExpired(load<i64>(at))) {
        store<i64>(at, now);
        memory.copy(to, at, size);
        to += size;
        count++;
      }
      at += size;
    }
    store<u32>(slot, <u32>(to - start), LIST_USED);
    store<u32>(slot, count, LIST_COUNT);
  }

  // @ts-ignore: decorator
  @inline
  private elementAt(at: usize): usize {
    const bytes = this.codec.isFixed ? this.codec.slotBytes : load<i32>(at + this.lead);
    return elementBytes(this.lead, bytes, this.codec.isFixed);
  }

  __typeText(): string {
    return "ListState<" + this.codec.typeText + ">";
  }

  __slotBytes(): i32 {
    return LIST_BYTES;
  }

  __held(): u64 {
    return this.heldBytes;
  }

  __close(): void {
    this.values.__freeOwned();
    heap.free(this.passing);
  }

  __drop(entry: usize): void {
    const slot = entry + this.offset;
    const buffer = <usize>load<u32>(slot);
    this.heldBytes -= load<u32>(slot, LIST_CAPACITY);
    if (buffer != 0) heap.free(buffer);
    memory.fill(slot, 0, LIST_BYTES);
  }

  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const slot = entry + this.offset;
    const used = load<i32>(slot, LIST_USED);
    const target = this.backend.addRecord(chunk, RECORD_VALUE, this.index, entry, used);
    memory.copy(target, <usize>load<u32>(slot), used);
  }

  /** For snapshots. */
  protected get elementType(): string {
    return this.codec.typeText;
  }

  /** Appends a record for each element of a list without a time to live. */
  protected writeElements(entry: usize, chunk: SnapshotChunk, kind: u32): void {
    if (!this.isPresent(entry)) return;
    const slot = entry + this.offset;
    const start = <usize>load<u32>(slot);
    const end = start + <usize>load<u32>(slot, LIST_USED);
    for (let at = start; at < end; at += this.elementAt(at)) {
      const bytes = this.codec.isFixed ? this.codec.slotBytes : load<i32>(at);
      const body = this.codec.isFixed ? at : at + 8;
      memory.copy(this.backend.addRecord(chunk, kind, this.index, entry, bytes), body, bytes);
    }
  }

  /** Appends what writeElements() wrote. */
  protected readElement(entry: usize, chunk: SnapshotChunk): void {
    const slot = entry + this.offset;
    const size = elementBytes(0, chunk.valueBytes, this.codec.isFixed);
    let target = this.reserve(slot, size);
    if (!this.codec.isFixed) {
      store<u64>(target, chunk.valueBytes);
      target += 8;
    }
    memory.copy(target, chunk.value, chunk.valueBytes);
    store<u32>(slot, load<u32>(slot, LIST_USED) + <u32>size, LIST_USED);
    store<u32>(slot, load<u32>(slot, LIST_COUNT) + 1, LIST_COUNT);
    this.markPresent(entry);
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    if (this.isPresent(entry)) this.__drop(entry);
    const slot = entry + this.offset;
    let sourceLead: usize = 0;
    if (timed) sourceLead = <usize>TTL_BYTES;
    const end = chunk.value + <usize>chunk.valueBytes;
    let count = 0;
    for (let at = chunk.value; at < end; ) {
      const body = at + sourceLead;
      const bytes = this.codec.isFixed ? this.codec.slotBytes : load<i32>(body);
      const size = elementBytes(sourceLead, bytes, this.codec.isFixed);
      const target = this.reserve(slot, size - sourceLead + this.lead);
      if (this.isTimed) store<i64>(target, timed ? load<i64>(at) : processingTime());
      memory.copy(target + this.lead, body, size - sourceLead);
      store<u32>(slot, load<u32>(slot, LIST_USED) + <u32>(size - sourceLead + this.lead), LIST_USED);
      at += size;
      count++;
    }
    store<u32>(slot, count, LIST_COUNT);
    this.markPresent(entry);
  }
}

/** Bytes of an element in a list's buffer: time of last use, length and bytes, padded to 8. */
// @ts-ignore: decorator
@inline
function elementBytes(lead: usize, bytes: i32, isFixed: bool): usize {
  return lead + (isFixed ? align8(bytes) : 8 + align8(bytes));
}

/**
 * A walk over a list's elements (Flink: the Iterable of ListState.get()). One serves a state: the next get()
 * begins it anew, and add() may move what it walks over, so get() is called again behind it. Texts and
 * rows that it gives are valid until the method returns.
 *
 *     const recent = this.recent.get();
 *     while (recent.next()) {
 *       if (recent.value > 40) break;
 *     }
 */
export class ListValues<T> {
  /** Elements in all. */
  length: i32 = 0;
  private at: usize = 0;
  private end: usize = 0;
  private following: usize = 0;
  private skipsExpired: bool = false;
  /** A buffer that is no longer in state. */
  private owned: usize = 0;

  /** @internal The runtime makes it. */
  constructor(
    private codec: ValueCodec<T>,
    private lead: usize,
    private ttl: StateTtl,
  ) {}

  __over(start: u32, used: u32, count: i32, skipsExpired: bool): ListValues<T> {
    this.following = <usize>start;
    this.end = <usize>start + <usize>used;
    this.length = count;
    this.skipsExpired = skipsExpired;
    return this;
  }

  __own(buffer: usize): void {
    this.owned = buffer;
  }

  __freeOwned(): void {
    if (this.owned != 0) heap.free(this.owned);
    this.owned = 0;
  }

  /** Goes to the next element; false: there is none. */
  next(): bool {
    while (this.following < this.end) {
      this.at = this.following;
      const bytes = this.codec.isFixed ? this.codec.slotBytes : load<i32>(this.at + this.lead);
      this.following = this.at + elementBytes(this.lead, bytes, this.codec.isFixed);
      if (!this.skipsExpired || !this.ttl.isExpired(load<i64>(this.at))) return true;
    }
    return false;
  }

  /** The present element: after next(). */
  get value(): T {
    const body = this.at + this.lead;
    if (this.codec.isFixed) return this.codec.read(body);
    return this.codec.readAt(body + 8, load<i32>(body));
  }
}
