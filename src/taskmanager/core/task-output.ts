/**
 * Everything a task sends: batches and watermarks into channels, records to the connectors of its
 * sinks. What is sent becomes actions, in order.
 */
import type { TaskDescriptor } from "../../protocol/deployment.ts";
import { assert } from "../../protocol/errors.ts";
import { SINK_WRITES_IN_FLIGHT } from "../../protocol/limits.ts";
import type { FrameAllocator } from "./element.ts";
import { type FrameSender, OutputChannel } from "./output-channel.ts";
import type { ChainOutput } from "./task-chain.ts";

/** Takes records for a sink's connector; answered later by `sinkDone`. */
export type SinkWriter = (operator: number, bytes: Uint8Array, records: number) => void;

/** Takes a request of an operator; answered later by `Task.answered`. */
export type RequestSender = (operator: number, request: bigint, bytes: Uint8Array) => void;

/** The outputs of one task. */
export class TaskOutput implements ChainOutput {
  readonly #edges: readonly (readonly OutputChannel[])[];
  readonly #byNumber = new Map<number, OutputChannel>();
  readonly #writeSink: SinkWriter;
  readonly #sendRequest: RequestSender;
  readonly #sinkWrites = new Map<number, number>();
  heldUpMs = 0;
  recordsOut = 0;
  bytesOut = 0;

  constructor(
    outputs: TaskDescriptor["outputs"],
    send: FrameSender,
    writeSink: SinkWriter,
    sendRequest: RequestSender,
    allocate: FrameAllocator,
  ) {
    this.#writeSink = writeSink;
    this.#sendRequest = sendRequest;
    this.#edges = outputs.map((edge) =>
      edge.channels.map((c) => new OutputChannel(c.channel, c.peer, send, allocate)),
    );
    for (const channels of this.#edges) {
      for (const channel of channels) this.#byNumber.set(channel.channel, channel);
    }
  }

  /** All channels, for listing. */
  get channels(): readonly OutputChannel[] {
    return this.#edges.flat();
  }

  /** Whether all has left the task: every channel is ended, every write to a sink is done. */
  get drained(): boolean {
    for (const writes of this.#sinkWrites.values()) if (writes > 0) return false;
    return this.#edges.every((channels) => channels.every((c) => c.ended));
  }

  /** Credits for a channel; false if it is not one of this task's. */
  credit(channel: number, credits: number): boolean {
    const output = this.#byNumber.get(channel);
    output?.grant(credits);
    return output !== undefined;
  }

  sinkDone(operator: number): void {
    const writes = this.#sinkWrites.get(operator) ?? 0;
    assert(writes > 0, `sink ${operator} answered a write that was not made`);
    this.#sinkWrites.set(operator, writes - 1);
  }

  hasRoom(edge: number, channel: number): boolean {
    return this.#channel(edge, channel).hasRoom;
  }

  sendBatch(edge: number, channel: number, block: Uint8Array, rows: number): void {
    this.#channel(edge, channel).sendBatch(block);
    this.recordsOut += rows;
    this.bytesOut += block.byteLength;
  }

  sendWatermark(edge: number, channel: number, timestamp: bigint): void {
    this.#channel(edge, channel).watermark(timestamp);
  }

  sinkHasRoom(operator: number): boolean {
    return (this.#sinkWrites.get(operator) ?? 0) < SINK_WRITES_IN_FLIGHT;
  }

  writeSink(operator: number, bytes: Uint8Array, records: number): void {
    this.#sinkWrites.set(operator, (this.#sinkWrites.get(operator) ?? 0) + 1);
    this.recordsOut += records;
    this.bytesOut += bytes.byteLength;
    this.#writeSink(operator, bytes.slice(), records);
  }

  sendStatus(edge: number, channel: number, idle: boolean): void {
    this.#channel(edge, channel).status(idle);
  }

  sendRequest(operator: number, request: bigint, bytes: Uint8Array): void {
    this.#sendRequest(operator, request, bytes);
  }

  /** Ends every channel. */
  end(): void {
    for (const channel of this.channels) channel.end();
  }

  #channel(edge: number, channel: number): OutputChannel {
    const found = this.#edges[edge]?.[channel];
    assert(found !== undefined, `task has no channel ${channel} on edge ${edge}`);
    return found;
  }
}
