import { describe, expect, test } from "vitest";
import { FRAME_HEADER_BYTES, FRAME_KIND } from "../../../src/protocol/frame.ts";
import type {
  ChainCall,
  ChainProgress,
  OperatorChainPort,
} from "../../../src/taskmanager/core/task-chain.ts";
import { peer, SlotHarness, taskOf } from "./slot-harness.ts";

/** A chain whose watermark call waits until it is told otherwise; other calls are done at once. */
class WaitingChain implements OperatorChainPort {
  readonly calls: string[] = [];
  busy = false;
  readonly finished = false;
  emitted = undefined;
  partialOutput = false;
  waits = true;
  timerMs: number | undefined;
  /** Operators that are in the midst of a call. */
  readonly inCall = new Set<number>();

  begin(call: ChainCall): void {
    this.busy = true;
    this.calls.push(call.type);
  }
  canComplete(operator: number): boolean {
    return !this.inCall.has(operator);
  }
  interject(call: ChainCall): void {
    this.calls.push(call.type === "completion" ? `answer ${call.operator}` : `also ${call.type}`);
    if (call.type === "timers") this.timerMs = undefined;
    if (call.type === "flush") this.partialOutput = false;
  }
  run(): ChainProgress {
    if (this.waits) return "waiting";
    this.busy = false;
    return "done";
  }
  nextTimerMs(): number | undefined {
    return this.timerMs;
  }
  counters() {
    return { recordsIn: 0, recordsFailed: 0, busyMs: 0, stateBytes: 0 };
  }
  userMetrics() {
    return [];
  }
  close(): void {
    this.busy = false;
  }
}

/** A task whose only call, of a watermark, waits. */
function waitingTask(prepare: (chain: WaitingChain) => void = () => undefined) {
  const chain = new WaitingChain();
  prepare(chain);
  const gates = [{ input: 0, channels: [{ channel: 0, peer: peer(0) }] }];
  const slots = new SlotHarness([taskOf("t", [{ operator: "x" }], { gates })], () => chain);
  slots.deploy();
  const backing = new ArrayBuffer(FRAME_HEADER_BYTES + 8);
  const payload = new Uint8Array(backing, FRAME_HEADER_BYTES);
  const kind = FRAME_KIND.watermark;
  slots.step(0, { type: "frame", frame: { channel: 0, kind, sequence: 0, payload, backing } });
  slots.settle();
  const answer = (operator: number) => {
    const task = { vertex: "t", subtask: 0 };
    slots.step(0, { type: "answer", task, operator, request: 1n, answer: new Uint8Array(0) });
    slots.settle();
  };
  return { chain, slots, answer, slot: slots.slots[0]! };
}

describe("a task whose call waits for answers", () => {
  test("rests until something comes, and wakes up for its timer alone", () => {
    const { chain, slots, slot } = waitingTask((made) => {
      made.timerMs = 1_500;
    });
    expect(chain.calls.splice(0)).toEqual(["watermark"]);
    expect([slot.runnable(1_499), slot.nextDeadlineMs()]).toEqual([false, 1_500]);
    slots.advance(500);
    expect(chain.calls).toEqual(["also timers"]);
    expect(slot.runnable(9_999)).toBe(false);
  });

  test("takes answers in their order, but none of an operator that is in the midst of a call", () => {
    const { chain, answer } = waitingTask((made) => made.inCall.add(0));
    answer(0);
    answer(1);
    answer(2);
    expect(chain.calls.splice(0)).toEqual(["watermark", "answer 1", "answer 2"]);
    chain.inCall.clear();
    answer(3);
    expect(chain.calls).toEqual(["answer 0", "answer 3"]);
  });

  test("sends partly filled batches when they are due", () => {
    const { chain, slots } = waitingTask((made) => {
      made.partialOutput = true;
    });
    slots.advance(9);
    expect(chain.calls.splice(0)).toEqual(["watermark"]);
    slots.advance(1);
    expect(chain.calls).toEqual(["also flush"]);
  });

  test("goes on when the call does, and takes the next answer as a call of its own", () => {
    const { chain, answer } = waitingTask();
    chain.waits = false;
    answer(0);
    answer(0);
    expect(chain.calls).toEqual(["watermark", "answer 0", "completion"]);
  });

  test("forgets answers when it is canceled", () => {
    const { chain, slots, answer } = waitingTask((made) => made.inCall.add(0));
    answer(0);
    slots.step(0, { type: "cancel" });
    chain.inCall.clear();
    answer(0);
    expect(slots.states.get("t.0")).toBe("CANCELED");
    expect(chain.calls).toEqual(["watermark"]);
  });
});
