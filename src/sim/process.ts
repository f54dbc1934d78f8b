/**
 * A simulated process: something that can crash, come back, be stopped for a while, and whose clock
 * can jump. Everything that happens in it is scheduled here, so that nothing of a former life runs
 * in a later one.
 */
import type { Scheduled, VirtualClock } from "./clock.ts";
import { Violation } from "./violation.ts";

/** One life of a process, or of an isolate in it; what it has scheduled ends with it. */
export class Life {
  readonly #process: Life | undefined;
  #alive = true;

  /** @param process the life of the process around an isolate */
  constructor(process?: Life) {
    this.#process = process;
  }

  get alive(): boolean {
    return this.#alive && (this.#process?.alive ?? true);
  }

  end(): void {
    this.#alive = false;
  }
}

/** Milliseconds since the epoch at virtual time 0: 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000;

/** A process by name, over all of its lives. */
export class SimProcess {
  readonly name: string;
  readonly #clock: VirtualClock;
  #life: Life | undefined;
  #frozenUntilMs = 0;
  /** What its monotonic clock is ahead of true time. */
  #aheadMs = 0;

  constructor(name: string, clock: VirtualClock) {
    this.name = name;
    this.#clock = clock;
  }

  get life(): Life | undefined {
    return this.#life;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  get frozen(): boolean {
    return this.#clock.nowMs < this.#frozenUntilMs;
  }

  /** Its monotonic clock. */
  get nowMs(): number {
    return this.#clock.nowMs + this.#aheadMs;
  }

  /** Processing time as a slot sees it: since the epoch, never going back. */
  get processingTimeMs(): number {
    return EPOCH_MS + this.nowMs;
  }

  begin(): Life {
    this.#life = new Life();
    return this.#life;
  }

  crash(): void {
    this.#life?.end();
    this.#life = undefined;
    this.#frozenUntilMs = 0;
  }

  /** Stopped as by SIGSTOP: nothing runs until then, and then everything that is due. */
  freeze(ms: number): void {
    this.#frozenUntilMs = this.#clock.nowMs + ms;
  }

  /** Its clock leaps ahead of everybody else's, as after a suspended machine. */
  jump(ms: number): void {
    this.#aheadMs += ms;
  }

  /** Runs something in this life, not before the delay and not while the process is frozen. */
  after(life: Life, delayMs: number, run: () => void): Scheduled {
    return this.#clock.after(delayMs, () => this.#run(life, run));
  }

  #run(life: Life, run: () => void): void {
    if (!life.alive) return;
    if (this.frozen) this.#clock.at(this.#frozenUntilMs, () => this.#run(life, run));
    else run();
  }
}

/** A core that is told its time has come and asks for the same time again does nothing about it. */
const REPEATS_MAX = 10;

/** A timer by a process' monotonic clock, set again after each step of a core. */
export class DeadlineTimer {
  readonly #process: SimProcess;
  readonly #life: Life;
  readonly #due: () => void;
  #pending: Scheduled | undefined;
  #dueMs: number | undefined;
  /** Times in a row that it came for the same moment. */
  #repeats = 0;

  constructor(process: SimProcess, life: Life, due: () => void) {
    this.#process = process;
    this.#life = life;
    this.#due = due;
  }

  set(dueMs: number | undefined): void {
    if (this.#pending !== undefined && !this.#pending.cancelled && dueMs === this.#dueMs) return;
    if (this.#pending !== undefined) this.#pending.cancelled = true;
    this.#pending = undefined;
    this.#dueMs = dueMs;
    if (dueMs === undefined) return;
    // Timers are whole milliseconds, as setTimeout's.
    const waitMs = Math.max(0, Math.ceil(dueMs - this.#process.nowMs));
    this.#pending = this.#process.after(this.#life, waitMs, () => {
      this.#pending = undefined;
      this.#due();
      this.#repeats = this.#dueMs === dueMs ? this.#repeats + 1 : 0;
      if (this.#repeats > REPEATS_MAX) {
        throw new Violation(`${this.#process.name} asks for a time that has passed, without end`);
      }
    });
  }

  /** The process' clock has leapt: what was to come may be due. */
  renew(): void {
    const dueMs = this.#dueMs;
    if (this.#pending === undefined) return;
    this.#pending.cancelled = true;
    this.#pending = undefined;
    this.set(dueMs);
  }
}
