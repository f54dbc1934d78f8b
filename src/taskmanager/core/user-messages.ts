/**
 * What user code says by the import `log`: every call would be a message between isolates and one to
 * the JobManager, and nothing there makes a module wait. So lines have a token bucket; what is beyond
 * it is counted. Pure.
 */
import { unreachable } from "../../protocol/errors.ts";
import {
  LOG_LINES_BURST,
  LOG_LINES_PER_SECOND,
  METRICS_INTERVAL_MS,
} from "../../protocol/limits.ts";

export type UserMessageLevel = "debug" | "info" | "warn" | "error";

export type UserMessageInput =
  | { readonly type: "log"; readonly level: UserMessageLevel; readonly message: string }
  | { readonly type: "tick" }
  /** A task ends, and perhaps its isolate: what is held back goes out. */
  | { readonly type: "flush" };

/** A line for the worker. */
export interface UserMessage {
  readonly level: UserMessageLevel;
  readonly message: string;
}

/** Messages of one slot's user code. */
export class UserMessages {
  #tokens = LOG_LINES_BURST;
  #filledAtMs: number | undefined;
  #dropped = 0;
  /** When what was dropped is told. */
  #dueMs: number | undefined;

  step(input: UserMessageInput, nowMs: number): UserMessage[] {
    switch (input.type) {
      case "log":
        return this.#log(input, nowMs);
      case "tick":
        return this.#dueMs !== undefined && nowMs >= this.#dueMs ? this.#tell() : [];
      case "flush":
        return this.#tell();
      default:
        return unreachable(input);
    }
  }

  nextDeadlineMs(): number | undefined {
    return this.#dueMs;
  }

  #log({ level, message }: UserMessage, nowMs: number): UserMessage[] {
    const gained = ((nowMs - (this.#filledAtMs ?? nowMs)) * LOG_LINES_PER_SECOND) / 1_000;
    this.#tokens = Math.min(this.#tokens + gained, LOG_LINES_BURST);
    this.#filledAtMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return [{ level, message }];
    }
    this.#dropped++;
    this.#dueMs ??= nowMs + METRICS_INTERVAL_MS;
    return [];
  }

  #tell(): UserMessage[] {
    const messages: UserMessage[] = [];
    if (this.#dropped > 0) {
      const message =
        `${this.#dropped} log lines of user code dropped: ` +
        `a slot sends ${LOG_LINES_PER_SECOND} a second`;
      messages.push({ level: "warn", message });
    }
    this.#dropped = 0;
    this.#dueMs = undefined;
    return messages;
  }
}
