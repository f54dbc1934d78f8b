/**
 * Drives the operators of a task: calls one, hands its blocks on to the next, and so on, depth
 * first, with a stack of calls so that the whole can stop anywhere and go on there: when the slice
 * is over, when an output has no room, when a call wants its outputs taken first.
 *
 * Between operators of one bundle a block is handed on by pointer; into another bundle's memory it
 * is copied once. Here a record leaves the task: see chain-exit.ts.
 */
import { STATUS } from "../protocol/abi.ts";
import { blockByteLength, blockRowCount, blockWatermarks } from "../protocol/batch/block-header.ts";
import { HEADER } from "../protocol/batch/layout.ts";
import { assert, MillraceError } from "../protocol/errors.ts";
import type { UserMetric } from "../protocol/user-metric.ts";
import { blockFrame, type CallFrame, framesOf, nextTimer } from "./call-frame.ts";
import { leaveTask } from "./chain-exit.ts";
import { WATERMARK_MIN } from "./core/element.ts";
import type {
  ChainCall,
  ChainCounters,
  ChainOutput,
  ChainProgress,
  EmittedTime,
  OperatorChainPort,
} from "./core/task-chain.ts";
import { keptRow, LETTERS_AT_ONCE, letterBlock, letterOf, rowLetter } from "./dead-letter.ts";
import { rowOfBlock } from "./failed-row.ts";
import { NO_ROW, type OperatorSite } from "./module-instance.ts";
import { OperatorFailure } from "./operator-failure.ts";
import { metricsOf } from "./operator-metrics.ts";
import type { OperatorNode } from "./operator-node.ts";
import { SliceBudget, type SliceRule } from "./slice-budget.ts";

/** Is told which operator is being called: for the watchdog outside the isolate. */
export interface CallObserver {
  enter(operator: OperatorSite): void;
  leave(): void;
}

const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;

/** The chain of one task over WebAssembly. */
export class OperatorChain implements OperatorChainPort {
  readonly #nodes: readonly OperatorNode[];
  readonly #head: OperatorNode;
  readonly #observer: CallObserver | undefined;
  readonly #budget: SliceBudget;
  readonly #release: (usable: boolean) => void;
  readonly #stack: CallFrame[] = [];
  #busy = false;
  #failed = false;
  #closed = false;
  finished = false;
  emitted: EmittedTime | undefined;

  /** @param release gives the instances back when the chain is closed */
  constructor(
    nodes: readonly OperatorNode[],
    rule: SliceRule,
    observer: CallObserver | undefined,
    release: (usable: boolean) => void,
  ) {
    assert(nodes.length > 0, "a chain has an operator");
    this.#nodes = nodes;
    this.#head = nodes[0]!;
    this.#budget = new SliceBudget(rule);
    this.#observer = observer;
    this.#release = release;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get partialOutput(): boolean {
    return this.#nodes.some((node) => node.partial && this.#mayCall(node));
  }

  begin(call: ChainCall): void {
    assert(!this.#busy, "one call at a time");
    this.#busy = true;
    const frames = framesOf(this.#nodes, call);
    for (const frame of frames.reverse()) this.#stack.push(frame);
  }

  canComplete(operator: number): boolean {
    return this.#nodes.some(
      (node) => !node.exchange && node.place === operator && this.#mayCall(node),
    );
  }

  interject(call: Extract<ChainCall, { type: "completion" | "timers" | "flush" }>): void {
    const waiting = this.#stack.at(-1);
    assert(waiting?.waiting === true, "a call waits");
    const callable = this.#nodes.filter((node) => this.#mayCall(node));
    waiting.waiting = false;
    this.#stack.push(...framesOf(callable, call).reverse());
  }

  /** Whether no call of the operator is under way, but one that waits. */
  #mayCall(node: OperatorNode): boolean {
    return this.#stack.every((frame, at) => {
      if (frame.node !== node || !frame.begun) return true;
      return at === this.#stack.length - 1 && frame.waiting;
    });
  }

  run(output: ChainOutput): ChainProgress {
    this.#budget.begin();
    for (const node of this.#nodes) node.instance.heldUpMs = output.heldUpMs;
    try {
      for (;;) {
        const frame = this.#stack.at(-1);
        if (frame === undefined) break;
        if (frame.block !== 0) {
          if (!this.#deliver(frame, output)) return "blocked";
        } else if (frame.draining) {
          this.#takeNext(frame);
        } else if (frame.complete) {
          this.#pop(frame);
        } else {
          if (frame.waiting) return "waiting";
          if (this.#budget.over) return "more";
          this.#call(frame, output);
        }
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
    this.#busy = false;
    return "done";
  }

  nextTimerMs(): number | undefined {
    let next = MAX_INT64;
    for (const node of this.#nodes) {
      if (node.exchange || !this.#mayCall(node)) continue;
      const due = nextTimer(node);
      if (due < next) next = due;
    }
    return next === MAX_INT64 ? undefined : Number(next);
  }

  counters(): ChainCounters {
    let recordsFailed = 0;
    let stateBytes = 0;
    for (const node of this.#nodes) {
      recordsFailed += node.rowsFailed;
      stateBytes += node.stateBytes;
    }
    const recordsIn = this.#head.rowsIn;
    return { recordsIn, recordsFailed, stateBytes, busyMs: this.#budget.busyMs };
  }

  userMetrics(): UserMetric[] {
    if (this.#failed || this.#closed) return [];
    return this.#nodes.flatMap((node) => (node.exchange ? [] : metricsOf(node)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      // A module that trapped is in an unknown state: nothing more is called in it.
      if (!this.#failed)
        for (const { instance, inst, site } of this.#nodes) {
          instance.invoke(site, "mr_close", inst);
        }
    } finally {
      this.#release(!this.#failed);
    }
  }

  #call(frame: CallFrame, output: ChainOutput): void {
    const { node, invoke } = frame;
    frame.begun = true;
    let status: number = STATUS.done;
    let failure: OperatorFailure | undefined;
    if (invoke !== undefined) {
      const budget = this.#budget.rows(node.cost);
      this.#observer?.enter(node.site);
      try {
        status = invoke(budget);
      } catch (thrown) {
        failure = undone(node, thrown);
        if (failure === undefined) throw withRow(thrown, frame);
        status = STATUS.rowFailed;
      } finally {
        this.#observer?.leave();
      }
      const rows = this.#count(node);
      this.#budget.spent(node.cost, rows);
    }
    frame.draining = true;
    frame.output = 0;
    if (failure !== undefined) this.#trapped(frame, failure.reason);
    else this.#onStatus(frame, status, output);
    if (frame.complete) {
      // Not before: a failure names its row of the batch, which may take several calls.
      node.site.records = node.rowsIn;
      this.#flush(frame);
    }
    // Nobody knows how long a call waits for its answers.
    const pauses = frame.complete || frame.waiting;
    if (pauses || frame.letters.length >= LETTERS_AT_ONCE) this.#handOnLetters(frame);
  }

  /** Reads the module's counters; answers the rows of this call. */
  #count(node: OperatorNode): number {
    const { instance } = node;
    const rowsIn = instance.counter("rowsIn");
    const rowsOut = instance.counter("rowsOut");
    const rows = rowsIn - node.rowsIn + rowsOut - node.rowsOut;
    node.rowsIn = rowsIn;
    node.rowsOut = rowsOut;
    node.rowsFailed = instance.counter("rowsFailed");
    node.stateBytes = instance.counter("stateBytes");
    checkStateBudget(node);
    return rows;
  }

  #onStatus(frame: CallFrame, status: number, output: ChainOutput): void {
    const { node } = frame;
    switch (status) {
      case STATUS.done:
        frame.complete = true;
        return;
      case STATUS.finished:
        this.finished = true;
        frame.complete = true;
        return;
      case STATUS.outputFull:
      case STATUS.sliceOver:
        return;
      case STATUS.rowFailed:
        this.#refuse(frame, frame.node.instance.resultText());
        return;
      case STATUS.request:
        this.#sendRequest(node, output);
        return;
      case STATUS.waiting:
        frame.waiting = true;
        // What is there leaves meanwhile: nobody knows when the answer comes.
        this.#flush(frame);
        return;
      case STATUS.failed: {
        const message = `Operator ${node.site.name} failed: ${node.instance.resultText()}`;
        throw new MillraceError("OPERATOR_FAILED", message, { field: node.site.name });
      }
      default: {
        const { name } = node.site;
        const message = `Operator ${name} failed: this version does not serve status ${status}`;
        const expected = "no state beyond memory or chunks yet";
        throw new MillraceError("OPERATOR_FAILED", message, { field: node.site.name, expected });
      }
    }
  }

  #sendRequest({ instance, place }: OperatorNode, output: ChainOutput): void {
    const start = instance.result("pointer");
    const bytes = instance.bytes.slice(start, start + instance.result("length"));
    output.sendRequest(place, instance.resultRequest(), bytes);
  }

  /** A row was undone. Where it is dropped nothing else would say why. */
  #trapped(frame: CallFrame, reason: string): void {
    const { instance, site, onRowError } = frame.node;
    if (onRowError === "drop") instance.warn(site, `a row is undone and dropped: ${reason}`);
    this.#refuse(frame, reason);
  }

  /** A row was refused, or undone: what becomes of it is the operator's row error policy. */
  #refuse(frame: CallFrame, reason: string): void {
    const { node } = frame;
    if (node.onRowError === "drop") return;
    const row = node.instance.result("row");
    if (node.onRowError === "dead-letter" && node.deadLetter !== undefined) {
      if (row === NO_ROW) frame.letters.push(letterOf(node, reason));
      else frame.letters.push(rowLetter(frame, row, reason));
      return;
    }
    throw refusal(frame, row, reason);
  }

  /** What has failed goes to the dead-letter output: at the end of a call, or where it is much. */
  #handOnLetters(frame: CallFrame): void {
    const { node, letters } = frame;
    if (letters.length === 0) return;
    frame.letterBlock = node.instance.copyIn(letterBlock(node, letters.splice(0)));
    frame.output = node.deadLetter!;
    frame.block = frame.letterBlock.pointer;
    frame.consumer = 0;
  }

  /** Seals partly filled blocks: always those for chained operators, others if asked to. */
  #flush(frame: CallFrame): void {
    const { node, flush } = frame;
    const { instance, inst, site, routes } = node;
    let partial = false;
    for (let output = 0; output < routes.length; output++) {
      if (flush || node.chained[output]) {
        instance.invoke(site, "mr_flush", inst, output);
      } else if (routes[output]!.length > 0) {
        partial = true;
      }
    }
    node.partial = partial;
  }

  #takeNext(frame: CallFrame): void {
    const { instance, inst, site, routes } = frame.node;
    while (frame.output < routes.length) {
      const block = instance.invoke(site, "mr_take", inst, frame.output) >>> 0;
      if (block !== 0) {
        frame.block = block;
        frame.consumer = 0;
        if (frame.node.isAligned) this.#noteTime(instance.bytes, block);
        return;
      }
      frame.output++;
    }
    frame.draining = false;
  }

  #noteTime(bytes: Uint8Array, block: number): void {
    for (const { timestamp, idle } of blockWatermarks(bytes, block)) {
      const watermark = idle === undefined ? timestamp : (this.emitted?.watermark ?? WATERMARK_MIN);
      this.emitted = { watermark, idle: idle ?? false };
    }
  }

  /** Hands the block at hand to its next consumers; false: one has no room. */
  #deliver(frame: CallFrame, output: ChainOutput): boolean {
    const { node, block } = frame;
    const route = node.routes[frame.output]!;
    while (frame.consumer < route.length) {
      const consumer = route[frame.consumer]!;
      if (consumer.type === "node") {
        frame.consumer++;
        this.#chainInto(consumer.node, node, block);
        return true;
      }
      if (!leaveTask(node, block, consumer, output)) return false;
      frame.consumer++;
    }
    frame.block = 0;
    if (frame.letterBlock !== undefined) {
      node.instance.recycle(frame.letterBlock);
      frame.letterBlock = undefined;
      frame.output = 0;
    }
    return true;
  }

  /** Pushes the call of a chained operator with a block of the one before. */
  #chainInto(next: OperatorNode, node: OperatorNode, block: number): void {
    const { bytes, view } = node.instance;
    const flush = view.getUint32(block + HEADER.watermarkCount, true) > 0;
    if (!flush && blockRowCount(bytes, block) === 0) return;
    if (next.instance === node.instance) {
      this.#stack.push(blockFrame(next, 0, block, flush, undefined));
      return;
    }
    const length = blockByteLength(bytes, block);
    const buffer = next.instance.copyIn(bytes.subarray(block, block + length));
    this.#stack.push(blockFrame(next, 0, buffer.pointer, flush, buffer));
  }

  #pop(frame: CallFrame): void {
    if (frame.inputBuffer !== undefined) frame.node.instance.recycle(frame.inputBuffer);
    this.#stack.pop();
  }
}

/**
 * Undoes the unit at which a call trapped, where its operator goes on behind it; undefined: it does not, or cannot.
 */
function undone(node: OperatorNode, thrown: unknown): OperatorFailure | undefined {
  if (!node.undoes || !(thrown instanceof OperatorFailure)) return undefined;
  const { instance, site, inst } = node;
  if (!instance.undo(thrown)) return undefined;
  return instance.invoke(site, "mr_undone", inst) === STATUS.rowFailed ? thrown : undefined;
}

/** What the task fails with, where rows may not be refused. */
function refusal(frame: CallFrame, row: number, reason: string): unknown {
  const { node, input } = frame;
  const { name, records = 0 } = node.site;
  const kept = keptRow(node);
  const position = kept === undefined ? records + row + 1 : kept.position;
  // A source has no input: its message says where in the file the record lies.
  const hasNumber = kept === undefined ? input !== 0 : position > 0;
  const place = hasNumber ? `record ${position} of its input` : "a record";
  const message = `Operator ${name} failed: ${place} is refused: ${reason}`;
  const expected = "rows it accepts, or onRowError drop or dead-letter";
  const value = kept?.record;
  const refused = new MillraceError("ROW_FAILED", message, { field: name, value, expected });
  return kept === undefined ? withRow(refused, frame) : refused;
}

/** The failure of a call with the row it happened at as its value, where there is one. */
function withRow(thrown: unknown, { node, input, port }: CallFrame): unknown {
  const schema = node.inputs[port];
  if (!(thrown instanceof MillraceError) || input === 0 || schema === undefined) return thrown;
  const row = node.instance.result("row");
  const value = row === NO_ROW ? undefined : rowOfBlock(node.instance.bytes, input, row, schema);
  if (value === undefined) return thrown;
  const { code, message, field, expected, cause } = thrown;
  return new MillraceError(code, message, { field, value, expected, cause });
}

/** The module counts what its state takes; the job says how much that may be. */
function checkStateBudget({ site, stateBytes, stateBudgetBytes }: OperatorNode): void {
  if (stateBudgetBytes === undefined || stateBytes <= stateBudgetBytes) return;
  const message = `Operator ${site.name} failed: its state has ${stateBytes} bytes and may have ${stateBudgetBytes}`;
  throw new MillraceError("STATE_BUDGET_EXCEEDED", message, {
    field: site.name,
    value: stateBytes,
    expected: `at most ${stateBudgetBytes} bytes: a larger budget, more subtasks, or state that expires`,
  });
}
