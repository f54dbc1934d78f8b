/** Fans the cluster's events out to the clients that watch. */
import { MillraceError } from "../protocol/errors.ts";
import { EVENT_QUEUE_MAX, EVENT_STREAMS_MAX } from "../protocol/limits.ts";
import { BoundedStream } from "./bounded-stream.ts";

interface Subscription<T> {
  readonly stream: BoundedStream<T>;
  readonly wants: (item: T) => boolean;
}

/** One source of items, many bounded readers. */
export class EventHub<T> {
  readonly #subscriptions = new Set<Subscription<T>>();

  publish(item: T): void {
    for (const { stream, wants } of this.#subscriptions) if (wants(item)) stream.push(item);
  }

  /** @throws MillraceError TOO_MANY_STREAMS */
  subscribe(wants: (item: T) => boolean): BoundedStream<T> {
    if (this.#subscriptions.size >= EVENT_STREAMS_MAX) {
      throw new MillraceError("TOO_MANY_STREAMS", "Cannot open stream: too many are open", {
        value: this.#subscriptions.size,
        expected: `at most ${EVENT_STREAMS_MAX}`,
      });
    }
    const stream = new BoundedStream<T>(EVENT_QUEUE_MAX, () => {
      this.#subscriptions.delete(subscription);
    });
    const subscription = { stream, wants };
    this.#subscriptions.add(subscription);
    return stream;
  }

  close(): void {
    for (const { stream } of [...this.#subscriptions]) stream.close();
  }
}
