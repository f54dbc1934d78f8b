/**
 * The events of partial matches, each stored once however many matches it is part of, and the nodes
 * that link them (Flink: SharedBuffer). Both are counted and freed when nothing refers to them.
 *
 * A node is an event in a stage, and knows the one node before it: matches that begin alike share
 * their beginning. (In Flink a node has many predecessors, and Dewey numbers tell whose they are.)
 *
 * Event: u32 references, u32 bytes of the cell, i64 timestamp, u32 sequence number among the key's
 * events, u32 number in a snapshot, the cell. Node: u32 references, u32 event, u32 node before it
 * (0: none), u32 stage, u32 number in a snapshot.
 */
import { RowView } from "../row";

const EVENT_BYTES: usize = 4;
const EVENT_TIME: usize = 8;
const EVENT_SEQUENCE: usize = 16;
export const EVENT_NUMBER: usize = 20;
const EVENT_CELL: usize = 24;

const NODE_EVENT: usize = 4;
const NODE_PREVIOUS: usize = 8;
const NODE_STAGE: usize = 12;
export const NODE_NUMBER: usize = 16;
const NODE_BYTES: usize = 20;

// @ts-ignore: decorator
@inline
export function eventOf(node: usize): usize {
  return <usize>load<u32>(node, NODE_EVENT);
}

/** The node before another, or 0. */
// @ts-ignore: decorator
@inline
export function previousOf(node: usize): usize {
  return <usize>load<u32>(node, NODE_PREVIOUS);
}

/** Index of the stage that the node's event was taken in. */
// @ts-ignore: decorator
@inline
export function stageOf(node: usize): i32 {
  return load<i32>(node, NODE_STAGE);
}

/** The cell of the node's event. */
// @ts-ignore: decorator
@inline
export function cellOf(node: usize): usize {
  return cellOfEvent(eventOf(node));
}

// @ts-ignore: decorator
@inline
export function cellOfEvent(event: usize): usize {
  return event + EVENT_CELL;
}

export function timestampOf(event: usize): i64 {
  return load<i64>(event, EVENT_TIME);
}

export function sequenceOf(event: usize): u32 {
  return load<u32>(event, EVENT_SEQUENCE);
}

export function cellBytesOf(event: usize): i32 {
  return load<i32>(event, EVENT_BYTES);
}

export class SharedBuffer<T extends RowView> {
  /** Bytes of all events and nodes. */
  held: u64 = 0;

  /** Stores an event; the caller has a reference on it. */
  addEvent(value: T, timestamp: i64, sequence: u32): usize {
    const bytes = value.__cellBytes();
    const event = this.allocateEvent(bytes, timestamp, sequence);
    value.__storeCell(event + EVENT_CELL);
    return event;
  }

  /** Stores an event of a snapshot; nothing refers to it yet. */
  restoreEvent(cell: usize, bytes: i32, timestamp: i64, sequence: u32): usize {
    const event = this.allocateEvent(bytes, timestamp, sequence);
    memory.copy(event + EVENT_CELL, cell, bytes);
    store<u32>(event, 0);
    return event;
  }

  private allocateEvent(bytes: i32, timestamp: i64, sequence: u32): usize {
    const size = EVENT_CELL + <usize>bytes;
    const event = heap.alloc(size);
    this.held += size;
    store<u32>(event, 1);
    store<i32>(event, bytes, EVENT_BYTES);
    store<i64>(event, timestamp, EVENT_TIME);
    store<u32>(event, sequence, EVENT_SEQUENCE);
    store<u32>(event, 0, EVENT_NUMBER);
    return event;
  }

  /** Makes a node behind another (0: the match begins with it); nothing refers to it yet. */
  addNode(event: usize, previous: usize, stage: i32): usize {
    const node = heap.alloc(NODE_BYTES);
    this.held += NODE_BYTES;
    store<u32>(node, 0);
    store<u32>(node, <u32>event, NODE_EVENT);
    store<u32>(node, <u32>previous, NODE_PREVIOUS);
    store<i32>(node, stage, NODE_STAGE);
    store<u32>(node, 0, NODE_NUMBER);
    this.lock(event);
    if (previous != 0) this.lock(previous);
    return node;
  }

  /** A reference more on an event or a node. */
  // @ts-ignore: decorator
  @inline
  lock(at: usize): void {
    store<u32>(at, load<u32>(at) + 1);
  }

  /** A reference less; what nothing refers to is freed, with what only it referred to. */
  release(node: usize): void {
    while (node != 0) {
      const references = load<u32>(node) - 1;
      store<u32>(node, references);
      if (references != 0) return;
      const previous = previousOf(node);
      this.releaseEvent(eventOf(node));
      heap.free(node);
      this.held -= NODE_BYTES;
      node = previous;
    }
  }

  releaseEvent(event: usize): void {
    const references = load<u32>(event) - 1;
    store<u32>(event, references);
    if (references != 0) return;
    this.held -= EVENT_CELL + <usize>cellBytesOf(event);
    heap.free(event);
  }
}
