/**
 * The states that a pattern is compiled to, each with a name of its own (Flink:
 * NFAStateNameHandler).
 */
import { RowView } from "../row";
import { NfaState, StateType } from "./nfa-state";

export const FINAL_NAME: string = "$endState$";

export class StateGraph<T extends RowView> {
  readonly states: NfaState<T>[] = [];
  private names: Set<string> = new Set<string>();

  constructor(private stages: string[]) {}

  /** The states and edges, for snapshots: matches of another automaton mean nothing to it. */
  get text(): string {
    let text = "";
    for (let i = 0; i < this.states.length; i++) {
      const state = this.states[i];
      text += (i == 0 ? "" : ", ") + state.name + " " + state.type.toString();
      for (let t = 0; t < state.transitions.length; t++) {
        const edge = state.transitions[t];
        text += " " + "TIP".charAt(edge.action) + edge.target.index.toString();
      }
    }
    return text;
  }

  create(base: string, stage: i32, type: StateType): NfaState<T> {
    let name = base;
    for (let i = 0; this.names.has(name); i++) name = base + ":" + i.toString();
    this.names.add(name);
    const state = new NfaState<T>(this.states.length, name, stage, type);
    this.states.push(state);
    return state;
  }

  /** A state with the same edges. */
  copy(state: NfaState<T>): NfaState<T> {
    const name = state.stage < 0 ? FINAL_NAME : this.stages[state.stage];
    const copy = this.create(name, state.stage, state.type);
    for (let i = 0; i < state.transitions.length; i++)
      state.copyTransition(state.transitions[i], copy);
    return copy;
  }
}
