/** What happens when this process is told to go while it follows a job. */
import { errorBodyOf } from "../protocol/errors.ts";
import { describeError, whenReaderLeaves } from "./terminal.ts";

/** Exit codes of a shell for a process that a signal ended: 128 and the signal's number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** At most one departure; a second Ctrl-C ends the process at once. */
export class Leaving {
  readonly #leave: () => Promise<void>;
  readonly #handlers: readonly (readonly [keyof typeof SIGNALS, () => void])[];
  #gone: Promise<never> | undefined;

  /** @param leave What is to be done first; its failure is told, and ends the process as well. */
  constructor(leave: () => Promise<void>) {
    this.#leave = leave;
    this.#handlers = (["SIGINT", "SIGTERM"] as const).map((signal) => [
      signal,
      () => this.#begin(SIGNALS[signal]),
    ]);
    for (const [signal, handler] of this.#handlers) process.once(signal, handler);
    // A reader of the rows that has enough: `millrace run | head -1`.
    whenReaderLeaves(() => this.#begin(0));
  }

  /** Never resolves; undefined: nobody told the process to go. */
  get gone(): Promise<never> | undefined {
    return this.#gone;
  }

  /** From now on signals do what they do by default. */
  close(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }

  #begin(code: number): void {
    this.#gone ??= this.#go(code);
  }

  async #go(code: number): Promise<never> {
    try {
      await this.#leave();
    } catch (thrown) {
      console.error(describeError(errorBodyOf(thrown)));
      process.exit(1);
    }
    process.exit(code);
  }
}
