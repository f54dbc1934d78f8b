/**
 * The keyed state of one operator (Flink: KeyedStateBackend): one entry per key for all its states
 * (state-table.ts), its timers, and how both go into snapshots and come back.
 */
import { BatchReader } from "../batch-reader";
import { KeyCodec } from "../key-codec";
import { hashValue, keyGroupOf } from "../key-hash";
import { OpenConfig } from "../open-config";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { ChangeLog, STORE_KEYS } from "./change-log";
import { GroupWalk } from "./entry-store";
import { KeyedRestore } from "./keyed-restore";
import { KeyedSnapshot } from "./keyed-snapshot";
import { MadeKeys } from "./made-keys";
import { StateSlot } from "./state-slot";
import { ENTRY_PRESENT, StateTable } from "./state-table";
import { InternalTimerService } from "./internal-timer-service";

/** Bits of an entry's presence word. */
const MAX_STATES: i32 = 32;

/** What forEachKey() calls. */
export abstract class KeyVisitor {
  abstract visit(): void;
}

export class KeyedStateBackend extends ChangeLog {
  /** The entry of the current key; 0: it has none yet. */
  current: usize = 0;
  /** Nothing may be written now: broadcast state, on the side that is not broadcast. */
  readOnly: bool = false;
  /** Rows of the present batch have keys: not those of a broadcast side, and none in open(). */
  hasKey: bool = false;
  /** Keys probably have timers: their entries get room for one in each time domain. */
  usesTimers: bool = false;
  /** No key is current: in snapshotState() and initializeState(). */
  isKeyless: bool = false;
  /** Something was cleared: an entry may have nothing left. */
  mayBeEmpty: bool = false;
  slots: StateSlot[] = [];
  table!: StateTable;
  timers!: InternalTimerService;
  /** What was wrong with a state's declaration; the operator refuses to open. */
  problem: string | null = null;
  readonly snapshots!: KeyedSnapshot;
  readonly restored!: KeyedRestore;
  private sealed: bool = false;
  private codecs: KeyCodec[] = [];
  private reader: BatchReader | null = null;
  private input: i32 = 0;
  private row: i32 = 0;
  private located: usize = 0;
  private locatedRoom: i32 = 0;
  private locatedFrom: i32 = 0;
  /** Entries that were located may be gone. */
  private locatedStale: bool = true;
  /** The int64 keys of the located rows; 0: keys of another kind. */
  private locatedKeys: usize = 0;
  private made: MadeKeys = new MadeKeys();
  /** What touchLocated() read: so that it is not left out. */
  private touched: u32 = 0;

  constructor(private config: OpenConfig) {
    super(config.keyGroupStart, config.keyGroupEnd);
    for (let i = 0; i < config.inputs.length; i++) {
      this.codecs.push(new KeyCodec(config.inputs[i].columns, config.inputs[i].keys));
    }
    this.snapshots = new KeyedSnapshot(this);
    this.restored = new KeyedRestore(this);
  }

  /** Adds a state: in open() of the function. */
  register(slot: StateSlot): void {
    if (this.sealed) throw new Error("state " + slot.name + ": ask for state in open()");
    for (let i = 0; i < this.slots.length; i++) {
      if (this.slots[i].name != slot.name) continue;
      this.problem = "two states are named " + slot.name;
    }
    if (this.slots.length == MAX_STATES) this.problem = "more than 32 keyed states";
    slot.backend = this;
    slot.index = this.slots.length;
    this.slots.push(slot);
  }

  /** Lays the entries out; no state may be added from here on. */
  seal(): void {
    this.sealed = true;
    let bytes: usize = 0;
    for (let i = 0; i < this.slots.length; i++) {
      this.slots[i].offset = bytes;
      bytes += this.slots[i].__slotBytes();
    }
    const longs = this.codecs.length > 0 && this.codecs[0].longKey;
    this.table = new StateTable(this, longs, 0, bytes, this.usesTimers ? 2 : 0);
    for (let i = 0; i < this.slots.length; i++) this.slots[i].offset += this.table.valueOffset;
    this.timers = new InternalTimerService(this, this.table);
  }

  get bytes(): u64 {
    let sum = this.table.bytes + this.timers.bytes;
    for (let i = 0; i < this.slots.length; i++) sum += this.slots[i].__held();
    return sum;
  }

  /** Says whose rows the next calls are about. */
  attach(reader: BatchReader, input: i32): void {
    this.reader = reader;
    this.input = input;
    this.hasKey = true;
  }

  /** Finds the entries of rows [from, to) of the visiting order, all misses at once. */
  locate(from: i32, to: i32): void {
    const reader = this.reader!;
    const codec = this.codecs[this.input];
    this.locatedStale = true;
    this.locatedKeys = 0;
    if (reader.selection != 0 || !(codec.longKey || codec.rawText)) return;
    if (to - from > this.locatedRoom) {
      if (this.located != 0) heap.free(this.located);
      this.locatedRoom = max(512, to - from);
      this.located = heap.alloc(<usize>this.locatedRoom << 2);
    }
    const node = this.config.inputs[this.input].keys[0];
    const target = this.located - (<usize>from << 2);
    const data = reader.data(node);
    this.locatedKeys = codec.longKey ? data : 0;
    this.made.clear();
    if (codec.longKey) this.table.locateLongs(data, from, to, target);
    else this.table.locateTexts(data, reader.offsets(node), from, to, target);
    this.locatedFrom = from;
    this.locatedStale = false;
  }

  /** Reads a word of every cache line of the entries that locate() found, so that their misses overlap, too. */
  touchLocated(from: i32, to: i32): void {
    if (this.locatedStale) return;
    const size = this.table.entries.size;
    let sum: u32 = 0;
    for (let i = from; i < to; i++) {
      const entry = <usize>load<u32>(this.located + (<usize>(i - this.locatedFrom) << 2));
      if (entry == 0) continue;
      for (let at: usize = 0; at < size; at += 64) sum += load<u32>(entry + at);
    }
    this.touched = sum;
  }

  /** Makes the key of the i-th row, which is the physical row `row`, the current one. */
  // @ts-ignore: decorator
  @inline
  select(i: i32, row: i32): void {
    this.row = row;
    let entry: usize = 0;
    if (!this.locatedStale) entry = <usize>load<u32>(this.located + (<usize>(i - this.locatedFrom) << 2));
    this.current = entry != 0 || this.isAbsent(row) ? entry : this.findRow(row);
  }

  /** Whether the key of a row without a located entry has none for sure: it was not made since. */
  // @ts-ignore: decorator
  @inline
  private isAbsent(row: i32): bool {
    if (this.locatedStale || this.locatedKeys == 0) return false;
    return !this.made.mayHave(load<u64>(this.locatedKeys + (<usize>row << 3)));
  }

  private findRow(row: i32): usize {
    const codec = this.codecs[this.input];
    codec.encode(this.reader!, row);
    return this.table.find(codec.start, codec.length);
  }

  /** The current key's entry, about to be changed; it is made if there is none. */
  // @ts-ignore: decorator
  @inline
  writable(): usize {
    if (this.current == 0) return this.create();
    this.touch(this.current);
    return this.current;
  }

  /** Before a change of an entry of a key. */
  // @ts-ignore: decorator
  @inline
  touch(entry: usize): void {
    this.change(STORE_KEYS, entry);
  }

  private create(): usize {
    if (this.isKeyless || !this.hasKey) throw new Error("there is no current key whose state or timers could be set");
    const codec = this.codecs[this.input];
    codec.encode(this.reader!, this.row);
    this.current = this.table.add(this.groupOfRow(), codec.start, codec.length);
    if (this.locatedKeys != 0) this.made.add(load<u64>(this.locatedKeys + (<usize>this.row << 3)));
    return this.current;
  }

  private groupOfRow(): i32 {
    const input = this.config.inputs[this.input];
    let hash = 0;
    for (let k = 0; k < input.keys.length; k++) {
      const node = input.keys[k];
      const part = hashValue(this.reader!, node, input.columns[node], this.row);
      hash = k == 0 ? part : hash * 31 + part;
    }
    return keyGroupOf(hash, this.config.maxParallelism);
  }

  /** After a row or timer: an entry that has nothing left goes. */
  // @ts-ignore: decorator
  @inline
  release(): void {
    if (this.mayBeEmpty) this.releaseEmpty();
  }

  private releaseEmpty(): void {
    this.mayBeEmpty = false;
    const entry = this.current;
    if (entry == 0 || load<u64>(entry, ENTRY_PRESENT) != 0) return;
    this.leave(STORE_KEYS, entry);
    this.table.remove(entry);
    this.current = 0;
    this.locatedStale = true;
  }

  registerTimer(domain: i32, time: i64): void {
    const entry = this.current == 0 ? this.create() : this.current;
    this.timers.register(domain, time, entry);
  }

  deleteTimer(domain: i32, time: i64): void {
    if (this.current == 0) return;
    if (this.timers.remove(domain, time, this.current)) this.mayBeEmpty = true;
  }

  /** Makes the owner of the next due timer the current key; false: none is due. */
  nextTimer(domain: i32, now: i64): bool {
    this.current = this.timers.poll(domain, now);
    this.mayBeEmpty = true;
    return this.current != 0;
  }

  writeImage(storeNumber: i32, entry: usize): void {
    this.snapshots.write(storeNumber, entry);
  }

  bury(storeNumber: i32, entry: usize): void {
    this.snapshots.bury(storeNumber, entry);
  }

  /** Appends a record of a key; answers where its value goes. */
  addRecord(chunk: SnapshotChunk, kind: u32, number: i32, entry: usize, bytes: i32): usize {
    const table = this.table;
    return chunk.add(kind, number, 0, table.keyOf(entry), table.keyLength(entry), bytes);
  }

  /** Empties the states of a key other than maps, and takes the timers that it holds: a delta replaces them. */
  dropValues(entry: usize): void {
    this.timers.dropHeld(entry);
    for (let i = 0; i < this.slots.length; i++) {
      const slot = this.slots[i];
      if (slot.__isMap() || !slot.isPresent(entry)) continue;
      slot.__drop(entry);
      slot.markAbsent(entry);
    }
  }

  /** Takes out what a delta says has gone; its maps, and timers but those it holds, went before. */
  removeRestored(entry: usize): void {
    this.timers.dropHeld(entry);
    for (let i = 0; i < this.slots.length; i++) {
      if (this.slots[i].isPresent(entry)) this.slots[i].__drop(entry);
    }
    this.table.remove(entry);
  }

  /** Makes each key with state the current one in turn; `visit` is called for each. */
  forEachKey(visit: KeyVisitor): void {
    const before = this.current;
    for (let group = this.groupStart; group <= this.groupEnd; group++) {
      const walk = new GroupWalk(this.table.entries, group);
      for (let entry = walk.next(); entry != 0; entry = walk.next()) {
        this.current = entry;
        visit.visit();
        this.release();
      }
    }
    this.current = before;
  }

  /** The encoded current key. */
  get keyStart(): usize {
    if (this.current != 0) return this.table.keyOf(this.current);
    const codec = this.codecs[this.input];
    codec.encode(this.reader!, this.row);
    return codec.start;
  }

  /** Its length: to be asked for after keyStart. */
  get keyLength(): i32 {
    return this.current != 0 ? this.table.keyLength(this.current) : this.codecs[this.input].length;
  }

  close(): void {
    if (!this.sealed) return;
    for (let i = 0; i < this.slots.length; i++) this.slots[i].__close();
    this.timers.close();
    this.table.close();
    if (this.located != 0) heap.free(this.located);
    this.located = 0;
    this.made.close();
  }
}
