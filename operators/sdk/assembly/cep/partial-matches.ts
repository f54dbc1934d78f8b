/**
 * The matches of a key that are not over, as keyed state: where they stand (computation-state.ts)
 * and the shared buffer of their events.
 *
 * Slot: twice u32 address, u32 count of computation states: those in progress, and those complete
 * that wait; u32 sequence number of the next event, u32 zero. A key without matches has none of it.
 *
 * In a snapshot, one record a key, version 1: u32 sequence number, u32 events, u32 nodes, u32 in
 * progress, u32 complete, u32 zero; then the events (i64 timestamp, u32 sequence number, u32 bytes,
 * the cell, padded to 8), the nodes (u32 event, u32 node before it, u32 stage, u32 zero; numbers
 * from 1, 0: none; what a node refers to comes before it) and the computation states as they lie in
 * memory, their node as its number.
 */
import { align8 } from "../layout";
import { RowView } from "../row";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { RECORD_VALUE } from "../state/state-record";
import { StateSlot } from "../state/state-slot";
import { COMPUTATION_BYTES, ComputationQueue, nodeIn, setNode } from "./computation-state";
import { Nfa } from "./nfa";
import {
  cellBytesOf,
  cellOfEvent,
  EVENT_NUMBER,
  eventOf,
  NODE_NUMBER,
  previousOf,
  sequenceOf,
  SharedBuffer,
  stageOf,
  timestampOf,
} from "./shared-buffer";

const SLOT_BYTES: i32 = 24;
const PARTIAL: usize = 0;
const COMPLETED: usize = 8;
const SEQUENCE: usize = 16;
const COUNT: usize = 4;
const HEADER_BYTES: usize = 24;
const EVENT_HEADER: usize = 16;
const NODE_BYTES: usize = 16;

export class PartialMatches<T extends RowView> extends StateSlot {
  readonly buffer: SharedBuffer<T> = new SharedBuffer<T>();
  /** The pattern, for snapshots: its states. Set once it is compiled. */
  pattern: string = "";
  private queueBytes: u64 = 0;
  /** What a snapshot of a key has numbered. */
  private nodes: usize[] = [];
  private events: usize[] = [];
  private path: usize[] = [];

  constructor(name: string) {
    super(name, null);
  }

  /** Takes the current key's matches into the automaton. What it refers to changes from here on. */
  load(nfa: Nfa<T>): void {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) {
      nfa.clear();
      return;
    }
    this.backend.touch(entry);
    const slot = entry + this.offset;
    nfa.partial.clear();
    nfa.completed.clear();
    nfa.partial.appendAll(<usize>load<u32>(slot, PARTIAL), load<i32>(slot, PARTIAL + COUNT));
    nfa.completed.appendAll(<usize>load<u32>(slot, COMPLETED), load<i32>(slot, COMPLETED + COUNT));
    nfa.sequence = load<u32>(slot, SEQUENCE);
  }

  /** Keeps the automaton's matches as those of the current key. */
  store(nfa: Nfa<T>): void {
    const present = this.isPresent(this.backend.current);
    if (nfa.isInitial) {
      if (!present) return;
      const entry = this.backend.current;
      this.freeQueues(entry + this.offset);
      this.markAbsent(entry);
      return;
    }
    const entry = this.backend.writable();
    const slot = entry + this.offset;
    this.storeQueue(slot + PARTIAL, nfa.partial);
    this.storeQueue(slot + COMPLETED, nfa.completed);
    store<u32>(slot, nfa.sequence, SEQUENCE);
    this.markPresent(entry);
  }

  private storeQueue(place: usize, queue: ComputationQueue): void {
    const at = this.resize(place, queue.count);
    memory.copy(at, queue.start, <usize>queue.count * COMPUTATION_BYTES);
  }

  /** Makes room for exactly so many computation states; what was there is lost. */
  private resize(place: usize, count: i32): usize {
    const old = <usize>load<u32>(place);
    const before = load<i32>(place, COUNT);
    if (before == count) return old;
    if (old != 0) heap.free(old);
    const fresh = count == 0 ? 0 : heap.alloc(<usize>count * COMPUTATION_BYTES);
    this.queueBytes += <i64>(count - before) * <i64>COMPUTATION_BYTES;
    store<u32>(place, <u32>fresh);
    store<i32>(place, count, COUNT);
    return fresh;
  }

  private freeQueues(slot: usize): void {
    this.resize(slot + PARTIAL, 0);
    this.resize(slot + COMPLETED, 0);
    store<u32>(slot, 0, SEQUENCE);
  }

  __typeText(): string {
    return "PartialMatches<" + this.pattern + ">";
  }

  __slotBytes(): i32 {
    return SLOT_BYTES;
  }

  __held(): u64 {
    return this.queueBytes + this.buffer.held;
  }

  __drop(entry: usize): void {
    const slot = entry + this.offset;
    this.releaseAll(slot + PARTIAL);
    this.releaseAll(slot + COMPLETED);
    this.freeQueues(slot);
  }

  private releaseAll(place: usize): void {
    const start = <usize>load<u32>(place);
    for (let i = 0; i < load<i32>(place, COUNT); i++) {
      this.buffer.release(nodeIn(start + <usize>i * COMPUTATION_BYTES));
    }
  }

  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const slot = entry + this.offset;
    this.number(slot + PARTIAL);
    this.number(slot + COMPLETED);
    const partial = load<i32>(slot, PARTIAL + COUNT);
    const completed = load<i32>(slot, COMPLETED + COUNT);
    let bytes = HEADER_BYTES + <usize>this.nodes.length * NODE_BYTES;
    bytes += <usize>(partial + completed) * COMPUTATION_BYTES;
    for (let i = 0; i < this.events.length; i++) {
      bytes += EVENT_HEADER + align8(cellBytesOf(this.events[i]));
    }
    let at = this.backend.addRecord(chunk, RECORD_VALUE, this.index, entry, <i32>bytes);
    store<u32>(at, load<u32>(slot, SEQUENCE));
    store<i32>(at, this.events.length, 4);
    store<i32>(at, this.nodes.length, 8);
    store<i32>(at, partial, 12);
    store<i32>(at, completed, 16);
    at = this.writeNodes(this.writeEvents(at + HEADER_BYTES));
    at = this.writeQueue(slot + PARTIAL, at);
    this.writeQueue(slot + COMPLETED, at);
    this.forgetNumbers();
  }

  /** Numbers the nodes and events of some matches, each behind those it refers to. */
  private number(place: usize): void {
    const start = <usize>load<u32>(place);
    const path = this.path;
    for (let i = 0; i < load<i32>(place, COUNT); i++) {
      let node = nodeIn(start + <usize>i * COMPUTATION_BYTES);
      for (; node != 0 && load<u32>(node, NODE_NUMBER) == 0; node = previousOf(node))
        path.push(node);
      while (path.length > 0) {
        node = path.pop();
        const event = eventOf(node);
        if (load<u32>(event, EVENT_NUMBER) == 0) {
          this.events.push(event);
          store<i32>(event, this.events.length, EVENT_NUMBER);
        }
        this.nodes.push(node);
        store<i32>(node, this.nodes.length, NODE_NUMBER);
      }
    }
  }

  private writeEvents(target: usize): usize {
    let at = target;
    for (let i = 0; i < this.events.length; i++) {
      const event = this.events[i];
      const bytes = cellBytesOf(event);
      store<i64>(at, timestampOf(event));
      store<u32>(at, sequenceOf(event), 8);
      store<i32>(at, bytes, 12);
      memory.copy(at + EVENT_HEADER, cellOfEvent(event), bytes);
      at += EVENT_HEADER + align8(bytes);
    }
    return at;
  }

  private writeNodes(target: usize): usize {
    let at = target;
    for (let i = 0; i < this.nodes.length; i++) {
      const node = this.nodes[i];
      const previous = previousOf(node);
      store<u32>(at, load<u32>(eventOf(node), EVENT_NUMBER));
      store<u32>(at, previous == 0 ? 0 : load<u32>(previous, NODE_NUMBER), 4);
      store<i32>(at, stageOf(node), 8);
      at += NODE_BYTES;
    }
    return at;
  }

  private writeQueue(place: usize, target: usize): usize {
    const count = load<i32>(place, COUNT);
    const bytes = <usize>count * COMPUTATION_BYTES;
    memory.copy(target, <usize>load<u32>(place), bytes);
    for (let i = 0; i < count; i++) {
      const at = target + <usize>i * COMPUTATION_BYTES;
      const node = nodeIn(at);
      if (node != 0) setNode(at, <usize>load<u32>(node, NODE_NUMBER));
    }
    return target + bytes;
  }

  private forgetNumbers(): void {
    for (let i = 0; i < this.events.length; i++) store<u32>(this.events[i], 0, EVENT_NUMBER);
    for (let i = 0; i < this.nodes.length; i++) store<u32>(this.nodes[i], 0, NODE_NUMBER);
    this.events.length = 0;
    this.nodes.length = 0;
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    if (this.isPresent(entry)) this.__drop(entry);
    const slot = entry + this.offset;
    const start = chunk.value;
    let at = this.readEvents(start + HEADER_BYTES, load<i32>(start, 4));
    at = this.readNodes(at, load<i32>(start, 8));
    at = this.readQueue(slot + PARTIAL, at, load<i32>(start, 12));
    this.readQueue(slot + COMPLETED, at, load<i32>(start, 16));
    store<u32>(slot, load<u32>(start), SEQUENCE);
    this.events.length = 0;
    this.nodes.length = 0;
    this.markPresent(entry);
  }

  private readEvents(source: usize, count: i32): usize {
    let at = source;
    for (let i = 0; i < count; i++) {
      const bytes = load<i32>(at, 12);
      const cell = at + EVENT_HEADER;
      this.events.push(this.buffer.restoreEvent(cell, bytes, load<i64>(at), load<u32>(at, 8)));
      at = cell + align8(bytes);
    }
    return at;
  }

  private readNodes(source: usize, count: i32): usize {
    let at = source;
    for (let i = 0; i < count; i++) {
      const previous = load<i32>(at, 4);
      const before = previous == 0 ? 0 : this.nodes[previous - 1];
      this.nodes.push(
        this.buffer.addNode(this.events[load<i32>(at) - 1], before, load<i32>(at, 8)),
      );
      at += NODE_BYTES;
    }
    return at;
  }

  private readQueue(place: usize, source: usize, count: i32): usize {
    const start = this.resize(place, count);
    const bytes = <usize>count * COMPUTATION_BYTES;
    memory.copy(start, source, bytes);
    for (let i = 0; i < count; i++) {
      const at = start + <usize>i * COMPUTATION_BYTES;
      const number = <i32>nodeIn(at);
      if (number == 0) continue;
      const node = this.nodes[number - 1];
      setNode(at, node);
      this.buffer.lock(node);
    }
    return source + bytes;
  }
}
