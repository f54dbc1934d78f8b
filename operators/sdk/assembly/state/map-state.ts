/** A map per key (Flink: MapState). */
import { align8 } from "../layout";
import { processingTime } from "../processing-time";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { ByteBuffer } from "./byte-buffer";
import { STORE_MAPS } from "./change-log";
import { ENTRY_FLAGS, ENTRY_VERSION, FLAG_NEW } from "./entry-store";
import { MAP_SLOT_BYTES, MAP_VALUE, MapTable } from "./map-table";
import { RECORD_MAP_ENTRY } from "./state-record";
import { StateSlot, TTL_BYTES } from "./state-slot";
import { StateTtlConfig } from "./state-ttl";
import { ValueCodec } from "./value-codec";

/**
 * Names and types a MapState or a BroadcastState (Flink: MapStateDescriptor). A field
 * `@state counts!: MapState<Text, i64>` needs none.
 *
 *     open(context: RuntimeContext): void {
 *       this.counts = context.getMapState(new MapStateDescriptor<Text, i64>("counts"));
 *       // Of a function with a broadcast stream, too:
 *       // this.limits = context.getBroadcastState(new MapStateDescriptor<Text, f64>("limits"));
 *     }
 *
 * @throws as RuntimeContext.getState()
 */
export class MapStateDescriptor<K, V> {
  __ttl: StateTtlConfig | null = null;

  /** Describes the state `name`: unique in the operator, and what snapshots know it by. */
  constructor(readonly name: string) {}

  /** Lets entries expire, each for itself (Flink: StateDescriptor.enableTimeToLive). */
  enableTimeToLive(config: StateTtlConfig): void {
    this.__ttl = config;
  }
}

/**
 * A map for each key (Flink: MapState). `K` and `V` are numbers, bool, Text or `@row` classes; both are
 * copied into the state. It lives until clear(), its entries each until their time to live is over.
 *
 *     const seen = this.counts.get(word) + 1; // 0 where there is none
 *     this.counts.put(word, seen);
 *
 * @throws OPERATOR_FAILED where it is written without a current key: in open(), or on a broadcast side
 */
export class MapState<K, V> extends StateSlot {
  private keys_: ValueCodec<K> = new ValueCodec<K>();
  private codec: ValueCodec<V> = new ValueCodec<V>();
  private lead: usize = 0;
  private table: MapTable | null = null;
  private key: ByteBuffer = new ByteBuffer();
  private walk!: MapEntries<K, V>;

  /** @internal The runtime makes it. */
  constructor(descriptor: MapStateDescriptor<K, V>) {
    super(descriptor.name, descriptor.__ttl);
    if (this.isTimed) this.lead = <usize>TTL_BYTES;
    this.walk = new MapEntries<K, V>(this);
  }

  /**
   * The value of a map's key; where there is none 0, false, an empty text or a row of nulls and
   * zeros (contains() tells).
   */
  get(key: K): V {
    const at = this.usable(this.find(key));
    return at == 0 ? this.codec.absent() : this.given(at);
  }

  /** Whether the map has the key. */
  contains(key: K): bool {
    const at = this.usable(this.find(key));
    if (at == 0) return false;
    this.given(at);
    return true;
  }

  /** Gives a key of the map its value. */
  put(key: K, value: V): void {
    const owner = this.backend.writable();
    const slot = owner + this.offset;
    this.encode(key);
    let at = this.map.find(owner, this.key.start, this.key.length);
    if (at == 0) at = this.map.add(owner, slot, this.key.start, this.key.length);
    store<u32>(at, this.backend.version, ENTRY_VERSION);
    if (this.isTimed) store<i64>(at + MAP_VALUE, processingTime());
    this.codec.write(at + MAP_VALUE + this.lead, value);
    this.markPresent(owner);
  }

  /** Takes a key out of the map, if it is there. */
  remove(key: K): void {
    const at = this.find(key);
    if (at == 0) return;
    this.backend.touch(this.backend.current);
    this.removeAt(this.backend.current, at);
  }

  /** Whether the map has no entries. */
  isEmpty(): bool {
    return !this.isPresent(this.backend.current);
  }

  /** A walk over the entries, in the order in which their keys came. */
  entries(): MapEntries<K, V> {
    const owner = this.backend.current;
    const first = this.isPresent(owner) ? this.map.firstOf(owner + this.offset) : 0;
    return this.walk.__from(first);
  }

  /** Leaves the map without entries. */
  clear(): void {
    const owner = this.backend.current;
    if (!this.isPresent(owner)) return;
    this.backend.touch(owner);
    this.__drop(owner);
    this.markAbsent(owner);
  }

  /** The next entry that may be read, from `at` on; 0: none. Expired ones go on the way. */
  __skipExpired(at: usize): usize {
    let entry = at;
    while (entry != 0 && this.isTimed && !this.ttl.givesExpired) {
      if (!this.ttl.isExpired(load<i64>(entry + MAP_VALUE))) break;
      const next = this.map.after(entry);
      this.usable(entry);
      entry = next;
    }
    return entry;
  }

  __after(at: usize): usize {
    return this.map.after(at);
  }

  __keyAt(at: usize): K {
    return this.keys_.readKey(MapTable.keyOf(at), MapTable.keyLength(at));
  }

  __valueAt(at: usize): V {
    return this.given(at);
  }

  // @ts-ignore: decorator
  @inline
  private get map(): MapTable {
    let table = this.table;
    if (table === null) {
      table = new MapTable(this.backend, this.lead + <usize>this.codec.slotBytes);
      this.table = table;
    }
    return table;
  }

  private encode(key: K): void {
    this.key.clear();
    this.keys_.writeKey(key, this.key);
  }

  private find(key: K): usize {
    const owner = this.backend.current;
    if (!this.isPresent(owner)) return 0;
    this.encode(key);
    return this.map.find(owner, this.key.start, this.key.length);
  }

  /** The entry, or 0 if it is expired and must not be given; then it is removed. */
  private usable(at: usize): usize {
    if (at == 0 || !this.isTimed || !this.ttl.isExpired(load<i64>(at + MAP_VALUE))) return at;
    if (this.ttl.givesExpired) return at;
    this.backend.touch(this.backend.current);
    this.removeAt(this.backend.current, at);
    return 0;
  }

  /** The value of an entry: an expired one is given for the last time, another is renewed. */
  private given(at: usize): V {
    if (!this.isTimed) return this.codec.read(at + MAP_VALUE);
    const owner = this.backend.current;
    if (this.ttl.isExpired(load<i64>(at + MAP_VALUE))) {
      const last = this.codec.readOut(at + MAP_VALUE + this.lead);
      this.backend.touch(owner);
      this.removeAt(owner, at);
      return last;
    }
    if (this.ttl.renewsOnRead) {
      this.backend.touch(owner);
      store<u32>(at, this.backend.version, ENTRY_VERSION);
      store<i64>(at + MAP_VALUE, processingTime());
    }
    return this.codec.read(at + MAP_VALUE + this.lead);
  }

  private removeAt(owner: usize, at: usize): void {
    if (!(load<u16>(at, ENTRY_FLAGS) & FLAG_NEW)) this.backend.bury(STORE_MAPS + this.index, at);
    this.codec.free(at + MAP_VALUE + this.lead);
    this.map.remove(owner + this.offset, at);
    if (this.map.countOf(owner + this.offset) == 0) this.markAbsent(owner);
  }

  __isMap(): bool {
    return true;
  }

  __typeText(): string {
    return "MapState<" + this.keys_.typeText + ", " + this.codec.typeText + ">";
  }

  __slotBytes(): i32 {
    return MAP_SLOT_BYTES;
  }

  __held(): u64 {
    return this.codec.held + (this.table === null ? 0 : this.table!.bytes);
  }

  __drop(entry: usize): void {
    const slot = entry + this.offset;
    for (let at = this.map.firstOf(slot); at != 0; at = this.map.firstOf(slot)) this.removeAt(entry, at);
  }

  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const map = this.map;
    for (let at = map.firstOf(entry + this.offset); at != 0; at = map.after(at)) {
      if (load<u32>(at, ENTRY_VERSION) < since) continue;
      const stored = at + MAP_VALUE;
      if (this.ttl.skipsInSnapshot && this.ttl.isExpired(load<i64>(stored))) continue;
      const length = MapTable.keyLength(at);
      const body: usize = this.lead + <usize>this.codec.storedBytes(stored + this.lead);
      const bytes: usize = 8 + align8(<usize>length) + body;
      const target = this.backend.addRecord(chunk, RECORD_MAP_ENTRY, this.index, entry, <i32>bytes);
      store<u32>(target, length);
      memory.copy(target + 8, MapTable.keyOf(at), length);
      const value = target + 8 + align8(length);
      if (this.isTimed) store<i64>(value, load<i64>(stored));
      this.codec.store(stored + this.lead, value + this.lead);
      store<u16>(at, load<u16>(at, ENTRY_FLAGS) & ~FLAG_NEW, ENTRY_FLAGS);
    }
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    let skipped: usize = 0;
    if (timed) skipped = <usize>TTL_BYTES;
    const length = load<i32>(chunk.value);
    const key = chunk.value + 8;
    const value = key + align8(length);
    let at = this.map.find(entry, key, length);
    if (at == 0) at = this.map.add(entry, entry + this.offset, key, length);
    const stored = at + MAP_VALUE;
    if (this.isTimed) store<i64>(stored, timed ? load<i64>(value) : processingTime());
    const bytes = chunk.valueBytes - <i32>(value - chunk.value) - <i32>skipped;
    this.codec.load(stored + this.lead, value + skipped, bytes);
    store<u16>(at, load<u16>(at, ENTRY_FLAGS) & ~FLAG_NEW, ENTRY_FLAGS);
    this.markPresent(entry);
  }

  /** Takes the map's key of a tombstone out. */
  __readGone(entry: usize, chunk: SnapshotChunk): void {
    const at = this.map.find(entry, chunk.value + 8, load<i32>(chunk.value));
    if (at != 0) this.removeAt(entry, at);
  }

  __close(): void {
    if (this.table !== null) this.table!.close();
  }
}

/**
 * A walk over the entries of a map (Flink: MapState.entries()). One serves a state: the next entries()
 * begins it anew. The present entry may be removed; entries put meanwhile may or may not be met. Texts and
 * rows that it gives are valid until the method returns.
 *
 *     const entries = this.counts.entries();
 *     while (entries.next()) {
 *       if (entries.value == 1) this.counts.remove(entries.key);
 *     }
 */
export class MapEntries<K, V> {
  private at: usize = 0;
  private following: usize = 0;

  /** @internal The runtime makes it. */
  constructor(private state: MapState<K, V>) {}

  __from(first: usize): MapEntries<K, V> {
    this.following = first;
    return this;
  }

  /** Goes to the next entry; false: there is none. The present one may be removed. */
  next(): bool {
    this.at = this.state.__skipExpired(this.following);
    if (this.at == 0) {
      this.following = 0;
      return false;
    }
    this.following = this.state.__after(this.at);
    return true;
  }

  /** The map's key of the present entry: after next(). */
  get key(): K {
    return this.state.__keyAt(this.at);
  }

  /** The value; of a state whose values expire it is to be asked for once, behind the key. */
  get value(): V {
    return this.state.__valueAt(this.at);
  }
}
