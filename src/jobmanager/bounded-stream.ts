/**
 * A queue between something that happens and one reader of it. It never grows past its bound: a
 * reader that does not keep up loses the stream, not the process its memory.
 */
export class BoundedStream<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #onClose: () => void;
  readonly #queue: T[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #overflowed = false;

  /** @param onClose called once, when either side ends the stream */
  constructor(limit: number, onClose: () => void) {
    this.#limit = limit;
    this.#onClose = onClose;
  }

  /** The reader was too slow and the stream has ended by that. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  push(item: T): void {
    if (this.#closed) return;
    if (this.#queue.length >= this.#limit) {
      this.#overflowed = true;
      this.close();
      return;
    }
    this.#queue.push(item);
    this.#wake?.();
  }

  /** What is queued is still read. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    this.#wake?.();
  }

  /** The next item; undefined: the stream has ended; "silent": none came in time. */
  async next(timeoutMs: number): Promise<{ item: T } | "silent" | undefined> {
    if (this.#queue.length === 0 && !this.#closed) await this.#wait(timeoutMs);
    const [item] = this.#queue.splice(0, 1);
    if (item !== undefined) return { item };
    return this.#closed ? undefined : "silent";
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    try {
      for (;;) {
        const next = await this.next(Number.POSITIVE_INFINITY);
        if (next === undefined) return;
        if (next !== "silent") yield next.item;
      }
    } finally {
      this.close();
    }
  }

  #wait(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const bounded = timeoutMs !== Number.POSITIVE_INFINITY;
      const timer = bounded ? setTimeout(() => this.#wake?.(), timeoutMs) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
