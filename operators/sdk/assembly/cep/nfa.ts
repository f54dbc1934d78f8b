/**
 * The automaton of a pattern at work on one key's events (Flink: NFA). load() takes the key's
 * matches in, process() and advanceTime() change them, and the caller stores them again. What was
 * found hangs in `matched` and `timedOut` until releaseFound().
 */
import { RowView } from "../row";
import {
  compareComputations,
  ComputationList,
  ComputationQueue,
  nodeIn,
  previousTimeIn,
  startSequenceIn,
  startTimeIn,
  stateIn,
} from "./computation-state";
import { ConditionContext } from "./condition-context";
import { MatchPruner } from "./match-pruner";
import { NfaState, StateTransition, StateType, TransitionAction } from "./nfa-state";
import { PatternCompiler } from "./pattern-compiler";
import { sequenceOf, SharedBuffer } from "./shared-buffer";
import { AfterMatchSkipStrategy } from "./skip-strategy";

export class Nfa<T extends RowView> {
  /** Matches in progress, with the one that has not begun. */
  partial: ComputationQueue = new ComputationQueue();
  /** Matches that are complete, but must wait for others that began before them. */
  readonly completed: ComputationQueue = new ComputationQueue();
  /** Sequence number of the key's next event. */
  sequence: u32 = 0;
  /** A match has begun: its end wants a timer. Set until the caller takes it back. */
  hasBegun: bool = false;
  /** Last nodes of the matches that were found. */
  readonly matched: usize[] = [];
  /** Last nodes of the matches that ran out of time, and when they did. */
  readonly timedOut: usize[] = [];
  readonly timedOutAt: i64[] = [];
  readonly start!: NfaState<T>;
  readonly window: i64;
  private states: NfaState<T>[];
  private context: ConditionContext<T>;
  private spare: ComputationQueue = new ComputationQueue();
  private potential: ComputationQueue = new ComputationQueue();
  private results: ComputationList = new ComputationList();
  private edges: StateTransition<T>[] = [];
  private pendingStates: NfaState<T>[] = [];
  private pruner: MatchPruner<T>;
  /** The present event in the shared buffer, once it has been taken; 0 before. */
  private event: usize = 0;
  private value: T;
  private timestamp: i64 = 0;

  constructor(
    compiled: PatternCompiler<T>,
    private skip: AfterMatchSkipStrategy,
    private buffer: SharedBuffer<T>,
    value: T,
  ) {
    this.states = compiled.graph.states;
    this.window = compiled.window;
    this.context = new ConditionContext<T>(compiled.stages);
    this.pruner = new MatchPruner<T>(skip, compiled.stages.indexOf(skip.stage), buffer);
    this.value = value;
    for (let i = 0; i < this.states.length; i++) {
      if (this.states[i].type == StateType.START) this.start = this.states[i];
    }
  }

  /** Makes the matches of a key without any the present ones. */
  clear(): void {
    this.partial.clear();
    this.completed.clear();
    this.partial.append(this.start.index, 0, -1, -1, 0);
    this.sequence = 0;
  }

  /** Nothing is kept but the match that has not begun. */
  get isInitial(): bool {
    return this.partial.count == 1 && nodeIn(this.partial.at(0)) == 0 && this.completed.count == 0;
  }

  /** Lets time pass: matches that take too long go, and those that waited for them are found. */
  advanceTime(timestamp: i64): void {
    const partial = this.partial;
    const kept = this.spare;
    kept.clear();
    this.potential.clear();
    for (let i = 0; i < partial.count; i++) {
      const computation = partial.at(i);
      const end = this.endOf(computation, timestamp);
      if (end == i64.MAX_VALUE) {
        kept.add(computation);
      } else if (this.states[stateIn(computation)].type == StateType.PENDING) {
        this.potential.add(computation);
      } else {
        this.timedOut.push(nodeIn(computation));
        this.timedOutAt.push(end);
      }
    }
    this.exchange();
    this.takeCompleted();
  }

  /** When the time of a match ended, if it has by now; else the largest time. */
  private endOf(computation: usize, now: i64): i64 {
    const state = this.states[stateIn(computation)];
    if (state.type == StateType.START) return i64.MAX_VALUE;
    const previous = previousTimeIn(computation);
    if (state.window > 0 && now - previous >= state.window) return previous + state.window;
    const first = startTimeIn(computation);
    return this.window > 0 && now - first >= this.window ? first + this.window : i64.MAX_VALUE;
  }

  /** Offers an event to all matches. */
  process(value: T, timestamp: i64): void {
    const partial = this.partial;
    const kept = this.spare;
    kept.clear();
    this.potential.clear();
    this.value = value;
    this.timestamp = timestamp;
    this.event = 0;
    for (let i = 0; i < partial.count; i++) this.offer(partial.at(i), kept);
    if (this.event != 0) this.buffer.releaseEvent(this.event);
    this.exchange();
    this.takeCompleted();
  }

  /** Moves one match on by the present event. */
  private offer(computation: usize, kept: ComputationQueue): void {
    const states = this.states;
    const results = this.results;
    const wasStart = states[stateIn(computation)].type == StateType.START;
    results.clear();
    this.computeNext(computation);
    let stopped = false;
    for (let i = 0; i < results.count; i++) {
      const result = results.at(i);
      // Flink's own check: matches that begin at 0 or before have no timer.
      if (wasStart && startTimeIn(result) > 0) this.hasBegun = true;
      if (states[stateIn(result)].type == StateType.STOP) stopped = true;
    }
    for (let i = 0; i < results.count; i++) {
      const result = results.at(i);
      const type = states[stateIn(result)].type;
      if (type == StateType.FINAL) this.potential.add(result);
      else if (stopped) this.buffer.release(nodeIn(result));
      else kept.add(result);
    }
  }

  private computeNext(computation: usize): void {
    const node = nodeIn(computation);
    const state = this.states[stateIn(computation)];
    const isStart = state.type == StateType.START;
    this.context.__begin(node, this.timestamp);
    this.collectEdges(state);
    for (let i = 0; i < this.edges.length; i++) {
      const edge = this.edges[i];
      if (edge.action == TransitionAction.TAKE) this.take(computation, edge, isStart);
      else if (!isStart) this.resume(edge.target, node, computation, previousTimeIn(computation));
    }
    // The match that has not begun stays, for the events to come.
    if (isStart) this.results.append(state.index, 0, -1, -1, 0);
    this.buffer.release(node);
  }

  private take(computation: usize, edge: StateTransition<T>, isStart: bool): void {
    const buffer = this.buffer;
    if (this.event == 0) this.event = buffer.addEvent(this.value, this.timestamp, this.sequence++);
    const node = buffer.addNode(this.event, nodeIn(computation), edge.source.stage);
    const final = this.finalAfter(edge.target);
    const startTime = isStart ? this.timestamp : startTimeIn(computation);
    const sequence = isStart ? sequenceOf(this.event) : startSequenceIn(computation);
    buffer.lock(node);
    this.results.append(edge.target.index, node, startTime, this.timestamp, sequence);
    if (final === null) return;
    buffer.lock(node);
    this.results.append(final.index, node, startTime, this.timestamp, sequence);
  }

  /** The match goes on in a state without the event. */
  private resume(state: NfaState<T>, node: usize, from: usize, previousTime: i64): void {
    this.buffer.lock(node);
    this.results.append(state.index, node, startTimeIn(from), previousTime, startSequenceIn(from));
  }

  /** The edges that the present event may go along, from a state and those that it proceeds to. */
  private collectEdges(state: NfaState<T>): void {
    const edges = this.edges;
    const pending = this.pendingStates;
    edges.length = 0;
    pending.length = 0;
    pending.push(state);
    while (pending.length > 0) {
      const transitions = pending.pop().transitions;
      for (let i = 0; i < transitions.length; i++) {
        const edge = transitions[i];
        if (!edge.condition.__holds(this.value, this.context)) continue;
        if (edge.action == TransitionAction.PROCEED) pending.push(edge.target);
        else edges.push(edge);
      }
    }
  }

  /** The final state, if a match may proceed to it: the rest of the pattern is optional. */
  private finalAfter(state: NfaState<T>): NfaState<T> | null {
    const pending = this.pendingStates;
    pending.length = 0;
    pending.push(state);
    while (pending.length > 0) {
      const transitions = pending.pop().transitions;
      for (let i = 0; i < transitions.length; i++) {
        const edge = transitions[i];
        if (edge.action != TransitionAction.PROCEED) continue;
        if (!edge.condition.__holds(this.value, this.context)) continue;
        if (edge.target.type == StateType.FINAL) return edge.target;
        pending.push(edge.target);
      }
    }
    return null;
  }

  private exchange(): void {
    const old = this.partial;
    this.partial = this.spare;
    this.spare = old;
  }

  /**
   * Gives what is complete, those that began first in front; with a skip strategy none before a
   * match that began earlier.
   */
  private takeCompleted(): void {
    const completed = this.completed;
    const potential = this.potential;
    for (let i = 0; i < potential.count; i++) completed.add(potential.at(i));
    while (completed.count > 0) {
      const first = completed.at(0);
      if (this.skip.__isSkipping && this.partial.count > 0) {
        if (compareComputations(first, this.partial.at(0)) > 0) return;
      }
      const node = nodeIn(first);
      completed.removeFirst();
      if (this.skip.__isSkipping) {
        this.pruner.prune(this.partial, node);
        this.pruner.prune(completed, node);
      }
      this.matched.push(node);
    }
  }

  /** Lets go of what was found: it has been given on. */
  releaseFound(): void {
    for (let i = 0; i < this.matched.length; i++) this.buffer.release(this.matched[i]);
    for (let i = 0; i < this.timedOut.length; i++) this.buffer.release(this.timedOut[i]);
    this.matched.length = 0;
    this.timedOut.length = 0;
    this.timedOutAt.length = 0;
  }

  close(): void {
    this.partial.free();
    this.spare.free();
    this.completed.free();
    this.potential.free();
    this.results.free();
  }
}
