/**
 * States of the automaton that a pattern is compiled to, and the edges between them (Flink: State,
 * StateTransition).
 */
import { RowView } from "../row";
import { AndCondition, Condition } from "./condition";

export enum StateType {
  START,
  FINAL,
  NORMAL,
  /** Waits for the end of its time: a last stage that must not come. */
  PENDING,
  /** Reached by an event that must not come: the match is given up. */
  STOP,
}

export enum TransitionAction {
  /** The event is taken into the match. */
  TAKE,
  /** It is passed over. */
  IGNORE,
  /** The target is asked with the same event. */
  PROCEED,
}

export class StateTransition<T extends RowView> {
  constructor(
    readonly action: TransitionAction,
    readonly source: NfaState<T>,
    readonly target: NfaState<T>,
    public condition: Condition<T>,
  ) {}
}

export class NfaState<T extends RowView> {
  readonly transitions: StateTransition<T>[] = [];
  /** Largest time from the event before, ms; 0: none. */
  window: i64 = 0;

  constructor(
    /** Its place among the automaton's states: what computation states name it by. */
    readonly index: i32,
    /** Unique; the name of its stage, or that and a number. */
    readonly name: string,
    /** Index of its stage; -1 of the final state. */
    readonly stage: i32,
    public type: StateType,
  ) {}

  add(action: TransitionAction, target: NfaState<T>, condition: Condition<T>): void {
    this.transitions.push(new StateTransition<T>(action, this, target, condition));
  }

  take(target: NfaState<T>, condition: Condition<T>): void {
    this.add(TransitionAction.TAKE, target, condition);
  }

  ignore(target: NfaState<T>, condition: Condition<T>): void {
    this.add(TransitionAction.IGNORE, target, condition);
  }

  proceed(target: NfaState<T>, condition: Condition<T>): void {
    this.add(TransitionAction.PROCEED, target, condition);
  }

  /** Adds to another state all edges of this one; an edge to itself leads to that one. */
  copyTransition(edge: StateTransition<T>, copy: NfaState<T>): void {
    copy.add(edge.action, edge.target == this ? copy : edge.target, edge.condition);
  }

  /** Puts a condition in front of all its edges. */
  restrict(condition: Condition<T>): void {
    for (let i = 0; i < this.transitions.length; i++) {
      const edge = this.transitions[i];
      edge.condition = new AndCondition<T>(edge.condition, condition);
    }
  }
}
