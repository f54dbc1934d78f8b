/**
 * When the next look at each key's contents is due: for operators whose contents go with the watermark. It costs less
 * than a timer a key: nothing of it is in snapshots (what is kept tells when it goes, so the queue is made again
 * from that), and keys of one time come in any order, as a look at them puts nothing out.
 *
 * Slot: i64 time of the key's item in the queue, made to sort unsigned; 0: none. The item counts for as long as the slot
 * says so.
 */
import { SnapshotChunk } from "../window/snapshot-chunk";
import { ENTRY_FLAGS, FLAG_LIVE } from "./entry-store";
import { StateSlot } from "./state-slot";
import { TimerHeap } from "./timer-heap";

const SIGN: u64 = 0x8000000000000000;
/** Keys that are looked up at once, so that their misses overlap. */
const LOOK_AHEAD: i32 = 64;
const CACHE_LINE: usize = 64;

export class ExpiryQueue extends StateSlot {
  private heap: TimerHeap = new TimerHeap(0, 0);
  private found: StaticArray<usize> = new StaticArray<usize>(LOOK_AHEAD);
  private times: StaticArray<i64> = new StaticArray<i64>(LOOK_AHEAD);
  private count: i32 = 0;
  private next: i32 = 0;
  /** What touching the keys read: so that it is not left out. */
  private touched: u32 = 0;

  constructor(name: string) {
    super(name, null);
  }

  /** Whether the next look at a key is due after `time`, or never. */
  // @ts-ignore: decorator
  @inline
  isAfter(entry: usize, time: i64): bool {
    const next = load<u64>(entry + this.offset);
    return next == 0 || next > (<u64>time ^ SIGN);
  }

  /** Sets when the next look at a key is due; a look that was set before is forgotten. */
  push(entry: usize, time: i64): void {
    store<u64>(entry + this.offset, <u64>time ^ SIGN);
    this.heap.push(time, entry);
  }

  /** The next key that is due at `now`, which has no look due then; 0: none is. */
  poll(now: i64): usize {
    while (true) {
      if (this.next == this.count && !this.refill(now)) return 0;
      const i = this.next++;
      const entry = unchecked(this.found[i]);
      const slot = entry + this.offset;
      const isLive = (load<u16>(entry, ENTRY_FLAGS) & FLAG_LIVE) != 0;
      if (!isLive || load<u64>(slot) != (<u64>unchecked(this.times[i]) ^ SIGN)) continue;
      store<u64>(slot, 0);
      return entry;
    }
  }

  private refill(now: i64): bool {
    const heap = this.heap;
    this.next = 0;
    this.count = 0;
    while (this.count < LOOK_AHEAD && heap.count > 0) {
      const time = heap.peek();
      if (time > now) break;
      unchecked((this.times[this.count] = time));
      unchecked((this.found[this.count] = heap.pop()));
      this.count++;
    }
    const size = this.backend.table.entries.size;
    let sum: u32 = 0;
    for (let i = 0; i < this.count; i++) {
      const entry = unchecked(this.found[i]);
      for (let at: usize = 0; at < size; at += CACHE_LINE) sum += load<u32>(entry + at);
    }
    this.touched = sum;
    return this.count > 0;
  }

  /** Forgets all items: of keys that have been restored the operator sets them anew. */
  clear(): void {
    this.heap.close();
    this.heap = new TimerHeap(0, 0);
    this.next = 0;
    this.count = 0;
  }

  __typeText(): string {
    return "ExpiryQueue";
  }

  __slotBytes(): i32 {
    return 8;
  }

  __held(): u64 {
    return this.heap.bytes;
  }

  __drop(entry: usize): void {}
  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {}
  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {}

  __close(): void {
    this.heap.close();
  }
}
