/**
 * Flink's WindowOperator with TumblingEventTimeWindows and EventTimeTrigger, one key, written down
 * as its source has it (processElement, onEventTime, isWindowLate, isElementLate, cleanupTime), with
 * timers as a list. Slow and plain: what the SDK's operator is compared with.
 */
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

interface Contents {
  readonly start: bigint;
  readonly end: bigint;
  values: bigint[];
}

export interface Tumbling {
  readonly size: bigint;
  readonly offset: bigint;
  readonly lateness: bigint;
}

export class WindowModel {
  /** "start end values" of each firing, "late value", "watermark time", in their order. */
  readonly main: string[] = [];
  readonly late: string[] = [];
  readonly #spec: Tumbling;
  #watermark = MIN;
  /** By window start. */
  #contents = new Map<bigint, Contents>();
  /** Event timers "time start": each stands once. */
  #timers = new Map<string, { time: bigint; start: bigint }>();

  constructor(spec: Tumbling) {
    this.#spec = spec;
  }

  element(timestamp: bigint, value: bigint): void {
    const { size, offset, lateness } = this.#spec;
    const remainder = wrap(timestamp - offset) % size;
    const start = wrap(timestamp - (remainder < 0n ? remainder + size : remainder));
    const end = wrap(start + size);
    const last = wrap(end - 1n);
    if (this.#cleanupTime(last) <= this.#watermark) {
      if (wrap(timestamp + lateness) <= this.#watermark) this.late.push(`late ${value}`);
      return;
    }
    const contents = this.#contents.get(start) ?? { start, end, values: [] };
    this.#contents.set(start, contents);
    contents.values.push(value);
    if (last <= this.#watermark) this.#emit(contents);
    else this.#timer(last, start);
    const cleanup = this.#cleanupTime(last);
    if (cleanup !== MAX) this.#timer(cleanup, start);
  }

  watermark(time: bigint): void {
    this.#watermark = time;
    for (;;) {
      const due = [...this.#timers.entries()].filter(([, timer]) => timer.time <= time);
      if (due.length === 0) break;
      due.sort(([, a], [, b]) => (a.time < b.time ? -1 : 1));
      const [id, timer] = due[0]!;
      this.#timers.delete(id);
      this.#onTimer(timer.time, timer.start);
    }
    this.main.push(`watermark ${time}`);
    this.late.push(`watermark ${time}`);
  }

  /** What a snapshot keeps goes on; the watermark does not. */
  restore(): void {
    this.#watermark = MIN;
  }

  #onTimer(time: bigint, start: bigint): void {
    const contents = this.#contents.get(start);
    const last = wrap(start + this.#spec.size - 1n);
    if (time === last && contents !== undefined) this.#emit(contents);
    if (time === this.#cleanupTime(last)) this.#contents.delete(start);
  }

  #timer(time: bigint, start: bigint): void {
    this.#timers.set(`${time} ${start}`, { time, start });
  }

  #cleanupTime(last: bigint): bigint {
    const time = wrap(last + this.#spec.lateness);
    return time >= last ? time : MAX;
  }

  #emit({ start, end, values }: Contents): void {
    this.main.push(`${start} ${end} [${values.join()}]`);
  }
}
