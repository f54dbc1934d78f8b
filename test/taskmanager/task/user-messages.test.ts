import { describe, expect, test } from "vitest";
import {
  LOG_LINES_BURST,
  LOG_LINES_PER_SECOND,
  METRICS_INTERVAL_MS,
} from "../../../src/protocol/limits.ts";
import { UserMessages } from "../../../src/taskmanager/core/user-messages.ts";

const line = { type: "log" as const, level: "info" as const, message: "row" };

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
});
