import { describe, expect, test } from "vitest";
import type { SlotInput } from "../../../src/taskmanager/core/slot.ts";
import { SourceAlignment } from "../../../src/taskmanager/core/source-alignment.ts";
import type {
  ChainCall,
  EmittedTime,
  OperatorChainPort,
} from "../../../src/taskmanager/core/task-chain.ts";
import { SlotHarness, taskOf } from "./slot-harness.ts";

const ALIGNMENT = { group: "g", maxDriftMs: 5, updateIntervalMs: 200 };
const TASK = { vertex: "t", subtask: 0 };
const allow = (maxWatermark: bigint): SlotInput => {
  return { type: "align_watermarks", task: TASK, maxWatermark };
};

/** Emits what the test says. */
class EmittingChain implements OperatorChainPort {
  readonly calls: string[] = [];
  busy = false;
  finished = false;
  partialOutput = false;
  emitted: EmittedTime | undefined;

  begin(call: ChainCall): void {
    this.busy = true;
    this.calls.push(call.type);
  }
  run(): "done" {
    this.busy = false;
    return "done";
  }
  nextTimerMs(): undefined {
    return undefined;
  }
  counters() {
    return { recordsIn: 0, recordsFailed: 0, stateBytes: 0, busyMs: 0 };
  }
  canComplete(): boolean {
    return false;
  }
  interject(): void {}
  userMetrics() {
    return [];
  }
  close(): void {}
}

/** A source with its strategy, polled once for each `poll`. */
function source() {
  const chain = new EmittingChain();
  const slots = new SlotHarness(
    [
      taskOf("t", [
        { operator: "source" },
        { operator: "s", parameters: { alignment: ALIGNMENT } },
      ]),
    ],
    () => chain,
  );
  slots.source = () => undefined;
  slots.deploy();
  const poll = () => {
    slots.step(0, { type: "source_data", task: TASK, data: { type: "poll" } });
    slots.settle();
  };
  return { chain, slots, poll };
}

describe("a source whose watermarks are aligned", () => {
  test("pauses while its watermark is above what its group allows", () => {
    const { chain, slots, poll } = source();
    poll();
    expect(chain.calls).toHaveLength(1);
    chain.emitted = { watermark: 100n, idle: false };
    slots.step(0, allow(99n));
    poll();
    expect(chain.calls, "one that is ahead waits").toHaveLength(1);
    slots.step(0, allow(100n));
    slots.settle();
    expect(chain.calls).toHaveLength(2);
    chain.emitted = { watermark: 101n, idle: false };
    poll();
    poll();
    expect(chain.calls, "what it emits counts from its call on").toHaveLength(3);
    chain.emitted = { watermark: 101n, idle: true };
    slots.step(0, allow(0n));
    slots.settle();
    expect(chain.calls, "an idle one goes on").toHaveLength(4);
  });

  test("tells its watermark with its numbers, as often as the group asks for", () => {
    const { chain, slots } = source();
    const told = () => slots.slots[0]!.metrics()[0]!.alignment;
    expect(told()).toBeUndefined();
    chain.emitted = { watermark: -7n, idle: false };
    expect(told()).toEqual({ group: "g", maxDriftMs: 5, watermark: "-7" });
    chain.emitted = { watermark: -7n, idle: true };
    expect(told()).toEqual({ group: "g", maxDriftMs: 5 });
    expect(slots.slots[0]!.nextDeadlineMs()).toBe(slots.nowMs + 200);
  });

  test("the time of a pause is known while it lasts: idleness does not count it", () => {
    const alignment = new SourceAlignment(ALIGNMENT);
    const ahead = { watermark: 9n, idle: false };
    alignment.allow(8n, ahead, 1_000);
    expect(alignment.pausedMs(1_300)).toBe(300);
    alignment.allow(9n, ahead, 1_500);
    expect([alignment.isPaused, alignment.pausedMs(2_000)]).toEqual([false, 500]);
    alignment.allow(1n, ahead, 3_000);
    expect(alignment.pausedMs(3_010)).toBe(510);
  });
});
