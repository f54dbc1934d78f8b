/** The JobManager's log: to a printer, and the last lines for `GET /v1/logs`. */
import { LOG_LINE_MAX_CHARS, LOG_TAIL_LINES } from "../protocol/limits.ts";
import type { BoundedStream } from "./bounded-stream.ts";
import type { LogLevel } from "./core/inputs-and-actions.ts";
import { EventHub } from "./event-hub.ts";

/** A line of log. */
export interface LogLine {
  /** Wall clock, ms since the epoch. */
  readonly timestamp: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly job?: string | undefined;
  readonly worker?: string | undefined;
}

/** Keeps the newest lines. */
export class LogTail {
  readonly #lines: LogLine[] = [];
  readonly #hub = new EventHub<LogLine>();
  readonly #print: (line: LogLine) => void;

  constructor(print: (line: LogLine) => void) {
    this.#print = print;
  }

  log(level: LogLevel, message: string, about: { job?: string; worker?: string } = {}): void {
    const text = message.slice(0, LOG_LINE_MAX_CHARS);
    const line = { timestamp: Date.now(), level, message: text, ...about };
    this.#lines.push(line);
    if (this.#lines.length > LOG_TAIL_LINES) this.#lines.shift();
    this.#print(line);
    this.#hub.publish(line);
  }

  /** The last lines, oldest first, then what comes. */
  tail(): { lines: readonly LogLine[]; stream: BoundedStream<LogLine> } {
    return { lines: [...this.#lines], stream: this.#hub.subscribe(() => true) };
  }

  close(): void {
    this.#hub.close();
  }
}

/** A line as it stands in a terminal: one line, no control characters from outside. */
export function formatLogLine(line: LogLine): string {
  const time = new Date(line.timestamp).toISOString();
  const about = [line.worker, line.job].filter((part) => part !== undefined).join(" ");
  const message = [...line.message]
    .map((char) => (char < " " || char === "\u007f" ? " " : char))
    .join("");
  return `${time} ${line.level.toUpperCase().padEnd(5)} ${about === "" ? "" : `[${about}] `}${message}`;
}
