/**
 * Where partial matches stand in the automaton (Flink: ComputationState), and queues of them.
 *
 * A computation state: u32 state, u32 last node of the match (0: it has not begun), i64 timestamp
 * of its first event, i64 that of its last one, u32 sequence number of the first event, u32 zero.
 */

export const COMPUTATION_BYTES: usize = 32;
const NODE: usize = 4;
const START_TIME: usize = 8;
const PREVIOUS_TIME: usize = 16;
const START_SEQUENCE: usize = 24;

// @ts-ignore: decorator
@inline
export function stateIn(computation: usize): i32 {
  return load<i32>(computation);
}

// @ts-ignore: decorator
@inline
export function nodeIn(computation: usize): usize {
  return <usize>load<u32>(computation, NODE);
}

// @ts-ignore: decorator
@inline
export function startTimeIn(computation: usize): i64 {
  return load<i64>(computation, START_TIME);
}

// @ts-ignore: decorator
@inline
export function previousTimeIn(computation: usize): i64 {
  return load<i64>(computation, PREVIOUS_TIME);
}

// @ts-ignore: decorator
@inline
export function startSequenceIn(computation: usize): u32 {
  return load<u32>(computation, START_SEQUENCE);
}

export function setNode(computation: usize, node: usize): void {
  store<u32>(computation, <u32>node, NODE);
}

/** Compares two events by time, then by the order in which they were taken (Flink: EventId). */
// @ts-ignore: decorator
@inline
export function compareEvents(leftTime: i64, left: u32, rightTime: i64, right: u32): i32 {
  if (leftTime != rightTime) return leftTime < rightTime ? -1 : 1;
  return left == right ? 0 : left < right ? -1 : 1;
}

/**
 * Order of queues: by the first event; what has not begun comes last (Flink:
 * NFAState.COMPUTATION_STATE_COMPARATOR).
 */
export function compareComputations(left: usize, right: usize): i32 {
  const leftBegun = nodeIn(left) != 0;
  const rightBegun = nodeIn(right) != 0;
  if (!leftBegun || !rightBegun) return leftBegun == rightBegun ? 0 : leftBegun ? -1 : 1;
  return compareEvents(
    startTimeIn(left),
    startSequenceIn(left),
    startTimeIn(right),
    startSequenceIn(right),
  );
}

/** Computation states in the order in which they were added. */
export class ComputationList {
  start: usize = 0;
  count: i32 = 0;
  private capacity: i32 = 0;

  clear(): void {
    this.count = 0;
  }

  // @ts-ignore: decorator
  @inline
  at(index: i32): usize {
    return this.start + <usize>index * COMPUTATION_BYTES;
  }

  append(state: i32, node: usize, startTime: i64, previousTime: i64, startSequence: u32): usize {
    const at = this.room();
    store<i32>(at, state);
    store<u32>(at, <u32>node, NODE);
    store<i64>(at, startTime, START_TIME);
    store<i64>(at, previousTime, PREVIOUS_TIME);
    store<u32>(at, startSequence, START_SEQUENCE);
    store<u32>(at, 0, START_SEQUENCE + 4);
    return at;
  }

  /** Appends copies of others as they lie in memory. */
  appendAll(source: usize, count: i32): void {
    for (let i = 0; i < count; i++) {
      memory.copy(this.room(), source + <usize>i * COMPUTATION_BYTES, COMPUTATION_BYTES);
    }
  }

  /** Room for one more, which is counted. */
  protected room(): usize {
    if (this.count == this.capacity) {
      this.capacity = max(this.capacity * 2, 8);
      const bytes = <usize>this.capacity * COMPUTATION_BYTES;
      this.start = this.start == 0 ? heap.alloc(bytes) : heap.realloc(this.start, bytes);
    }
    return this.at(this.count++);
  }

  free(): void {
    if (this.start != 0) heap.free(this.start);
    this.start = 0;
    this.count = 0;
    this.capacity = 0;
  }
}

/**
 * A binary heap that moves equal elements as java.util.PriorityQueue does: which of several matches
 * with the same first event comes first decides what a skip strategy leaves, and Flink takes them
 * from such a queue.
 */
export class ComputationQueue extends ComputationList {
  /** Adds a copy of a computation state. */
  add(computation: usize): void {
    this.room();
    let hole = this.count - 1;
    while (hole > 0) {
      const parent = (hole - 1) >>> 1;
      if (compareComputations(computation, this.at(parent)) >= 0) break;
      memory.copy(this.at(hole), this.at(parent), COMPUTATION_BYTES);
      hole = parent;
    }
    memory.copy(this.at(hole), computation, COMPUTATION_BYTES);
  }

  /** Takes the first one out; copy it before. */
  removeFirst(): void {
    const last = --this.count;
    if (last > 0) this.siftDown(0, this.at(last));
  }

  /** Keeps the elements whose flag is 0, flags in the order of the array. */
  removeFlagged(flags: u8[]): void {
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (flags[i] != 0) continue;
      if (kept != i) memory.copy(this.at(kept), this.at(i), COMPUTATION_BYTES);
      kept++;
    }
    if (kept == this.count) return;
    this.count = kept;
    const moved = heap.alloc(COMPUTATION_BYTES);
    for (let i = (kept >>> 1) - 1; i >= 0; i--) {
      memory.copy(moved, this.at(i), COMPUTATION_BYTES);
      this.siftDown(i, moved);
    }
    heap.free(moved);
  }

  /** Puts an element, which lies elsewhere, at a hole or below it. */
  private siftDown(hole: i32, computation: usize): void {
    const half = this.count >>> 1;
    while (hole < half) {
      let child = (hole << 1) + 1;
      const right = child + 1;
      if (right < this.count && compareComputations(this.at(child), this.at(right)) > 0) child = right;
      if (compareComputations(computation, this.at(child)) <= 0) break;
      memory.copy(this.at(hole), this.at(child), COMPUTATION_BYTES);
      hole = child;
    }
    memory.copy(this.at(hole), computation, COMPUTATION_BYTES);
  }
}
