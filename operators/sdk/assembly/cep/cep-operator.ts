/**
 * Finds a pattern in the events of each key (Flink: CepOperator). In event time they wait, sorted,
 * for the watermark; in processing time each is offered to the automaton as it comes.
 */
import { copyValue } from "../copy-columns";
import { KeyedOperator } from "../keyed-operator";
import { Status } from "../layout";
import { processingTime } from "../processing-time";
import { Collector, RowView } from "../row";
import { TimeBuffer } from "../state/time-buffer";
import { EVENT_TIME, PROCESSING_TIME } from "../state/internal-timer-service";
import { resetTextScratch } from "../text";
import { notedProgress, noteProgress, Unit } from "../undo";
import { Nfa } from "./nfa";
import { PartialMatches } from "./partial-matches";
import { PatternCompiler } from "./pattern-compiler";
import { PatternMatch } from "./pattern-match";
import { PatternContext, PatternProcessFunction } from "./pattern-process-function";

/** Events of a key that one timer takes, or all those of one timestamp. */
const EVENTS_AT_ONCE: i32 = 128;

/** Where a timer is: at matches that time out behind all events, at those before the event 0, at the event 0, and so on. */
const AT_LAST: i32 = 0;
const BEFORE_FIRST: i32 = 1;
const AT_FIRST: i32 = 2;
/** Behind the place stands which of the matches found there is given: bits of its number. */
const MATCH_BITS: i32 = 12;
const MATCH_MASK: i32 = (1 << MATCH_BITS) - 1;

/** Runs a PatternProcessFunction. */
export class CepOperator<
  F extends PatternProcessFunction<In, Out>,
  In extends RowView,
  Out extends RowView,
> extends KeyedOperator<F, In> {
  private collector!: Collector<Out>;
  private context!: PatternContext;
  private nfa!: Nfa<In>;
  private match!: PatternMatch<In>;
  private matches!: PartialMatches<In>;
  /** Events that wait for the watermark. */
  private waiting!: TimeBuffer<In>;
  private isEventTime: bool = true;
  /** Number of the side output for late events; 0: none. */
  private lateOutput: i32 = 0;
  /** Of the timer that fires again: places of matches (with the events before them counted) that are not given, as the function trapped. */
  private muted: i32[] = [];
  /** Where the timer at hand is. */
  private place: i32 = AT_LAST;
  /** For each of its columns, that of the input. */
  private lateColumns: i32[] = [];

  open(): i32 {
    this.collector = new Collector<Out>(
      instantiate<Out>(),
      this.writers[0],
      this.config.outputs[0],
    );
    this.context = new PatternContext(this);
    const status = super.open();
    return status == Status.DONE ? this.openPattern() : status;
  }

  private openPattern(): i32 {
    const fn = this.fn;
    this.isEventTime = !fn.inProcessingTime();
    this.lateOutput = fn.lateOutput();
    const problem = this.lateProblem();
    if (problem !== null) return this.refuse(problem);
    const pattern = fn.pattern();
    const compiled = new PatternCompiler<In>(pattern);
    if (compiled.problem !== null) return this.refuse(compiled.problem!);
    this.matches.pattern = compiled.graph.text;
    this.match = new PatternMatch<In>(compiled.stages);
    this.nfa = new Nfa<In>(compiled, pattern.__skip, this.matches.buffer, this.input);
    fn.openProcess(this.context);
    return Status.DONE;
  }

  /** Finds the columns of late events in the input; answers what is wrong. */
  private lateProblem(): string | null {
    const late = this.lateOutput;
    if (late == 0) return null;
    if (late < 0 || late >= this.ownOutputs) {
      return "lateOutput: there is no side output " + late.toString();
    }
    const wanted = this.config.outputs[late].columns;
    const input = this.config.inputs[0];
    for (let i = 0; i < wanted.length; i++) {
      const index = input.indexOf(wanted[i].name);
      if (index < 0 || input.columns[index].type != wanted[i].type) {
        return (
          "lateOutput: the input has no column " + wanted[i].name + " of the side output's type"
        );
      }
      this.lateColumns.push(index);
    }
    return null;
  }

  protected registerStates(): void {
    this.waiting = new TimeBuffer<In>("waiting-events");
    this.matches = new PartialMatches<In>("partial-matches");
    this.backend.register(this.waiting);
    this.backend.register(this.matches);
  }

  rows(from: i32, to: i32): i32 {
    const backend = this.backend;
    backend.attach(this.reader, 0);
    backend.locate(from, to);
    this.collector.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      if (this.isEventTime) this.buffer(i, row);
      else this.processNow(i, row);
      backend.release();
      if (this.rowFailed(row)) {
        unchecked(this.writers[0]).abandonRow();
        this.collector.begin();
        return i + 1;
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }

  /** Keeps an event until the watermark has passed it. */
  private buffer(i: i32, row: i32): void {
    const timestamp = this.reader.hasTimestamp(row) ? this.reader.timestamp(row) : i64.MIN_VALUE;
    if (timestamp <= this.currentWatermark) {
      this.late(row);
      return;
    }
    const backend = this.backend;
    backend.select(i, row);
    const first = this.waiting.seek(i64.MIN_VALUE);
    const isFirst = first == 0 || timestamp < this.waiting.timestampOf(first);
    this.waiting.add(timestamp, timestamp, this.input);
    if (isFirst) backend.registerTimer(EVENT_TIME, timestamp);
  }

  private late(row: i32): void {
    if (this.lateOutput == 0) {
      this.rowsFailed++;
      return;
    }
    const reader = this.reader;
    const writer = unchecked(this.writers[this.lateOutput]);
    writer.hasTimestamp = reader.hasTimestamp(row);
    if (writer.hasTimestamp) writer.timestamp = reader.timestamp(row);
    writer.rowKind = reader.rowKind(row);
    const columns = writer.columns;
    for (let c = 0; c < columns.length; c++) {
      copyValue(reader, this.lateColumns[c], row, writer, columns[c]);
    }
    writer.endRow();
  }

  private processNow(i: i32, row: i32): void {
    this.backend.select(i, row);
    const now = processingTime();
    this.matches.load(this.nfa);
    this.advanceTime(now);
    this.offer(this.input, now);
    this.keep();
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    const status = super.onWatermark(timestamp, budget);
    this.stateBytes = this.backend.bytes;
    return status;
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    const status = super.timers(domain, now, budget);
    this.stateBytes = this.backend.bytes;
    return status;
  }

  fire(domain: i32, time: i64): void {
    this.collector.begin();
    this.matches.load(this.nfa);
    const isDone = !this.isEventTime || this.processWaiting();
    // A timer that is set again below goes on with what is due.
    if (isDone) {
      this.place = AT_LAST;
      this.advanceTime(this.isEventTime ? this.currentWatermark : processingTime());
    }
    this.keep();
    const next = this.waiting.seek(i64.MIN_VALUE);
    if (next != 0) this.backend.registerTimer(EVENT_TIME, this.waiting.timestampOf(next));
    if (this.firesAgain) this.muted = [];
  }

  /**
   * What trapped is left out, and the timer fires again: the event that was offered, or the matches that timed out there.
   */
  protected unitUndone(): i32 {
    const noted = notedProgress();
    const place = noted >> MATCH_BITS;
    if (this.muted.includes(noted)) return this.refuse("its time-outs cannot be passed over");
    this.firesAgain = true;
    this.tellKey();
    if (place == AT_LAST) {
      this.muted.push(noted);
      return Status.ROW_FAILED;
    }
    const waiting = this.waiting;
    let at = waiting.seek(i64.MIN_VALUE);
    for (let i = (place - BEFORE_FIRST) >> 1; i > 0; i--) at = waiting.after(at);
    this.result.requestId = waiting.timestampOf(at);
    if ((place - BEFORE_FIRST) & 1) {
      this.result.code = Unit.WAITING;
      waiting.remove(at);
    } else {
      this.muted.push(noted);
    }
    return Status.ROW_FAILED;
  }

  /**
   * Offers what the watermark has passed, in the order of time: some at once, so that budget and
   * room of the outputs are looked at; false: there is more.
   */
  private processWaiting(): bool {
    const waiting = this.waiting;
    let now = i64.MIN_VALUE;
    let offered = 0;
    let isDone = true;
    for (let at = waiting.seek(i64.MIN_VALUE); at != 0; at = waiting.after(at)) {
      const timestamp = waiting.timestampOf(at);
      if (timestamp > this.currentWatermark) break;
      if (offered >= EVENTS_AT_ONCE && timestamp != now) {
        isDone = false;
        break;
      }
      resetTextScratch();
      if (timestamp != now) {
        this.place = BEFORE_FIRST + 2 * offered;
        this.advanceTime(timestamp);
      }
      this.place = AT_FIRST + 2 * offered;
      noteProgress(this.place << MATCH_BITS);
      now = timestamp;
      this.offer(waiting.rowOf(at), timestamp);
      offered++;
    }
    waiting.prune(isDone ? this.currentWatermark : now);
    return isDone;
  }

  private offer(value: In, timestamp: i64): void {
    const nfa = this.nfa;
    nfa.process(value, timestamp);
    if (nfa.window > 0 && nfa.hasBegun) {
      // In processing time a millisecond later: the clock that reads the time itself may still get
      // events of it.
      if (this.isEventTime) this.backend.registerTimer(EVENT_TIME, timestamp + nfa.window);
      else this.backend.registerTimer(PROCESSING_TIME, timestamp + nfa.window + 1);
    }
    this.give(timestamp);
  }

  private advanceTime(timestamp: i64): void {
    noteProgress(this.place << MATCH_BITS);
    this.nfa.advanceTime(timestamp);
    this.give(timestamp);
  }

  /** Calls the function for what was found. */
  private give(timestamp: i64): void {
    const nfa = this.nfa;
    if (nfa.matched.length + nfa.timedOut.length == 0) return;
    for (let i = 0; i < nfa.matched.length; i++) {
      if (this.undoes && this.isMuted(i)) continue;
      this.stamp(timestamp);
      this.match.__walk(nfa.matched[i]);
      this.fn.processMatch(this.match, this.context, this.collector);
    }
    for (let i = 0; i < nfa.timedOut.length; i++) {
      if (this.undoes && this.isMuted(nfa.matched.length + i)) continue;
      this.stamp(nfa.timedOutAt[i]);
      this.match.__walk(nfa.timedOut[i]);
      this.fn.processTimedOutMatch(this.match, this.context);
    }
    nfa.releaseFound();
  }

  /** Notes which match is given; whether it is not to be. What an event leads to counts as the event. */
  private isMuted(match: i32): bool {
    const noted = (this.place << MATCH_BITS) | min(match, MATCH_MASK);
    noteProgress(noted);
    return this.muted.length > 0 && this.muted.includes(noted);
  }

  /** Rows of event time have the time of their match, others none. */
  private stamp(timestamp: i64): void {
    this.context.timestamp = timestamp;
    for (let w = 0; w < this.writers.length; w++) {
      const writer = unchecked(this.writers[w]);
      writer.hasTimestamp = this.isEventTime;
      writer.timestamp = this.isEventTime ? timestamp : 0;
    }
  }

  private keep(): void {
    this.matches.store(this.nfa);
    this.nfa.hasBegun = false;
  }

  close(): void {
    super.close();
    // Where open() was refused there is none.
    if (changetype<usize>(this.nfa) != 0) this.nfa.close();
  }
}
