/** The task at the head of an iteration: what comes back, and when the loop is empty. */
import { describe, expect, test, vi } from "vitest";
import { FRAME_KIND } from "../../../src/protocol/frame.ts";
import { ITERATION_FEEDBACK_MAX_BYTES } from "../../../src/protocol/limits.ts";
import { WATERMARK_MAX } from "../../../src/taskmanager/core/element.ts";
import { FeedbackLoop } from "../../../src/taskmanager/core/feedback-loop.ts";
import { FedTask } from "./fed-task.ts";

describe("the head of an iteration", () => {
  const FIRST_MARKER = WATERMARK_MAX - (1n << 40n);
  /** Channel 0 comes from outside, 1 and 2 lead back. */
  const head = () => new FedTask([1, 2], { feedbackInput: 1 });
  const inbound = (fed: FedTask) =>
    fed.slots.slots[0]!.queues().filter(({ direction }) => direction === "in");

  test("takes rows that come back before others, without their watermarks and statuses", () => {
    const fed = head();
    fed.batch(0, 5, { timestamp: 7n, row: 5 }).batch(2, 3, { timestamp: 90n, row: 1 });
    fed.watermark(1, 50n).status(2, true).settle();
    expect(fed.calls).toEqual(["batch 1 3", "batch 0 5 7@5"]);
  });

  test("gives the credits of what comes back at once, also while it waits for room itself", () => {
    const fed = head();
    fed.chain.run = () => "blocked";
    fed.batch(0, 1).settle();
    for (let i = 0; i < 50; i++) fed.batch(1, 1);
    expect(inbound(fed).map(({ elements, credits }) => [elements.length, credits])).toEqual([
      [0, 2],
      [50, 2],
      [0, 2],
    ]);
  });

  test("sends markers round until none of them meets a row, then ends event time and itself", () => {
    const fed = head();
    fed.batch(0, 4).watermark(0, WATERMARK_MAX).end(0).settle();
    expect(fed.calls).toEqual(["batch 0 4", `watermark ${FIRST_MARKER}`]);
    fed.watermark(1, FIRST_MARKER).settle();
    expect(fed.calls).toEqual([]);
    fed.batch(2, 2, { timestamp: FIRST_MARKER, row: 2 }).settle();
    expect(fed.calls).toEqual(["batch 1 2", `watermark ${FIRST_MARKER + 1n}`]);
    fed
      .watermark(2, FIRST_MARKER + 1n)
      .watermark(1, FIRST_MARKER + 1n)
      .settle();
    expect(fed.calls).toEqual([`watermark ${WATERMARK_MAX}`, "end 0", "end 1", "end_chain"]);
    expect(fed.state).toBe("RUNNING");
    fed.watermark(1, WATERMARK_MAX).end(1).end(2).settle();
    expect(fed.state).toBe("FINISHED");
  });

  test("a row behind a marker makes another round", () => {
    const fed = head();
    fed.end(0).settle();
    fed.watermark(1, FIRST_MARKER).batch(2, 2, { timestamp: FIRST_MARKER, row: 0 }).settle();
    expect(fed.calls).toEqual([
      `watermark ${FIRST_MARKER}`,
      "batch 1 2",
      `watermark ${FIRST_MARKER + 1n}`,
    ]);
  });

  test("a row that comes back behind the end fails it: nothing is lost unseen", () => {
    const fed = head();
    fed.end(0).settle();
    fed.watermark(1, FIRST_MARKER).watermark(2, FIRST_MARKER).settle();
    expect(fed.calls.at(-1)).toBe("end_chain");
    fed.batch(1, 1).settle();
    expect(fed.state).toBe("ITERATION_NOT_EMPTY");
  });

  test("a frame that a resumed link sends again is left out, without a credit for it", () => {
    const fed = head();
    fed.watermark(1, 50n).settle();
    const payload = new Uint8Array(8);
    fed.frame(1, FRAME_KIND.watermark, payload, 0).batch(1, 2).settle();
    expect(fed.state).toBe("RUNNING");
    expect(fed.calls).toEqual(["batch 1 2"]);
  });

  test("watermarks that go round for ever never count as rows that wait", () => {
    const fed = head();
    const [queued, taken] = [
      vi.spyOn(FeedbackLoop.prototype, "queued"),
      vi.spyOn(FeedbackLoop.prototype, "taken"),
    ];
    fed.watermark(1, 50n).batch(1, 2, { timestamp: 60n, row: 1 }).status(2, true).settle();
    const sum = (spy: typeof queued) => spy.mock.calls.reduce((bytes, [more]) => bytes + more, 0);
    expect(sum(queued)).toBeGreaterThan(0);
    expect(sum(queued)).toBe(sum(taken));
    vi.restoreAllMocks();
  });

  test("so many rows that wait that they pass the limit fail it", () => {
    const loop = new FeedbackLoop(1);
    loop.queued(ITERATION_FEEDBACK_MAX_BYTES);
    loop.taken(1_000);
    loop.queued(1_000);
    expect(() => loop.queued(1)).toThrow(/268435457 bytes wait/);
  });
});
