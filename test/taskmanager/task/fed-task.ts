/** A task over a chain that only writes down its calls, fed frame by frame. */
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
import { FRAME_HEADER_BYTES, FRAME_KIND, type FrameKind } from "../../../src/protocol/frame.ts";
import { BATCH_VERSION } from "../../../src/protocol/versions.ts";
import type {
  ChainCall,
  ChainOutput,
  ChainProgress,
  EmittedTime,
  OperatorChainPort,
} from "../../../src/taskmanager/core/task-chain.ts";
import { peer, SlotHarness, taskOf } from "./slot-harness.ts";

/** Writes down its calls; sends what a test says. */
export class FakeChain implements OperatorChainPort {
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
  canComplete(): boolean {
    return true;
  }
  interject(call: ChainCall): void {
    this.calls.push(`interjected ${describeCall(call)}`);
  }
  nextTimerMs(): number | undefined {
    return undefined;
  }
  userMetrics() {
    return [];
  }

  counters() {
    return { recordsIn: 0, recordsFailed: 0, stateBytes: 0, busyMs: 0 };
  }
  close(): void {
    this.closed = true;
  }
}

export function describeCall(call: ChainCall): string {
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
export function blockOf(rows: number, watermarks: readonly BatchWatermark[]) {
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

export function int64(value: bigint): Uint8Array {
  return new Uint8Array(new BigInt64Array([value]).buffer);
}

/** A task fed by the test through channels 0, 1, ... */
export class FedTask {
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
  /** What has become of it. */
  get state(): string | undefined {
    return this.slots.errors.get("t.0")?.code ?? this.slots.states.get("t.0");
  }
  /** Calls since the last look. */
  get calls(): string[] {
    return this.chain.calls.splice(0);
  }
}
