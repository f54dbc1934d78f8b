import { describe, expect, test } from "vitest";
import {
  LOG_LINES_BURST,
  LOG_LINES_PER_SECOND,
  METRICS_INTERVAL_MS,
  USER_COUNTERS_MAX,
} from "../../../src/protocol/limits.ts";
import { UserMessages } from "../../../src/taskmanager/core/user-messages.ts";

const line = { type: "log" as const, level: "info" as const, message: "row" };
const count = (name: string, delta = 1n) => ({ type: "metric" as const, name, delta });

/** Lines that get out of so many calls at one time. */
function lines(messages: UserMessages, calls: number, nowMs: number): number {
  let out = 0;
  for (let i = 0; i < calls; i++) out += messages.step(line, nowMs).length;
  return out;
}

describe("what user code says", () => {
  test("gets out in a burst, then at its rate; what is dropped is counted and told once a second", () => {
    const messages = new UserMessages();
    expect(lines(messages, 1_000_000, 0)).toBe(LOG_LINES_BURST);
    expect(messages.nextDeadlineMs()).toBe(METRICS_INTERVAL_MS);
    expect(messages.step({ type: "tick" }, METRICS_INTERVAL_MS - 1)).toEqual([]);
    const told = messages.step({ type: "tick" }, METRICS_INTERVAL_MS);
    expect(told).toHaveLength(1);
    expect(told[0]!.message).toMatch(/^999800 log lines of user code dropped/);
    expect(messages.nextDeadlineMs()).toBeUndefined();
    expect(lines(messages, 1_000, 1_000)).toBe(LOG_LINES_PER_SECOND);
    expect(lines(messages, 1_000, 3_600_000), "the burst does not grow").toBe(LOG_LINES_BURST);
  });

  test("is not held back where it keeps to the rate", () => {
    const messages = new UserMessages();
    for (let i = 0; i < 1_000; i++) expect(lines(messages, 1, i * 20)).toBe(1);
    expect(messages.nextDeadlineMs()).toBeUndefined();
  });

  test("adds counters up into one message an interval", () => {
    const messages = new UserMessages();
    for (let i = 0; i < 1_000; i++) expect(messages.step(count("seen"), i / 10)).toEqual([]);
    messages.step(count("late", -3n), 100);
    expect(messages.step({ type: "tick" }, METRICS_INTERVAL_MS)).toEqual([
      { level: "debug", message: "seen +1000, late -3" },
    ]);
    expect(messages.step({ type: "flush" }, METRICS_INTERVAL_MS)).toEqual([]);
  });

  test("has a bounded number of counters, and tells what it holds when its task ends", () => {
    const messages = new UserMessages();
    for (let i = 0; i < USER_COUNTERS_MAX + 7; i++) messages.step(count(`c${i}`), 0);
    const [sums, refused] = messages.step({ type: "flush" }, 1);
    expect(sums!.message.split(", ")).toHaveLength(USER_COUNTERS_MAX);
    expect(refused!.message).toMatch(/^7 counts of user code dropped/);
  });
});
