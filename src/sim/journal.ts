/**
 * The log of a run: a line for each input that a core was given, with its actions. The same seed
 * gives the same lines, byte for byte.
 */
import { hashText } from "./random.ts";

/** Lines kept where the whole log is not wanted: what led to a violation. */
const TAIL_LINES = 60;

/** What a line is made of; written out only when somebody reads it. */
interface Entry {
  readonly atMs: number;
  readonly who: string;
  readonly text: () => string;
}

/** Collects lines. */
export class Journal {
  readonly #nowMs: () => number;
  readonly #sink: ((line: string) => void) | undefined;
  readonly #tail: Entry[] = [];
  #next = 0;
  #digest = 0;
  #lines = 0;

  /** @param sink takes every line as it is made; without one only the last lines are kept */
  constructor(nowMs: () => number, sink?: (line: string) => void) {
    this.#nowMs = nowMs;
    this.#sink = sink;
  }

  /** Somebody reads every line. */
  get full(): boolean {
    return this.#sink !== undefined;
  }

  /** Number of lines so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Hash over all lines; 0 where nobody wanted them. */
  get digest(): number {
    return this.#digest;
  }

  note(who: string, text: () => string): void {
    const entry = { atMs: this.#nowMs(), who, text };
    this.#lines++;
    this.#tail[this.#next] = entry;
    this.#next = (this.#next + 1) % TAIL_LINES;
    if (this.#sink === undefined) return;
    const line = lineOf(entry);
    this.#digest = (Math.imul(this.#digest, 31) + hashText(line)) >>> 0;
    this.#sink(line);
  }

  /** The last lines, oldest first. */
  tail(): string[] {
    const ordered = [...this.#tail.slice(this.#next), ...this.#tail.slice(0, this.#next)];
    return ordered.map(lineOf);
  }
}

function lineOf({ atMs, who, text }: Entry): string {
  return `${atMs.toFixed(3).padStart(12)} ${who.padEnd(12)} ${text()}`;
}
