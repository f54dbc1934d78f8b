/** When waiting rows time out, and when they are asked for again. */
import { PendingElement } from "./pending-element";

/** Rows that will time out: all wait equally long, so they are in order as they come. */
export class TimeoutList {
  first: PendingElement | null = null;
  private last: PendingElement | null = null;

  add(element: PendingElement, deadline: i64): void {
    element.deadline = deadline;
    const last = this.last;
    element.earlierDeadline = last;
    if (last === null) this.first = element;
    else last.laterDeadline = element;
    this.last = element;
  }

  /** Does nothing for a row that is not in it. */
  remove(element: PendingElement): void {
    if (element.deadline == i64.MAX_VALUE) return;
    const earlier = element.earlierDeadline;
    const later = element.laterDeadline;
    if (earlier === null) this.first = later;
    else earlier.laterDeadline = later;
    if (later === null) this.last = earlier;
    else later.earlierDeadline = earlier;
    element.earlierDeadline = null;
    element.laterDeadline = null;
    element.deadline = i64.MAX_VALUE;
  }

  next(): i64 {
    const first = this.first;
    return first === null ? i64.MAX_VALUE : first.deadline;
  }
}

/** Rows that are to be asked for again, by time, then by arrival: never more than the capacity. */
export class RetryList {
  private elements: PendingElement[] = [];
  /** Those in front of it have been taken. */
  private head: i32 = 0;

  add(element: PendingElement, time: i64): void {
    element.retryAt = time;
    const elements = this.elements;
    let at = elements.length;
    elements.push(element);
    while (at > this.head && isBefore(element, elements[at - 1])) {
      elements[at] = elements[at - 1];
      at--;
    }
    elements[at] = element;
  }

  /** It will not be asked for again: it is passed over when its turn comes. */
  remove(element: PendingElement): void {
    element.retryAt = i64.MAX_VALUE;
  }

  /** When the next one is due; i64.MAX_VALUE: there is none. */
  next(): i64 {
    const elements = this.elements;
    while (this.head < elements.length && elements[this.head].retryAt == i64.MAX_VALUE) this.head++;
    if (this.head < elements.length) return elements[this.head].retryAt;
    if (this.head > 0) this.elements = [];
    this.head = 0;
    return i64.MAX_VALUE;
  }

  /** The next one, of which next() has told, is taken out. */
  shift(): PendingElement {
    const element = this.elements[this.head++];
    element.retryAt = i64.MAX_VALUE;
    return element;
  }
}

function isBefore(a: PendingElement, b: PendingElement): bool {
  return a.retryAt == b.retryAt ? a.number < b.number : a.retryAt < b.retryAt;
}
