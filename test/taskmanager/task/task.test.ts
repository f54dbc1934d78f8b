import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BatchWatermark,
  blockRowCount,
  blockWatermarks,
  writeWatermark,
} from "../../../src/protocol/batch/block-header.ts";
import {
  BATCH_MAGIC,
  HEADER,
  HEADER_BYTES,
  WATERMARK_BYTES,
} from "../../../src/protocol/batch/layout.ts";
import type { TaskDescriptor } from "../../../src/protocol/deployment.ts";
import { MillraceError } from "../../../src/protocol/errors.ts";
import { FRAME_HEADER_BYTES, FRAME_KIND, type FrameKind } from "../../../src/protocol/frame.ts";
import { BATCH_VERSION } from "../../../src/protocol/versions.ts";
import { elementOf, WATERMARK_MAX } from "../../../src/taskmanager/core/element.ts";
import { OutputChannel } from "../../../src/taskmanager/core/output-channel.ts";
import type {
  ChainCall,
  ChainOutput,
  ChainProgress,
  EmittedTime,
  OperatorChainPort,
} from "../../../src/taskmanager/core/task-chain.ts";
import { StatusWatermarkValve } from "../../../src/taskmanager/core/watermark-coalescer.ts";
import { operator, peer, SlotHarness, taskOf } from "./slot-harness.ts";

/** Writes down its calls; sends what a test says. */
class FakeChain implements OperatorChainPort {
  readonly calls: string[] = [];
  busy = false;
  finished = false;
  partialOutput = false;
  emitted: EmittedTime | undefined;
  closed = false;
  run: (output: ChainOutput) => ChainProgress = () => {
    this.busy = false;
    return "done";
  };

  begin(call: ChainCall): void {
    this.busy = true;
    this.calls.push(describeCall(call));
  }
  nextTimerMs(): number | undefined {
    return undefined;
  }
  counters() {
    return { recordsIn: 0, recordsFailed: 0, busyMs: 0 };
  }
  close(): void {
    this.closed = true;
  }
}

function describeCall(call: ChainCall): string {
  switch (call.type) {
    case "batch": {
      const marks = blockWatermarks(call.block).map(
        (w) => `${w.idle === undefined ? w.timestamp : w.idle ? "idle" : "active"}@${w.row}`,
      );
      return [`batch ${call.input} ${blockRowCount(call.block)}`, ...marks].join(" ");
    }
    case "watermark":
      return `watermark ${call.timestamp}`;
    case "status":
      return call.idle ? "idle" : "active";
    case "end_input":
      return `end ${call.input}`;
    default:
      return call.type;
  }
}

/** A block without columns: `rows` rows and some watermarks. */
function blockOf(rows: number, watermarks: readonly BatchWatermark[]) {
  const bytes = new Uint8Array(HEADER_BYTES + watermarks.length * WATERMARK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(HEADER.magic, BATCH_MAGIC, true);
  view.setUint16(HEADER.version, BATCH_VERSION, true);
  view.setUint32(HEADER.byteLength, bytes.byteLength, true);
  view.setUint32(HEADER.rowCount, rows, true);
  view.setUint32(HEADER.columnTable, HEADER_BYTES, true);
  view.setUint32(HEADER.watermarks, watermarks.length > 0 ? HEADER_BYTES : 0, true);
  view.setUint32(HEADER.watermarkCount, watermarks.length, true);
  for (const [i, watermark] of watermarks.entries()) {
    writeWatermark(view, HEADER_BYTES + i * WATERMARK_BYTES, watermark);
  }
  return bytes;
}

function int64(value: bigint): Uint8Array {
  return new Uint8Array(new BigInt64Array([value]).buffer);
}

/** A task fed by the test through channels 0, 1, ... */
class FedTask {
  readonly chain = new FakeChain();
  readonly slots: SlotHarness;
  readonly #sequences: number[] = [];

  constructor(inputs: readonly number[], rest: Partial<TaskDescriptor> = {}) {
    let channel = 0;
    const gates = inputs.map((count, input) => ({
      input,
      channels: Array.from({ length: count }, () => ({ channel: channel++, peer: peer(0) })),
    }));
    const task = taskOf("t", [{ operator: "x" }], { gates, ...rest });
    this.slots = new SlotHarness([task], () => this.chain).deploy();
  }

  frame(channel: number, kind: FrameKind, payload: Uint8Array, sequence?: number): this {
    const backing = new ArrayBuffer(FRAME_HEADER_BYTES + payload.byteLength);
    const view = new Uint8Array(backing, FRAME_HEADER_BYTES);
    view.set(payload);
    const next = sequence ?? this.#sequences[channel] ?? 0;
    this.#sequences[channel] = next + 1;
    const frame = { channel, kind, sequence: next, payload: view, backing };
    this.slots.step(0, { type: "frame", frame });
    return this;
  }

  batch(channel: number, rows: number, ...marks: BatchWatermark[]): this {
    return this.frame(channel, FRAME_KIND.batch, blockOf(rows, marks));
  }
  watermark(channel: number, timestamp: bigint): this {
    return this.frame(channel, FRAME_KIND.watermark, int64(timestamp));
  }
  status(channel: number, idle: boolean): this {
    return this.frame(channel, FRAME_KIND.status, Uint8Array.of(idle ? 1 : 0));
  }
  end(channel: number): this {
    return this.frame(channel, FRAME_KIND.end, new Uint8Array(0));
  }
  settle(): this {
    this.slots.settle();
    return this;
  }
  /** Calls since the last look. */
  get calls(): string[] {
    return this.chain.calls.splice(0);
  }
}

describe("Task", () => {
  test("takes elements of its channels in turn", () => {
    const fed = new FedTask([2]).batch(0, 1).batch(0, 2).batch(1, 3).settle();
    expect(fed.calls).toEqual(["batch 0 1", "batch 0 3", "batch 0 2"]);
  });

  test("rewrites the watermarks of a batch to those that all channels have reached", () => {
    const fed = new FedTask([2]).watermark(0, 7n);
    fed.batch(
      1,
      9,
      { timestamp: 5n, row: 2 },
      { timestamp: 6n, row: 4 },
      { timestamp: 9n, row: 9 },
    );
    expect(fed.settle().calls).toEqual(["batch 0 9 5@2 6@4 7@9"]);
    fed.batch(1, 4, { timestamp: 12n, row: 1 });
    expect(fed.settle().calls).toEqual(["batch 0 4"]);
  });

  test("rewrites the statuses of a batch, too, and finds room for the watermark before one", () => {
    const fed = new FedTask([2]).watermark(0, 7n).status(0, true).settle();
    expect(fed.calls).toEqual([]);
    fed.batch(1, 4, { timestamp: 3n, row: 1 }, { timestamp: 0n, row: 2, idle: true });
    expect(fed.settle().calls).toEqual(["batch 0 4 3@1 7@2 idle@2"]);
    fed.batch(1, 4, { timestamp: 0n, row: 0, idle: false }, { timestamp: 9n, row: 4 });
    expect(fed.settle().calls).toEqual(["batch 0 4 active@0 9@4"]);
  });

  test("ends an input when its channels have ended, and the chain behind the last input", () => {
    const fed = new FedTask([2, 1]).end(0).end(2).settle();
    expect(fed.calls).toEqual(["end 1"]);
    fed.end(1).settle();
    expect(fed.calls).toEqual([`watermark ${WATERMARK_MAX}`, "end 0", "end_chain"]);
    expect(fed.slots.states.get("t.0")).toBe("FINISHED");
    expect(fed.chain.closed).toBe(true);
  });

  test("says idle when all channels are, with the watermark flushed before", () => {
    const fed = new FedTask([2]).watermark(0, 10n).watermark(1, 5n).status(0, true).settle();
    expect(fed.calls).toEqual(["watermark 5"]);
    fed.status(1, true).settle();
    expect(fed.calls).toEqual(["watermark 10", "idle"]);
    fed.status(1, false).settle();
    expect(fed.calls).toEqual(["active"]);
  });

  test("refuses a barrier by name until checkpoints are there", () => {
    const fed = new FedTask([1]).frame(0, FRAME_KIND.barrier, new Uint8Array(17)).settle();
    expect(fed.slots.errors.get("t.0")).toMatchObject({ code: "CHECKPOINTS_UNSUPPORTED" });
  });

  test("fails on a frame out of order or beyond the credits, and takes a repeated one once", () => {
    const gap = new FedTask([1]).frame(0, FRAME_KIND.watermark, int64(1n), 3);
    expect(gap.slots.errors.get("t.0")).toMatchObject({ code: "FRAME_OUT_OF_ORDER", value: "3" });
    const flood = new FedTask([1]).batch(0, 1).batch(0, 1).batch(0, 1);
    expect(flood.slots.errors.get("t.0")).toMatchObject({ code: "CREDIT_EXCEEDED" });
    const again = new FedTask([1]).batch(0, 5).frame(0, FRAME_KIND.batch, blockOf(5, []), 0);
    expect(again.settle().calls).toEqual(["batch 0 5"]);
    const broken = new FedTask([1]).frame(0, FRAME_KIND.batch, new Uint8Array(70));
    expect(broken.slots.errors.get("t.0")).toMatchObject({ code: "BATCH_INVALID" });
  });

  test("fails with the chain's error and runs no more", () => {
    const fed = new FedTask([1]).batch(0, 1);
    fed.chain.run = () => {
      throw new MillraceError("OPERATOR_FAILED", "Operator x failed: because");
    };
    fed.settle();
    expect(fed.slots.states.get("t.0")).toBe("FAILED");
    expect(fed.slots.errors.get("t.0")?.message).toMatch(/because/);
    fed.batch(0, 1).settle();
    expect(fed.calls).toEqual(["batch 0 1"]);
  });

  test("keeps a blocked call until its output has room, and counts the time", () => {
    const channels = [{ channel: 50, peer: peer(0) }];
    const outputs = [{ from: 0, output: 0, partitioner: "forward" as const, keys: [], channels }];
    const fed = new FedTask([1], { outputs }).batch(0, 1);
    fed.chain.run = (output) => {
      if (!output.hasRoom(0, 0)) return "blocked";
      output.sendBatch(0, 0, blockOf(3, []), 3);
      fed.chain.busy = false;
      return "done";
    };
    fed.settle().slots.advance(30);
    expect(fed.slots.slots[0]!.metrics(fed.slots.nowMs)[0]).toMatchObject({ backpressuredMs: 30 });
    fed.slots.advance(10);
    expect(fed.slots.frames).toEqual([]);
    fed.slots.step(0, { type: "credit", channel: 50, credits: 1 });
    fed.settle();
    expect(fed.slots.frames).toEqual([{ channel: 50, kind: FRAME_KIND.batch }]);
    expect(fed.slots.slots[0]!.metrics()[0]).toMatchObject({ recordsOut: 3, backpressuredMs: 40 });
  });

  test("waits for no time while it is blocked, though a partly filled batch is overdue", () => {
    const fed = new FedTask([1]).batch(0, 1);
    fed.chain.partialOutput = true;
    fed.settle();
    const [slot] = fed.slots.slots;
    expect(slot!.nextDeadlineMs()).toBe(fed.slots.nowMs + 10);
    fed.chain.run = () => "blocked";
    fed.batch(0, 1).settle();
    expect(slot!.nextDeadlineMs(), "only the metrics are due").toBe(2_000);
  });

  test("lists what its channels hold", () => {
    const fed = new FedTask([2]).batch(0, 1).watermark(0, 1n).end(0);
    expect(fed.slots.slots[0]!.queues()).toMatchObject([
      { channel: 0, direction: "in", elements: ["batch", "watermark", "end"], credits: 0 },
      { channel: 1, direction: "in", elements: [], credits: 2 },
    ]);
  });

  test("gives the credit of a watermark back when it has taken it, and refuses one beyond", () => {
    const fed = new FedTask([1]).batch(0, 1).watermark(0, 1n).settle();
    expect(fed.slots.slots[0]!.queues()).toMatchObject([{ elements: [], credits: 2 }]);
    const flood = new FedTask([1]).watermark(0, 1n).status(0, true).watermark(0, 2n);
    expect(flood.slots.errors.get("t.0")).toMatchObject({ code: "CREDIT_EXCEEDED" });
  });

  test("sends a partly filled batch at the buffer timeout, not before, and never with -1", () => {
    for (const [bufferTimeoutMs, expected] of [
      [10, 1_010],
      [0, 1_000],
      [-1, undefined],
    ] as const) {
      const chain = new FakeChain();
      const task = taskOf("t", [operator({ operator: "x" }, 0)]);
      const slots = new SlotHarness([task], () => chain, { bufferTimeoutMs });
      slots.source = () => undefined;
      slots.deploy();
      slots.step(0, {
        type: "source_data",
        task: { vertex: "t", subtask: 0 },
        data: { type: "poll" },
      });
      chain.partialOutput = true;
      slots.step(0, { type: "run" });
      expect(slots.slots[0]!.nextDeadlineMs()).toBe(expected ?? 2_000);
      slots.nowMs = expected ?? 1_999;
      expect(slots.slots[0]!.runnable(slots.nowMs)).toBe(expected !== undefined);
    }
  });
});

type Fed = { channel: number; rows: number; watermark: number | null; standalone: boolean };

describe("Task against a naive model", () => {
  const element: fc.Arbitrary<Fed> = fc.record({
    channel: fc.nat(2),
    rows: fc.integer({ min: 1, max: 20 }),
    watermark: fc.option(fc.nat(100)),
    standalone: fc.boolean(),
  });

  /** The watermark of a task is the smallest of its channels' newest; an ended one has the end. */
  class Model {
    readonly newest: (bigint | undefined)[] = [undefined, undefined, undefined];
    sent: bigint | undefined;
    reach(channel: number, timestamp: bigint): bigint | undefined {
      const before = this.newest[channel];
      this.newest[channel] = before !== undefined && before > timestamp ? before : timestamp;
      if (this.newest.some((w) => w === undefined)) return undefined;
      const least = (this.newest as bigint[]).toSorted((a, b) => Number(a - b))[0]!;
      if (this.sent !== undefined && least <= this.sent) return undefined;
      this.sent = least;
      return least;
    }
  }

  test("makes the same calls, element by element", () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 40 }), (elements) => {
        const fed = new FedTask([3]);
        const model = new Model();
        for (const { channel, rows, watermark, standalone } of elements) {
          const expected: string[] = [];
          if (standalone && watermark !== null) {
            fed.watermark(channel, BigInt(watermark));
            const reached = model.reach(channel, BigInt(watermark));
            if (reached !== undefined) expected.push(`watermark ${reached}`);
          } else {
            const mark = watermark === null ? [] : [{ timestamp: BigInt(watermark), row: rows }];
            fed.batch(channel, rows, ...mark);
            const reached = mark[0] && model.reach(channel, mark[0].timestamp);
            const shown = reached === undefined ? "" : ` ${reached}@${rows}`;
            expected.push(`batch 0 ${rows}${shown}`);
          }
          expect(fed.settle().calls).toEqual(expected);
        }
        for (const channel of [0, 1, 2]) {
          fed.end(channel);
          const reached = model.reach(channel, WATERMARK_MAX);
          const end = channel === 2 ? ["end 0", "end_chain"] : [];
          const expected = reached === undefined ? end : [`watermark ${reached}`, ...end];
          expect(fed.settle().calls).toEqual(expected);
        }
        expect(fed.slots.states.get("t.0")).toBe("FINISHED");
      }),
    );
  });

  test("keeps every batch, in its channel's order, however elements pile up", () => {
    const chunks = fc.array(fc.tuple(element, fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(chunks, (elements) => {
        const fed = new FedTask([1, 1, 1]);
        const queued = [0, 0, 0];
        const sent: string[][] = [[], [], []];
        const calls: string[] = [];
        const settle = () => {
          calls.push(...fed.settle().calls);
          queued.fill(0);
        };
        for (const [{ channel, rows, watermark, standalone }, rest] of elements) {
          if (queued[channel] === 2) settle();
          queued[channel]!++;
          if (standalone) fed.watermark(channel, BigInt(watermark ?? 0));
          else {
            sent[channel]!.push(`batch ${channel} ${rows}`);
            fed.batch(channel, rows);
          }
          if (rest) settle();
        }
        for (const channel of [0, 1, 2]) fed.end(channel);
        settle();
        for (const channel of [0, 1, 2]) {
          const got = calls.filter((c) => c.startsWith(`batch ${channel} `));
          expect(got).toEqual(sent[channel]);
        }
        const marks = calls
          .filter((c) => c.startsWith("watermark"))
          .map((c) => BigInt(c.slice(10)));
        expect(marks.at(-1)).toBe(WATERMARK_MAX);
        for (let i = 1; i < marks.length; i++) expect(marks[i]! > marks[i - 1]!).toBe(true);
        expect(calls.at(-1)).toBe("end_chain");
      }),
    );
  });
});

describe("OutputChannel", () => {
  test("has no more frames under way than credits, whatever is sent", () => {
    const action = fc.constantFrom("batch", "watermark", "status", "consume");
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const underWay: number[] = [];
        const channel = new OutputChannel(
          1,
          peer(0),
          (_, frame) => underWay.push(frame.kind),
          (bytes) => new ArrayBuffer(bytes),
        );
        channel.grant(2);
        let newest = -1n;
        for (const [i, next] of actions.entries()) {
          if (next === "batch" && channel.hasRoom) channel.sendBatch(blockOf(1, []));
          if (next === "watermark") channel.watermark(BigInt(i));
          if (next === "status") channel.status(i % 2 === 0);
          if (next === "consume" && underWay.shift() !== undefined) channel.grant(1);
          expect(underWay.length + channel.credits).toBe(2);
          // What waits is the newest of its kind, and only where there is no credit.
          if (next === "watermark") newest = BigInt(i);
          const mark = channel.waiting.find((waiting) => waiting.type === "watermark");
          if (mark !== undefined) expect(mark).toMatchObject({ timestamp: newest });
          expect(channel.waiting.length === 0 || channel.credits === 0).toBe(true);
          expect(channel.waiting.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });

  test("a watermark that waits reaches a consumer who had us for idle", () => {
    const valve = new StatusWatermarkValve(1);
    const reached: bigint[] = [];
    const channel = new OutputChannel(
      1,
      peer(0),
      (_, frame) => {
        const element = elementOf(frame);
        if (element.type === "status") valve.status(0, element.idle);
        if (element.type === "watermark")
          reached.push(valve.watermark(0, element.timestamp) ?? -1n);
      },
      (bytes) => new ArrayBuffer(bytes),
    );
    channel.grant(1);
    channel.status(true);
    for (const timestamp of [6n, 7n]) {
      channel.status(false);
      channel.watermark(timestamp);
      channel.status(true);
    }
    channel.grant(3);
    expect(reached).toEqual([7n]);
    expect(valve.idle).toBe(true);
    expect(channel.credits).toBe(0);
  });

  test("keeps one watermark and one status while there is no credit, then sends in order", () => {
    const sent: string[] = [];
    const channel = new OutputChannel(
      1,
      peer(0),
      (_, frame) => sent.push(`${frame.kind}:${frame.sequence}`),
      (bytes) => new ArrayBuffer(bytes),
    );
    channel.watermark(1n);
    channel.watermark(2n);
    channel.status(true);
    channel.end();
    expect(channel.waiting).toEqual([
      { type: "watermark", timestamp: 2n },
      { type: "status", idle: true },
    ]);
    expect(channel.ended).toBe(false);
    channel.grant(1);
    expect(sent).toEqual(["2:0"]);
    channel.grant(2);
    expect(sent).toEqual(["2:0", "3:1", "5:2"]);
    expect(channel.ended).toBe(true);
  });
});
