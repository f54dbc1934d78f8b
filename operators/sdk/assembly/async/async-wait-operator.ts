/**
 * Runs an AsyncFunction (Flink: AsyncWaitOperator). Rows wait in a queue for their answers; order,
 * time-outs, retries and capacity are decided here, so they are the same in a job, a test and the
 * simulation. Requests leave as descriptors (REQUEST), answers come by `mr_complete`; a call that finds the
 * queue full answers WAITING and goes on when a row has left.
 */
import { BatchReader } from "../batch-reader";
import { BlockWriter } from "../block-writer";
import { copyRow } from "../copy-columns";
import { FunctionOperator } from "../functions";
import { Status } from "../layout";
import { collectBetweenRows, noteRow } from "../operator";
import { OPERATOR_STATE } from "../operator-state";
import { processingTime } from "../processing-time";
import { RowView } from "../row";
import { ByteBuffer } from "../state/byte-buffer";
import { PROCESSING_TIME } from "../state/internal-timer-service";
import { resetTextScratch } from "../text";
import { endUnit, Unit } from "../undo";
import { AsyncFunction } from "./async-function";
import { RetryList, TimeoutList } from "./deadlines";
import { HttpRequest } from "./http-request";
import { HttpResponse } from "./http-response";
import { blockBytes, keepBlock, PendingElement } from "./pending-element";
import { QueueState } from "./queue-state";
import { ResultFuture } from "./result-future";
import { RetryStrategy } from "./retry-strategy";
import {
  OrderedStreamElementQueue,
  StreamElementQueue,
  UnorderedStreamElementQueue,
} from "./stream-element-queue";

const NO_ROW: i32 = -1;
const NOTHING_DESCRIBED = "asyncInvoke described no request and gave no result";

export class AsyncWaitOperator<
  F extends AsyncFunction<In, Out>,
  In extends RowView,
  Out extends RowView,
> extends FunctionOperator<F, In> {
  private queue: StreamElementQueue = new OrderedStreamElementQueue();
  private capacity: i32 = 0;
  private timeoutMs: i64 = 0;
  private retry!: RetryStrategy;
  private timeouts: TimeoutList = new TimeoutList();
  private retries: RetryList = new RetryList();
  private asked: Map<i64, PendingElement> = new Map<i64, PendingElement>();
  private requests: i64 = 0;
  /** Rows whose request has been described, but not handed to the host. */
  private outbox: PendingElement[] = [];
  /** Those in front of it have been handed over. */
  private sent: i32 = 0;
  /** Rows without a result that the host has not been told of. */
  private failures: PendingElement[] = [];
  /** The row whose function is being called. */
  private current: PendingElement | null = null;
  /** Rows of a snapshot: those from `askedAgain` on are to be asked for again. */
  private restored: PendingElement[] = [];
  private askedAgain: i32 = 0;
  private waiting!: QueueState;
  /** Inputs are kept as blocks of one row, results as blocks; these make them. */
  private kept!: BlockWriter;
  private made!: BlockWriter;
  private stored: BatchReader = new BatchReader();
  private resultReader: BatchReader = new BatchReader();
  private future!: ResultFuture<Out>;
  private request: HttpRequest = new HttpRequest();
  private response: HttpResponse = new HttpResponse();
  private descriptor: ByteBuffer = new ByteBuffer();
  /** The last thing that left was a watermark. */
  private behindWatermark: bool = false;
  private hasEnded: bool = false;
  /** Calls under way that are made again until they are done. */
  private watermarkIsIn: bool = false;
  private inComplete: bool = false;

  open(): i32 {
    const config = this.config;
    const spec = config.parameters.get("async");
    if (spec.get("mode").string("ordered") == "unordered") {
      this.queue = new UnorderedStreamElementQueue();
    }
    this.capacity = spec.get("capacity").int(100);
    this.timeoutMs = spec.get("timeoutMs").long(0);
    this.retry = new RetryStrategy(spec.get("retry"));
    if (this.capacity < 1) return this.refuse("async.capacity must be at least 1");
    this.kept = new BlockWriter(config.inputs[0], 1, i32.MAX_VALUE);
    this.made = new BlockWriter(config.outputs[0], config.roomRows, config.roomBytes);
    this.future = new ResultFuture<Out>(this.made, config.outputs[0]);
    this.waiting = new QueueState(this.queue, config);
    const status = super.open();
    if (status != Status.DONE) return status;
    this.state.own.register(this.waiting);
    const problem = this.state.problem;
    return problem === null ? Status.DONE : this.refuse(problem);
  }

  /** The rows of a batch are read by column, the function sees kept ones. */
  attach(reader: BatchReader): void {}

  /** What has to happen before the next row: requests go out, results leave, the queue has room. */
  hindrance(more: bool, budget: i32): i32 {
    const status = this.flow(budget);
    if (status != Status.DONE) return status;
    return more && this.queue.size >= this.capacity ? Status.WAITING : Status.DONE;
  }

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const row = reader.physical(from);
    noteRow(row);
    const kept = this.kept;
    copyRow(reader, row, kept);
    kept.hasTimestamp = reader.hasTimestamp(row);
    kept.timestamp = kept.hasTimestamp ? reader.timestamp(row) : 0;
    kept.rowKind = reader.rowKind(row);
    kept.endRow();
    const element = PendingElement.ofRow(keepBlock(kept.take()));
    kept.take();
    element.position = <i64>this.rowsIn + 1;
    this.enter(element);
    this.startTimeout(element);
    this.current = element;
    if (this.undoes) this.beginRowUnit(from);
    this.invoke(element);
    if (this.failures.length > 0) {
      this.result.say(this.failures.shift().error);
      this.failedRow = row;
    }
    return from + 1;
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    if (!this.watermarkIsIn) {
      const hindrance = this.hindrance(true, budget);
      if (hindrance != Status.DONE) return hindrance;
      this.queue.put(PendingElement.ofWatermark(timestamp));
      this.watermarkIsIn = true;
    }
    const status = this.emit(budget);
    if (status == Status.DONE) this.watermarkIsIn = false;
    return status;
  }

  /** All rows are waited for; retries that wait for their time are made at once, and are the last. */
  endInput(input: i32, budget: i32): i32 {
    this.hasEnded = true;
    while (this.retries.next() != i64.MAX_VALUE) this.ask(this.retries.shift());
    const status = this.flow(budget);
    if (status != Status.DONE) return status;
    return this.queue.size == 0 ? Status.DONE : Status.WAITING;
  }

  complete(request: i64, start: usize, length: i32, budget: i32): i32 {
    if (!this.inComplete) {
      collectBetweenRows(1);
      this.inComplete = true;
      this.answered(request, start, length);
    }
    const status = this.flow(budget);
    if (status == Status.DONE) this.inComplete = false;
    return status;
  }

  nextTimer(domain: i32): i64 {
    if (domain != PROCESSING_TIME) return i64.MAX_VALUE;
    // Something is ready without a call that would have seen to it: after a restore.
    if (this.restored.length > 0 || this.failures.length > 0) return 0;
    if (this.hasMail() || this.queue.head() !== null) return 0;
    return min(this.timeouts.next(), this.retries.next());
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    if (domain != PROCESSING_TIME) return Status.DONE;
    let left = max(budget, 1);
    while (true) {
      const status = this.flow(left);
      if (status != Status.DONE) return status;
      if (left <= 0) return Status.SLICE_OVER;
      collectBetweenRows(1);
      if (this.retries.next() <= now && this.retries.next() < this.timeouts.next()) {
        this.ask(this.retries.shift());
      } else if (this.timeouts.next() <= now) {
        this.timedOut(this.timeouts.first!);
      } else return Status.DONE;
      left--;
    }
  }

  /** Every row will be asked for again, its timeout starts again then (Flink: AsyncWaitOperator.open). */
  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    if (keyGroup != OPERATOR_STATE) return this.refuse("state of keys for a function without");
    const status = super.restore(keyGroup, start, length, budget);
    const elements = this.waiting.restored;
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i];
      this.enter(element);
      if (!element.isWatermark) this.restored.push(element);
    }
    this.waiting.restored = [];
    this.countState();
    return status;
  }

  /** The function has trapped: its row leaves without a result. */
  undone(): i32 {
    this.done(this.current!);
    return super.undone();
  }

  protected unitUndone(): i32 {
    this.tell(this.current!);
    return Status.ROW_FAILED;
  }

  close(): void {
    super.close();
    let element: PendingElement | null = this.queue.first;
    while (element !== null) {
      element.free();
      element = element.after;
    }
    this.kept.close();
    this.made.close();
  }

  private enter(element: PendingElement): void {
    this.waiting.held += element.bytes;
    this.queue.put(element);
    this.countState();
  }

  private countState(): void {
    this.stateBytes = this.state.own.bytes;
  }

  private startTimeout(element: PendingElement): void {
    if (this.timeoutMs > 0) this.timeouts.add(element, processingTime() + this.timeoutMs);
  }

  /** All that the function does for a row that was kept, up to the end of the unit, is undone if it traps. */
  private beginKept(element: PendingElement): void {
    this.current = element;
    if (this.undoes) this.beginUnitOf(Unit.KEPT_ROW, 0);
  }

  /** Asks for a row that was kept. */
  private ask(element: PendingElement): void {
    this.beginKept(element);
    this.invoke(element);
    endUnit();
  }

  private invoke(element: PendingElement): void {
    this.show(element);
    const request = this.request;
    request.__begin();
    element.attempts++;
    this.fn.asyncInvoke(this.input, request, this.future);
    if (this.fn.__failure !== null || this.future.__error !== null) this.settle(element, true);
    else if (request.__described) this.outbox.push(this.describe(element));
    else if (this.future.__isCompleted || this.future.__count > 0) this.settle(element, true);
    else this.fail(element, NOTHING_DESCRIBED);
  }

  /** The descriptor is kept as it is until its turn comes: the row's texts do not live so long. */
  private describe(element: PendingElement): PendingElement {
    this.request.__write(this.descriptor);
    const descriptor = this.descriptor;
    const bytes = heap.alloc(descriptor.length + 4);
    store<u32>(bytes, descriptor.length);
    memory.copy(bytes + 4, descriptor.start, descriptor.length);
    element.request = ++this.requests;
    element.descriptor = bytes;
    this.asked.set(element.request, element);
    return element;
  }

  /** Points the function's views at a row. */
  private show(element: PendingElement): void {
    resetTextScratch();
    this.stored.attach(element.block);
    this.input.__attach(this.stored);
    this.input.__index = 0;
    this.input.kind = this.stored.rowKind(0);
    this.future.__begin();
  }

  private answered(request: i64, start: usize, length: i32): void {
    // Of a row that has timed out or was asked for again, or never asked: nobody waits for it.
    if (!this.asked.has(request)) return;
    const element = this.asked.get(request);
    this.forget(element);
    this.beginKept(element);
    this.show(element);
    const response = this.response;
    if (response.__read(start, length)) this.fn.onResponse(this.input, response, this.future);
    else this.fn.onError(this.input, response.__error(), this.future);
    this.settle(element, true);
    endUnit();
  }

  private timedOut(element: PendingElement): void {
    this.timeouts.remove(element);
    this.retries.remove(element);
    this.forget(element);
    this.beginKept(element);
    this.show(element);
    this.fn.timeout(this.input, this.future);
    this.settle(element, false);
    endUnit();
  }

  /** No answer is expected any more. */
  private forget(element: PendingElement): void {
    if (element.request != 0) this.asked.delete(element.request);
    element.request = 0;
    // In the outbox it is passed over.
    if (element.descriptor != 0) this.dropDescriptor(element);
  }

  private dropDescriptor(element: PendingElement): void {
    heap.free(element.descriptor);
    element.descriptor = 0;
  }

  /** The function has been called: its results, its failure, or another try. */
  private settle(element: PendingElement, mayRetry: bool): void {
    let error = this.future.__error;
    const refused = this.fn.__failure;
    this.fn.__failure = null;
    if (refused !== null) error = refused;
    const canRetry = mayRetry && !this.hasEnded && this.retry.canRetry(element.attempts);
    if (canRetry && refused === null && this.wantsRetry(error)) {
      this.retries.add(element, processingTime() + this.retry.backoff(element.attempts));
      return;
    }
    if (error !== null) {
      this.fail(element, error);
      return;
    }
    this.made.flush();
    for (let block = this.made.take(); block != 0; block = this.made.take()) {
      this.waiting.held += blockBytes(block);
      element.results.push(keepBlock(block));
    }
    this.countState();
    this.done(element);
  }

  private wantsRetry(error: string | null): bool {
    if (error !== null) return this.fn.retryOnException(this.input, error, this.retry.ifException);
    const count = this.future.__count;
    return this.fn.retryOnResult(this.input, count, count == 0 && this.retry.ifEmptyResult);
  }

  /** The row leaves without a result; what becomes of it is the vertex's onRowError. */
  private fail(element: PendingElement, message: string): void {
    element.error = message;
    this.failures.push(element);
    this.done(element);
  }

  /** Shows the host a row whose batch is long gone; its block stays until the next call. */
  private tell(element: PendingElement): void {
    const result = this.result;
    result.row = NO_ROW;
    result.code = Unit.KEPT_ROW;
    result.keyGroup = <i32>element.block;
    result.requestId = element.position;
  }

  private done(element: PendingElement): void {
    this.timeouts.remove(element);
    element.isDone = true;
    this.queue.completed(element);
  }

  /** What any call does first: tells failures, asks for rows of a snapshot, sends requests, lets out what may leave. */
  private flow(budget: i32): i32 {
    const isAsked = this.failures.length > 0 || this.askAgain(budget);
    if (this.failures.length > 0) {
      const element = this.failures.shift();
      this.result.say(element.error);
      this.tell(element);
      this.rowsFailed++;
      return Status.ROW_FAILED;
    }
    if (this.hasMail()) return this.sendOne();
    return isAsked ? this.emit(budget) : Status.SLICE_OVER;
  }

  /** Asks for rows of a snapshot until there is a request to send, or a failure to tell; false: there are more. */
  private askAgain(budget: i32): bool {
    for (let left = max(budget, 1); left > 0 && this.askedAgain < this.restored.length; left--) {
      if (this.failures.length > 0 || this.hasMail()) return false;
      collectBetweenRows(1);
      const element = this.restored[this.askedAgain++];
      this.startTimeout(element);
      this.ask(element);
    }
    if (this.askedAgain < this.restored.length) return false;
    if (this.askedAgain > 0) this.restored = [];
    this.askedAgain = 0;
    return true;
  }

  private hasMail(): bool {
    const outbox = this.outbox;
    while (this.sent < outbox.length && outbox[this.sent].descriptor == 0) this.sent++;
    if (this.sent < outbox.length) return true;
    if (this.sent > 0) this.outbox = [];
    this.sent = 0;
    return false;
  }

  private sendOne(): i32 {
    const element = this.outbox[this.sent];
    const bytes = element.descriptor;
    const length = load<i32>(bytes);
    this.descriptor.clear();
    this.descriptor.append(bytes + 4, length);
    this.dropDescriptor(element);
    this.result.requestId = element.request;
    this.result.pointer = this.descriptor.start;
    this.result.length = length;
    return Status.REQUEST;
  }

  private emit(budget: i32): i32 {
    let left = max(budget, 1);
    while (true) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      const head = this.queue.head();
      if (head === null) return Status.DONE;
      if (left <= 0) return Status.SLICE_OVER;
      left--;
      if (head.isWatermark) this.emitWatermark(head.watermark);
      else if (this.emitRow(head)) continue;
      this.queue.pop(head);
      this.waiting.held -= head.bytes;
      head.free();
      this.countState();
    }
  }

  /** Two watermarks without a row between them are two blocks: in one the later replaces the other. */
  private emitWatermark(timestamp: i64): void {
    if (this.behindWatermark) {
      for (let i = 0; i < this.writers.length; i++) this.writers[i].flush();
    }
    this.behindWatermark = true;
    this.currentWatermark = timestamp;
    this.forwardWatermark(timestamp);
  }

  /** Lets the next result of a row out; false: there is none. */
  private emitRow(element: PendingElement): bool {
    if (element.resultBlock == element.results.length) return false;
    const reader = this.resultReader;
    reader.attach(element.results[element.resultBlock]);
    const row = element.resultRow;
    const writer = this.writers[0];
    copyRow(reader, row, writer);
    writer.hasTimestamp = element.hasTimestamp;
    writer.timestamp = element.timestamp;
    writer.rowKind = reader.rowKind(row);
    writer.endRow();
    this.behindWatermark = false;
    element.resultRow++;
    if (element.resultRow == reader.rowCount) {
      element.resultRow = 0;
      element.resultBlock++;
    }
    return true;
  }
}
