/**
 * The queue of rows and watermarks that an asynchronous operator waits for (Flink: StreamElementQueue,
 * OrderedStreamElementQueue, UnorderedStreamElementQueue).
 */
import { PendingElement } from "./pending-element";

export abstract class StreamElementQueue {
  /** Rows and watermarks in it: both count against the capacity, as in Flink. */
  size: i32 = 0;
  /** In the order of arrival. */
  first: PendingElement | null = null;
  private last: PendingElement | null = null;
  private arrivals: i64 = 0;

  /** Puts an element behind the others. */
  put(element: PendingElement): void {
    element.number = this.arrivals++;
    element.before = this.last;
    const last = this.last;
    if (last === null) this.first = element;
    else last.after = element;
    this.last = element;
    this.size++;
  }

  /** A row of it is done. */
  abstract completed(element: PendingElement): void;

  /** The element that may leave now; null: there is none. */
  abstract head(): PendingElement | null;

  /** Takes out what head() gave. */
  pop(element: PendingElement): void {
    const before = element.before;
    const after = element.after;
    if (before === null) this.first = after;
    else before.after = after;
    if (after === null) this.last = before;
    else after.before = before;
    element.before = null;
    element.after = null;
    this.size--;
  }
}

/** Elements leave in the order in which they came. */
export class OrderedStreamElementQueue extends StreamElementQueue {
  completed(element: PendingElement): void {}

  head(): PendingElement | null {
    const first = this.first;
    return first !== null && first.isDone ? first : null;
  }
}

/** Elements between two watermarks, or a watermark. */
class Segment {
  incomplete: i32 = 0;
  /** In the order in which they were done; those before `left` have left. */
  done: PendingElement[] = [];
  left: i32 = 0;

  constructor(readonly watermark: PendingElement | null) {}
}

/** Elements leave as they are done, but none passes a watermark. */
export class UnorderedStreamElementQueue extends StreamElementQueue {
  private segments: Segment[] = [];
  /** Number of segments[0]. */
  private firstSegment: i32 = 0;

  put(element: PendingElement): void {
    super.put(element);
    const segments = this.segments;
    const count = segments.length;
    if (element.isWatermark) segments.push(new Segment(element));
    else {
      if (count == 0 || segments[count - 1].watermark !== null) segments.push(new Segment(null));
      segments[segments.length - 1].incomplete++;
    }
    element.segment = this.firstSegment + segments.length - 1;
  }

  completed(element: PendingElement): void {
    const segment = this.segments[element.segment - this.firstSegment];
    segment.incomplete--;
    segment.done.push(element);
  }

  head(): PendingElement | null {
    while (this.segments.length > 0) {
      const segment = this.segments[0];
      if (segment.watermark !== null) return segment.watermark;
      if (segment.left < segment.done.length) return segment.done[segment.left];
      if (segment.incomplete > 0) return null;
      this.segments.shift();
      this.firstSegment++;
    }
    return null;
  }

  pop(element: PendingElement): void {
    super.pop(element);
    const segment = this.segments[0];
    if (segment.watermark !== null) {
      this.segments.shift();
      this.firstSegment++;
      return;
    }
    segment.left++;
    if (segment.left == segment.done.length) {
      segment.done = [];
      segment.left = 0;
    }
  }
}
