/**
 * The calls into modules that a chain call is made of, as frames of the chain's stack.
 */
import { type ExportName, STATUS } from "../protocol/abi.ts";
import type { BatchReader } from "../protocol/batch/batch-reader.ts";
import { blockSelectedRows } from "../protocol/batch/block-header.ts";
import { HEADER } from "../protocol/batch/layout.ts";
import { assert, unreachable } from "../protocol/errors.ts";
import type { ChainCall } from "./core/task-chain.ts";
import type { DeadLetter } from "./dead-letter.ts";
import { type BufferInModule, NOTING } from "./module-instance.ts";
import type { OperatorNode } from "./operator-node.ts";

/** What a frame of the stack calls: `budget` in rows; answers the status. */
export type Invocation = (budget: number) => number;

/** A call into a module, and how far its outputs have been handed on. */
export interface CallFrame {
  readonly node: OperatorNode;
  /** Absent: only hands on what is there. */
  readonly invoke: Invocation | undefined;
  /** At the end partly filled blocks leave the chain, too. */
  readonly flush: boolean;
  /** Input block in the module's memory: 0 if the call has none. */
  readonly input: number;
  /** Number of the input that it comes by. */
  readonly port: number;
  readonly inputBuffer: BufferInModule | undefined;
  complete: boolean;
  /** It has been called: its operator takes no other call before it is complete, or waits. */
  begun: boolean;
  /** It answered WAITING: it is called again behind an interjected call. */
  waiting: boolean;
  draining: boolean;
  /** Output being drained, its block at hand (0: none), and the next consumer of that. */
  output: number;
  block: number;
  consumer: number;
  /** What has failed so far, for the dead-letter output. */
  readonly letters: DeadLetter[];
  /** A copy of the input, where a row of it has failed. */
  batch: BatchReader | undefined;
  /** Block of them on its way there. */
  letterBlock: BufferInModule | undefined;
}

/** Domain of processing-time timers in the ABI. */
const PROCESSING_TIME = 1;

/** When an operator's next processing-time timer is due, ms; the largest int64: none. */
export function nextTimer({ instance, site, inst }: OperatorNode): bigint {
  return instance.invokeInt64(site, "mr_next_timer", inst, PROCESSING_TIME);
}

/** The calls that make up a chain call, in order. */
export function framesOf(nodes: readonly OperatorNode[], call: ChainCall): CallFrame[] {
  const head = nodes[0]!;
  switch (call.type) {
    case "batch":
      return batchFrames(head, call.input, call.block);
    case "watermark":
      return [frameOf(head, true, plain(head, "mr_watermark", call.timestamp))];
    case "status":
      return [idleFrame(head, call.idle)];
    case "end_input":
      return [frameOf(head, true, plain(head, "mr_end_input", call.input))];
    case "end_chain":
      return nodes.slice(1).map((node) => frameOf(node, true, plain(node, "mr_end_input", 0)));
    case "timers":
      return timerFrames(nodes, call.nowMs);
    case "source_split":
      return nodes
        .filter((node) => node === head || node.perSplit)
        .map((node) => splitFrame(node, call.split));
    case "source_bytes":
      return [bytesFrame(head, call.bytes, call.last)];
    case "source_poll":
      return [frameOf(head, false, poll(head, call.rows))];
    case "completion":
      return [completionFrame(nodes, call)];
    case "flush":
      return nodes.filter((node) => node.partial).map((node) => frameOf(node, true, undefined));
    default:
      return unreachable(call);
  }
}

function batchFrames(head: OperatorNode, input: number, block: Uint8Array): CallFrame[] {
  const { instance } = head;
  const buffer = instance.copyIn(block);
  const { pointer } = buffer;
  const flush = instance.view.getUint32(pointer + HEADER.watermarkCount, true) > 0;
  if (!flush && blockSelectedRows(block) === 0) {
    instance.recycle(buffer);
    return [];
  }
  return [blockFrame(head, input, pointer, flush, buffer)];
}

/** The call that gives an operator a block; `buffer` is freed behind it. */
export function blockFrame(
  node: OperatorNode,
  input: number,
  pointer: number,
  flush: boolean,
  buffer: BufferInModule | undefined,
): CallFrame {
  const invoke = plain(node, "mr_process", input, pointer);
  return frameOf(node, flush, invoke, pointer, buffer, input);
}

function idleFrame(node: OperatorNode, idle: boolean): CallFrame {
  const { instance, inst, site } = node;
  const invoke = () => instance.invoke(site, "mr_idle", inst, idle ? 1 : 0);
  return frameOf(node, true, invoke);
}

function timerFrames(nodes: readonly OperatorNode[], nowMs: number): CallFrame[] {
  const now = BigInt(Math.floor(nowMs));
  return nodes
    .filter((node) => !node.exchange && nextTimer(node) <= now)
    .map((node) => frameOf(node, false, plain(node, "mr_timers", PROCESSING_TIME, now)));
}

function splitFrame(head: OperatorNode, split: Uint8Array): CallFrame {
  const { instance, inst, site } = head;
  const buffer = instance.copyIn(split);
  const invoke = () =>
    instance.invoke(site, "mr_source_assign", inst, buffer.pointer, split.byteLength);
  return frameOf(head, false, invoke, 0, buffer);
}

function bytesFrame(head: OperatorNode, bytes: Uint8Array, last: boolean): CallFrame {
  const buffer = head.instance.copyIn(bytes);
  const { pointer } = buffer;
  const parameters = [pointer, bytes.byteLength, last ? 1 : 0];
  const take = plain(head, "mr_source_bytes", ...parameters);
  // Of bytes, FINISHED means that the split at hand has been read: there may be more splits.
  const invoke = (budget: number) => {
    const status = take(budget);
    return status === STATUS.finished ? STATUS.done : status;
  };
  return frameOf(head, false, invoke, 0, buffer);
}

function completionFrame(
  nodes: readonly OperatorNode[],
  call: Extract<ChainCall, { type: "completion" }>,
): CallFrame {
  const node = nodes.find((other) => !other.exchange && other.place === call.operator);
  assert(node !== undefined, `an operator at place ${call.operator}`);
  const { instance, inst, site } = node;
  const { answer, request } = call;
  const buffer = instance.copyIn(answer);
  const name = (node.undoes ? NOTING.mr_complete : undefined) ?? "mr_complete";
  const invoke = (budget: number) =>
    instance.invoke(site, name, inst, request, buffer.pointer, answer.length, budget);
  return frameOf(node, false, invoke, 0, buffer);
}

/** Polls a source; with a number of rows, until about so many are made. */
function poll(head: OperatorNode, rows: number | undefined): Invocation {
  const poll = plain(head, "mr_source_poll");
  if (rows === undefined) return poll;
  const end = head.rowsOut + rows;
  return (budget) => {
    const left = end - head.rowsOut;
    if (left <= 0) return STATUS.done;
    const status = poll(Math.min(budget, left));
    const made = head.instance.counter("rowsOut") - head.rowsOut;
    return status === STATUS.sliceOver && made >= left ? STATUS.done : status;
  };
}

/** A resumable export of one to three parameters behind the operator: the last is the budget. */
function plain(node: OperatorNode, of: ExportName, ...parameters: (number | bigint)[]): Invocation {
  const name = (node.undoes ? NOTING[of] : undefined) ?? of;
  const { instance, inst, site } = node;
  const [a, b, c] = parameters;
  if (a === undefined) return (budget) => instance.invoke(site, name, inst, budget);
  if (b === undefined) return (budget) => instance.invoke(site, name, inst, a, budget);
  if (c === undefined) return (budget) => instance.invoke(site, name, inst, a, b, budget);
  return (budget) => instance.invoke(site, name, inst, a, b, c, budget);
}

function frameOf(
  node: OperatorNode,
  flush: boolean,
  invoke: Invocation | undefined,
  input = 0,
  inputBuffer?: BufferInModule,
  port = 0,
): CallFrame {
  const frame: CallFrame = {
    node,
    invoke,
    flush,
    input,
    port,
    inputBuffer,
    complete: false,
    begun: false,
    waiting: false,
    draining: false,
    output: 0,
    block: 0,
    consumer: 0,
    letters: [],
    batch: undefined,
    letterBlock: undefined,
  };
  return frame;
}
