/**
 * Operator: what the host drives through the ABI. One virtual call per batch, never per row.
 *
 * A resumable call (process, watermark, timers, endInput, ...) answers a Status; until it is DONE
 * the host calls it again with the same arguments and it goes on where it left off.
 */
import { BatchReader } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { Status, WATERMARK_MIN, WatermarkKind } from "./layout";
import { OpenConfig } from "./open-config";
import { beginUnit, endUnit, Unit } from "./undo";

const RESULT_BYTES: usize = 64;
const RESULT_ROW: usize = 4;

/** The RESULT record (src/protocol/abi.ts). */
export const resultRecord: usize = heap.alloc(RESULT_BYTES);

/** Notes the row in progress where the host finds it after a trap. */
// @ts-ignore: decorator
@inline
export function noteRow(row: i32): void {
  store<u32>(resultRecord, row, RESULT_ROW);
}

/** Detail of the last status, copied to the RESULT record by abi.ts. */
export class Result {
  row: i32 = 0;
  code: i32 = 0;
  pointer: usize = 0;
  length: i32 = 0;
  keyGroup: i32 = -1;
  requestId: i64 = 0;
  private message: ArrayBuffer | null = null;

  /** Sets a message and keeps its bytes until the next one. */
  say(text: string): void {
    const bytes = String.UTF8.encode(text);
    this.message = bytes;
    this.pointer = changetype<usize>(bytes);
    this.length = bytes.byteLength;
  }
}

export abstract class Operator {
  config!: OpenConfig;
  writers: BlockWriter[] = [];
  /** Outputs that the operator writes to; behind them may stand the host's own, which gets watermarks alone. */
  ownOutputs: i32 = 0;
  result: Result = new Result();
  rowsIn: u64 = 0;
  rowsFailed: u64 = 0;
  /** Bytes held in keyed and operator state. */
  stateBytes: u64 = 0;
  currentWatermark: i64 = WATERMARK_MIN;
  /** A unit whose function traps is undone: see undo.ts. */
  undoes: bool = false;
  /** The unit in progress, and the time of a timer or window. */
  unit: i32 = Unit.ROW;
  unitTime: i64 = 0;

  /** The operator that does what the configuration wants: itself, or another for the same function. */
  forConfig(config: OpenConfig): Operator {
    return this;
  }

  /** The first call that is not part of opening or restoring comes next. */
  private begun: bool = false;

  /** Called once, when all state has been restored, before anything is done with it. */
  start(): void {}

  __begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.start();
  }

  /** Reads the configuration. A parameter that is wrong: `return this.refuse("limit must be ...")`. */
  open(): i32 {
    return Status.DONE;
  }

  refuse(message: string): i32 {
    this.result.say(message);
    return Status.FAILED;
  }

  __open(config: OpenConfig): i32 {
    this.config = config;
    this.undoes = config.undoRows;
    for (let i = 0; i < config.outputs.length; i++) {
      this.writers.push(new BlockWriter(config.outputs[i], config.roomRows, config.roomBytes));
    }
    this.ownOutputs = ownOutputsOf(config);
    return this.open();
  }

  /** Whether an output has finished blocks that the host should take first. */
  // @ts-ignore: decorator
  @inline
  outputFull(): bool {
    const writers = this.writers;
    return writers.length == 1 ? unchecked(writers[0]).full : this.anyFull();
  }

  private anyFull(): bool {
    const writers = this.writers;
    for (let i = 0; i < writers.length; i++) if (unchecked(writers[i]).full) return true;
    return false;
  }

  rowsOut(): u64 {
    let total: u64 = 0;
    for (let i = 0; i < this.writers.length; i++) total += this.writers[i].total;
    return total;
  }

  /** Sends a watermark on through every output. */
  forwardWatermark(timestamp: i64): void {
    for (let i = 0; i < this.writers.length; i++) this.writers[i].addWatermark(timestamp);
  }

  /** Says idle or active through every output. */
  forwardStatus(idle: bool): void {
    for (let i = 0; i < this.writers.length; i++) this.writers[i].addStatus(idle);
  }

  process(input: i32, block: usize, budget: i32): i32 {
    return this.refuse("this operator has no input " + input.toString());
  }

  watermark(timestamp: i64, budget: i32): i32 {
    this.currentWatermark = timestamp;
    this.forwardWatermark(timestamp);
    return Status.DONE;
  }

  /** All inputs together turned idle or active (Flink: processWatermarkStatus). Default: sends it on. */
  status(idle: bool): i32 {
    this.forwardStatus(idle);
    return Status.DONE;
  }

  endInput(input: i32, budget: i32): i32 {
    return Status.DONE;
  }

  nextTimer(domain: i32): i64 {
    return i64.MAX_VALUE;
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    return Status.DONE;
  }

  sourceAssign(start: usize, length: i32): i32 {
    return this.refuse("this operator is not a source");
  }

  sourceBytes(start: usize, length: i32, last: bool, budget: i32): i32 {
    return this.refuse("this operator is not a source of bytes");
  }

  sourcePoll(budget: i32): i32 {
    return this.refuse("this operator is not a source");
  }

  complete(request: i64, start: usize, length: i32, budget: i32): i32 {
    return this.refuse("this operator makes no requests");
  }

  stateSupply(start: usize, length: i32): i32 {
    return this.refuse("this operator has asked for no state");
  }

  prepareCommit(checkpoint: i64, budget: i32): i32 {
    return Status.DONE;
  }

  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    return Status.DONE;
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    return Status.DONE;
  }

  /** Begins a unit; what the next call goes on with lies in fields by now. */
  beginUnitOf(unit: i32, time: i64): void {
    this.unit = unit;
    this.unitTime = time;
    beginUnit();
  }

  /**
   * The unit in progress has been undone: the next call goes on behind it. ROW_FAILED with the unit in the result, or FAILED where it
   * cannot go on.
   */
  undone(): i32 {
    return this.refuse("it cannot go on behind what failed");
  }

  close(): void {}

  __close(): void {
    this.close();
    for (let i = 0; i < this.writers.length; i++) this.writers[i].close();
  }
}

/** Dead letters of an operator that has inputs are written by the host; a parser writes its own. */
function ownOutputsOf(config: OpenConfig): i32 {
  const count = config.outputs.length;
  if (config.inputs.length == 0 || count == 0) return count;
  return config.outputs[count - 1].name == "dead_letter" ? count - 1 : count;
}

/** Rows between two looks at the budget, the collector of garbage and the room. */
export const CHUNK_ROWS: i32 = 512;
/** Rows after which garbage of the author's making is collected at the latest. */
const COLLECT_ROWS: i32 = 8192;

let rowsSinceCollect: i32 = 0;
let pagesAtCollect: i32 = memory.size();

/**
 * Frees what the author's code allocated and dropped. The `minimal` runtime never collects by
 * itself; between rows nothing managed lives on the stack but what the operator registry holds, so
 * this is the one safe place. Runs when memory has grown or COLLECT_ROWS rows have passed.
 */
export function collectBetweenRows(rows: i32): void {
  endUnit();
  rowsSinceCollect += rows;
  if (rowsSinceCollect < COLLECT_ROWS && memory.size() == pagesAtCollect) return;
  __collect();
  rowsSinceCollect = 0;
  pagesAtCollect = memory.size();
}

/**
 * An operator that reads rows of one input: walks a batch in chunks, hands watermarks in between,
 * resumes anywhere. A subclass says what a run of rows does.
 */
export abstract class RecordOperator extends Operator {
  reader: BatchReader = new BatchReader();
  private next: i32 = 0;
  /** Place in the visiting order behind the row in progress, where rows are undone. */
  private behind: i32 = 0;
  private nextWatermark: i32 = 0;
  private inWatermark: bool = false;

  /** Called once per batch, before its rows. */
  abstract attach(reader: BatchReader): void;

  /**
   * Processes rows [from, to) of the visiting order and answers how far it got: less than `to`
   * only where an output became full (then at least one row was done) or a row failed
   * (failedRow set).
   */
  abstract rows(from: i32, to: i32): i32;

  /** Physical row whose record failed in rows(), or -1. */
  failedRow: i32 = -1;

  /**
   * What stands in the way of going on: asked before each run of rows, each watermark, and the end of
   * the batch (`more` is false then). DONE: nothing; else process() answers it and asks again.
   */
  hindrance(more: bool, budget: i32): i32 {
    return Status.DONE;
  }

  /** Acts on a watermark; DONE, or a status to resume. Default: sends it on. */
  onWatermark(timestamp: i64, budget: i32): i32 {
    this.currentWatermark = timestamp;
    this.forwardWatermark(timestamp);
    return Status.DONE;
  }

  watermark(timestamp: i64, budget: i32): i32 {
    return this.onWatermark(timestamp, budget);
  }

  process(input: i32, block: usize, budget: i32): i32 {
    const reader = this.reader;
    if (reader.block != block) {
      reader.attach(block);
      this.attach(reader);
      this.next = 0;
      this.nextWatermark = 0;
    }
    let left = max(budget, 1);
    while (true) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      const more = this.next < reader.count;
      const hindrance = this.hindrance(more, left);
      if (hindrance != Status.DONE) return hindrance;
      const due = this.dueRow();
      if (this.next == due && this.nextWatermark < reader.watermarkCount) {
        const status = this.onEntry(this.nextWatermark, left);
        if (status != Status.DONE) return status;
        this.nextWatermark++;
        continue;
      }
      if (this.next == reader.count) break;
      if (left <= 0) return Status.SLICE_OVER;
      const written = this.rowsOut();
      const to = min(due, this.next + min(left, CHUNK_ROWS));
      const reached = this.rows(this.next, to);
      const done = reached - this.next;
      this.rowsIn += done;
      this.next = reached;
      collectBetweenRows(done);
      if (this.failedRow >= 0) return this.reportFailedRow();
      left -= done + <i32>(this.rowsOut() - written);
    }
    reader.detach();
    return Status.DONE;
  }

  /** Begins the i-th row to visit, where rows are undone. */
  beginRowUnit(i: i32): void {
    this.behind = i + 1;
    noteRow(this.reader.physical(i));
    this.beginUnitOf(Unit.ROW, 0);
  }

  undone(): i32 {
    this.result.code = this.unit;
    this.result.requestId = this.unitTime;
    this.rowsFailed++;
    if (this.unit != Unit.ROW) return this.unitUndone();
    this.rowsIn += this.behind - this.next;
    this.next = this.behind;
    this.failedRow = -1;
    this.result.row = this.reader.physical(this.behind - 1);
    return Status.ROW_FAILED;
  }

  /** undone() for a unit that is not a row. */
  protected unitUndone(): i32 {
    return super.undone();
  }

  /** Acts on an entry of the block's list: a watermark, or a status. */
  private onEntry(index: i32, budget: i32): i32 {
    const kind = this.reader.watermarkKind(index);
    if (kind == WatermarkKind.WATERMARK) return this.onWatermark(this.reader.watermark(index), budget);
    return this.status(kind == WatermarkKind.IDLE);
  }

  private reportFailedRow(): i32 {
    this.result.row = this.failedRow;
    this.failedRow = -1;
    this.rowsFailed++;
    return Status.ROW_FAILED;
  }

  /** Place in the visiting order before which the next watermark holds. */
  private dueRow(): i32 {
    const reader = this.reader;
    if (this.nextWatermark == reader.watermarkCount) return reader.count;
    const row = reader.watermarkRow(this.nextWatermark);
    if (reader.selection == 0) return min(row, reader.count);
    let i = this.next;
    while (i < reader.count && reader.physical(i) < row) i++;
    return i;
  }
}
