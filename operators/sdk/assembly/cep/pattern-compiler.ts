/**
 * Compiles a pattern to an automaton, from its last stage to its first (Flink: NFACompiler, whose
 * states and edges these are). Edges that a stage which must not come takes lead to a stop state.
 */
import { RowView } from "../row";
import { Condition, NotCondition, TrueCondition } from "./condition";
import { NfaState, StateType, TransitionAction } from "./nfa-state";
import { Pattern } from "./pattern";
import { ConsumingStrategy, Repetition } from "./quantifier";
import { FINAL_NAME, StateGraph } from "./state-graph";

export class PatternCompiler<T extends RowView> {
  /** Names of the stages, in their order. */
  readonly stages: string[] = [];
  readonly graph!: StateGraph<T>;
  /** Largest time from a match's first event to its last, ms; 0: none. */
  window: i64 = 0;
  problem: string | null = null;
  private patterns: Pattern<T>[] = [];
  /** Index of the stage that is being compiled. */
  private current: i32 = 0;
  private windowTime: i64 = -1;
  private stops: Map<string, NfaState<T>> = new Map<string, NfaState<T>>();
  /** The copy of a greedy loop's sink that an `until` leads to, by the sink's name. */
  private untilSinks: Map<string, NfaState<T>> = new Map<string, NfaState<T>>();

  constructor(last: Pattern<T>) {
    for (let p: Pattern<T> | null = last; p !== null; p = p.__previous) this.patterns.push(p);
    this.patterns.reverse();
    for (let i = 0; i < this.patterns.length; i++) this.stages.push(this.patterns[i].name);
    this.graph = new StateGraph<T>(this.stages);
    this.problem = last.__problem === null ? last.__checkNames(this.stages) : last.__problem;
    if (this.problem === null) this.compile();
  }

  private get pattern(): Pattern<T> {
    return this.patterns[this.current];
  }

  private compile(): void {
    this.current = this.patterns.length - 1;
    let sink = this.graph.create(FINAL_NAME, -1, StateType.FINAL);
    this.windowTime = this.pattern.__firstToLast;
    while (this.current > 0) {
      sink = this.stageState(sink);
      this.current--;
      const time = this.pattern.__firstToLast;
      if (time >= 0 && (this.windowTime < 0 || time < this.windowTime)) this.windowTime = time;
    }
    sink = this.convert(sink);
    sink.type = StateType.START;
    this.window = max(this.windowTime, 0);
    this.problem = this.checkWindows();
  }

  private checkWindows(): string | null {
    let lastHasTime = this.window > 0;
    const last = this.patterns[this.patterns.length - 1];
    for (let i = 0; i < this.graph.states.length; i++) {
      const state = this.graph.states[i];
      if (this.windowTime >= 0 && state.window > this.windowTime) {
        return "pattern: the time between two events must not be above that of the whole match";
      }
      if (state.name == last.name && state.window > 0) lastHasTime = true;
    }
    if (last.__quantifier.consuming != ConsumingStrategy.NOT_FOLLOW || lastHasTime) return null;
    return "pattern: notFollowedBy as the last stage needs within";
  }

  /** The state of a stage that is not the first. */
  private stageState(sink: NfaState<T>): NfaState<T> {
    const pattern = this.pattern;
    const consuming = pattern.__quantifier.consuming;
    if (consuming == ConsumingStrategy.NOT_FOLLOW) {
      const isTimed = pattern.__previousToCurrent >= 0 || this.windowTime > 0;
      // Elsewhere such a stage is nothing but edges of others to its stop state.
      if (!isTimed || sink.type != StateType.FINAL) return sink;
      const pending = this.createStageState(StateType.PENDING, true);
      pending.proceed(this.stopState(this.current), pattern.__condition);
      pending.ignore(pending, new NotCondition<T>(pattern.__condition));
      return pending;
    }
    if (consuming != ConsumingStrategy.NOT_NEXT) return this.convert(sink);
    const notNext = this.createStageState(StateType.NORMAL, true);
    const stop = this.stopState(this.current);
    const otherwise = new NotCondition<T>(pattern.__condition);
    // Proceeding to the final state would complete the match with the event before.
    if (sink.type == StateType.FINAL) notNext.ignore(sink, otherwise);
    else notNext.proceed(sink, otherwise);
    notNext.proceed(stop, pattern.__condition);
    return notNext;
  }

  private convert(sink: NfaState<T>): NfaState<T> {
    const quantifier = this.pattern.__quantifier;
    let first: NfaState<T>;
    if (quantifier.repetition == Repetition.LOOPING) {
      // Once the loop has begun, what must not come before it no longer matters.
      const looping = this.looping(this.withoutNots(sink));
      first = this.repeated(looping, sink);
    } else if (quantifier.repetition == Repetition.TIMES) {
      first = this.repeated(sink, sink);
    } else {
      const pattern = this.pattern;
      first = this.singleton(
        sink,
        sink,
        pattern.__condition,
        this.pattern.__ignore,
        quantifier.isOptional,
      );
    }
    this.addStops(first);
    return first;
  }

  /** The state in which a loop stays: what it takes leads back to it. */
  private looping(sink: NfaState<T>): NfaState<T> {
    const pattern = this.pattern;
    const until = pattern.__until;
    const ignore = this.pattern.__innerIgnore;
    const take = this.pattern.__take;
    const looping = this.createStageState(StateType.NORMAL, true);
    if (pattern.__quantifier.isGreedy) {
      if (until !== null) {
        const copy = this.graph.copy(sink);
        looping.proceed(copy, until);
        this.untilSinks.set(sink.name, copy);
        looping.proceed(sink, new NotCondition<T>(until));
      } else {
        looping.proceed(sink, new TrueCondition<T>());
      }
      sink.restrict(new NotCondition<T>(pattern.__condition));
    } else {
      looping.proceed(sink, new TrueCondition<T>());
    }
    looping.take(looping, take);
    this.addFollowingStop(looping);
    if (ignore !== null) {
      const ignoring = this.createStageState(StateType.NORMAL, false);
      ignoring.take(looping, take);
      ignoring.ignore(ignoring, ignore);
      looping.ignore(ignoring, ignore);
      this.addFollowingStop(ignoring);
    }
    return looping;
  }

  /**
   * The states of a repeated stage, from its last event to its first; `after` is where a loop or
   * the next stage is.
   */
  private repeated(after: NfaState<T>, proceed: NfaState<T>): NfaState<T> {
    const quantifier = this.pattern.__quantifier;
    const ignore = this.pattern.__innerIgnore;
    const take = this.pattern.__take;
    if (quantifier.isGreedy && quantifier.least != quantifier.most) {
      if (this.pattern.__until !== null) this.untilSinks.set(after.name, this.graph.copy(after));
      after.restrict(new NotCondition<T>(take));
    }
    let sink = after;
    for (let i = quantifier.least; i < quantifier.most; i++) {
      sink = this.singleton(sink, proceed, take, ignore, true);
      this.addFollowingStop(sink);
    }
    for (let i = 1; i < quantifier.least; i++) {
      sink = this.singleton(sink, proceed, take, ignore, false);
      this.addFollowingStop(sink);
    }
    return this.singleton(sink, proceed, take, this.pattern.__ignore, quantifier.isOptional);
  }

  /** A state that takes one event to `sink`; an optional one may proceed without it. */
  private singleton(
    sink: NfaState<T>,
    proceed: NfaState<T>,
    take: Condition<T>,
    ignore: Condition<T> | null,
    isOptional: bool,
  ): NfaState<T> {
    const state = this.createStageState(StateType.NORMAL, true);
    const target = this.withoutNots(sink);
    state.take(target, take);
    if (isOptional) this.proceedOptional(state, proceed);
    if (ignore !== null) {
      let ignoring = state;
      if (isOptional) {
        ignoring = this.createStageState(StateType.NORMAL, false);
        ignoring.take(target, take);
        ignoring.ignore(ignoring, ignore);
        this.addStops(ignoring);
      }
      state.ignore(ignoring, ignore);
    }
    return state;
  }

  private proceedOptional(state: NfaState<T>, proceed: NfaState<T>): void {
    const until = this.pattern.__until;
    if (!this.pattern.__quantifier.isGreedy || until === null) {
      state.proceed(proceed, new TrueCondition<T>());
      return;
    }
    const ended = this.untilSinks.has(proceed.name) ? this.untilSinks.get(proceed.name) : proceed;
    state.proceed(ended, until);
    state.proceed(proceed, new NotCondition<T>(until));
  }

  /**
   * Where an optional stage leads once it has taken an event: what must not come before it no
   * longer matters, so the edges to those stop states are left out of a copy.
   */
  private withoutNots(sink: NfaState<T>): NfaState<T> {
    const nots = this.currentNots();
    if (nots.length == 0 || !this.pattern.__quantifier.isOptional) return sink;
    const copy = this.graph.create(sink.name, sink.stage, sink.type);
    for (let i = 0; i < sink.transitions.length; i++) {
      const edge = sink.transitions[i];
      if (edge.action != TransitionAction.PROCEED) {
        sink.copyTransition(edge, copy);
      } else if (edge.target.type != StateType.STOP) {
        copy.proceed(this.withoutNots(edge.target), edge.condition);
      } else if (!this.namesOneOf(edge.target, nots)) {
        copy.proceed(edge.target, edge.condition);
      }
    }
    return copy;
  }

  private namesOneOf(stop: NfaState<T>, stages: i32[]): bool {
    for (let i = 0; i < stages.length; i++) if (stop.name == this.stages[stages[i]]) return true;
    return false;
  }

  /**
   * Stages that must not come before the present one: directly before it, or with optional ones
   * between.
   */
  private currentNots(): i32[] {
    const nots: i32[] = [];
    for (let i = this.current - 1; i >= 0; i--) {
      const quantifier = this.patterns[i].__quantifier;
      const isNot = quantifier.consuming == ConsumingStrategy.NOT_FOLLOW;
      if (!isNot && !quantifier.isOptional) break;
      if (isNot) nots.push(i);
    }
    return nots;
  }

  private addStops(state: NfaState<T>): void {
    const nots = this.currentNots();
    for (let i = 0; i < nots.length; i++) {
      state.proceed(this.stopState(nots[i]), this.patterns[nots[i]].__condition);
    }
  }

  /** A loop ends with the event that must not follow it. */
  private addFollowingStop(state: NfaState<T>): void {
    const next = this.current + 1;
    if (next == this.patterns.length) return;
    const following = this.patterns[next];
    if (following.__quantifier.consuming != ConsumingStrategy.NOT_FOLLOW) return;
    state.proceed(this.stopState(next), following.__condition);
  }

  /** The stop state of a stage: one for all edges. */
  private stopState(stage: i32): NfaState<T> {
    const name = this.stages[stage];
    if (this.stops.has(name)) return this.stops.get(name);
    const stop = this.graph.create(name, stage, StateType.STOP);
    stop.take(stop, this.patterns[stage].__condition);
    this.stops.set(name, stop);
    return stop;
  }

  /** A state of the present stage; one that takes events may have a time from the event before. */
  private createStageState(type: StateType, takes: bool): NfaState<T> {
    const pattern = this.pattern;
    const state = this.graph.create(pattern.name, this.current, type);
    if (!takes) return state;
    const isFirst = state.name == pattern.name;
    if (pattern.__quantifier.least == 0) state.window = max(pattern.__previousToCurrent, 0);
    else if (!isFirst) state.window = pattern.__quantifier.window;
    return state;
  }
}
