/**
 * Silence of peers (Flink: HeartbeatManager). Whatever a peer says counts as a sign of life.
 * The clock is the caller's, monotonic.
 */
export class HeartbeatMonitor {
  readonly #timeoutMs: number;
  readonly #checkMs: number;
  readonly #heardAtMs = new Map<string, number>();
  #checkedAtMs = 0;

  /** @param checkMs longest pause between two calls of `expire` while peers are watched */
  constructor(timeoutMs: number, checkMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#checkMs = Math.min(checkMs, timeoutMs);
  }

  watch(peer: string, nowMs: number): void {
    if (this.#heardAtMs.size === 0) this.#checkedAtMs = nowMs;
    this.#heardAtMs.set(peer, nowMs);
  }

  forget(peer: string): void {
    this.#heardAtMs.delete(peer);
  }

  /** A watched peer said something. */
  heard(peer: string, nowMs: number): void {
    if (this.#heardAtMs.has(peer)) this.#heardAtMs.set(peer, nowMs);
  }

  heardAtMs(peer: string): number | undefined {
    return this.#heardAtMs.get(peer);
  }

  /** The caller itself stood still: what peers said meanwhile waits in its sockets. */
  forgive(pausedMs: number, nowMs: number): void {
    for (const [peer, heardMs] of this.#heardAtMs) {
      this.#heardAtMs.set(peer, Math.min(nowMs, heardMs + pausedMs));
    }
  }

  /** Peers silent for the whole time-out, in the order they were watched; they are forgotten. */
  expire(nowMs: number): string[] {
    this.#checkedAtMs = nowMs;
    const silent: string[] = [];
    for (const [peer, heardMs] of this.#heardAtMs) {
      // The same sum as in nextDeadlineMs: the difference of two such times may round to less.
      if (nowMs >= heardMs + this.#timeoutMs) silent.push(peer);
    }
    for (const peer of silent) this.#heardAtMs.delete(peer);
    return silent;
  }

  /** A check is due at the latest every `checkMs`, so that a pause of the caller can be told. */
  nextDeadlineMs(): number | undefined {
    if (this.#heardAtMs.size === 0) return undefined;
    let deadlineMs = this.#checkedAtMs + this.#checkMs;
    for (const heardMs of this.#heardAtMs.values()) {
      deadlineMs = Math.min(deadlineMs, heardMs + this.#timeoutMs);
    }
    return deadlineMs;
  }
}
