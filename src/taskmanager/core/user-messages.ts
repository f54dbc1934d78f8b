/**
 * What user code says by the imports `log` and `metric`: every call would be a message between
 * isolates and one to the JobManager, and nothing there makes a module wait. Log lines have a token
 * bucket, what is beyond it is counted; counters are added up. Pure.
 */
import { unreachable } from "../../protocol/errors.ts";
import {
  LOG_LINE_MAX_CHARS,
  LOG_LINES_BURST,
  LOG_LINES_PER_SECOND,
  METRICS_INTERVAL_MS,
  USER_COUNTERS_MAX,
} from "../../protocol/limits.ts";

export type UserMessageLevel = "debug" | "info" | "warn" | "error";

export type UserMessageInput =
  | { readonly type: "log"; readonly level: UserMessageLevel; readonly message: string }
  | { readonly type: "metric"; readonly name: string; readonly delta: bigint }
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
  /** When what was dropped, and the counters, are told. */
  #dueMs: number | undefined;
  readonly #counters = new Map<string, bigint>();
  #countersRefused = 0;

  step(input: UserMessageInput, nowMs: number): UserMessage[] {
    switch (input.type) {
      case "log":
        return this.#log(input, nowMs);
      case "metric":
        this.#count(input.name, input.delta);
        this.#dueMs ??= nowMs + METRICS_INTERVAL_MS;
        return [];
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

  #count(name: string, delta: bigint): void {
    const before = this.#counters.get(name);
    if (before === undefined && this.#counters.size >= USER_COUNTERS_MAX) this.#countersRefused++;
    else this.#counters.set(name, (before ?? 0n) + delta);
  }

  #tell(): UserMessage[] {
    const messages: UserMessage[] = [];
    if (this.#dropped > 0) {
      const message =
        `${this.#dropped} log lines of user code dropped: ` +
        `a slot sends ${LOG_LINES_PER_SECOND} a second`;
      messages.push({ level: "warn", message });
    }
    if (this.#counters.size > 0) {
      const sums = [...this.#counters].map(([name, sum]) => `${name} ${sum < 0n ? "" : "+"}${sum}`);
      messages.push({ level: "debug", message: sums.join(", ").slice(0, LOG_LINE_MAX_CHARS) });
    }
    if (this.#countersRefused > 0) {
      const message =
        `${this.#countersRefused} counts of user code dropped: ` +
        `a slot has ${USER_COUNTERS_MAX} counters in a second`;
      messages.push({ level: "warn", message });
    }
    this.#dropped = 0;
    this.#countersRefused = 0;
    this.#counters.clear();
    this.#dueMs = undefined;
    return messages;
  }
}
