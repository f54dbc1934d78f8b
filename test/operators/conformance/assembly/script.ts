/** The script language of the cases: programs read from the operator's parameters at open. */
import { JsonValue } from "millrace/sdk";

export enum Verb {
  EMIT,
  SIDE,
  EVENT_TIMER,
  DELETE_EVENT_TIMER,
  PROC_TIMER,
  DELETE_PROC_TIMER,
  IF,
  GET,
  ADD,
  ADD_ALL,
  UPDATE,
  UPDATE_NULL,
  CLEAR,
  REMOVE,
  GET_KEY,
  CONTAINS,
  IS_EMPTY,
  B_GET,
  B_ENTRIES,
  B_PUT,
  B_REMOVE,
  B_CLEAR,
  APPLY_GET,
  APPLY_CLEAR,
}

const VERBS: string[] = [
  "emit",
  "side",
  "event_timer",
  "delete_event_timer",
  "proc_timer",
  "delete_proc_timer",
  "if",
  "get",
  "add",
  "add_all",
  "update",
  "update_null",
  "clear",
  "remove",
  "get_key",
  "contains",
  "is_empty",
  "b_get",
  "b_entries",
  "b_put",
  "b_remove",
  "b_clear",
  "apply_get",
  "apply_clear",
];

/** One operation: its verb, a name (state, base or what is emitted), numbers, and what an `if` runs. */
export class Operation {
  inner: Operation[] = [];

  constructor(
    readonly verb: Verb,
    readonly word: string,
    readonly name: string,
    readonly a: i64,
    readonly b: i64,
  ) {}
}

/** Reads a program: a list of operations, each `[verb, ...arguments]`. */
export function readProgram(json: JsonValue): Operation[] {
  const program: Operation[] = [];
  for (let i = 0; i < json.items.length; i++) {
    const parts = json.items[i].items;
    const word = parts[0].string("");
    const verb = VERBS.indexOf(word);
    assert(verb >= 0, "unknown operation " + word);
    if (verb == Verb.IF) {
      const operation = new Operation(Verb.IF, word, "", parts[1].long(1), parts[2].long(0));
      operation.inner = readProgram(parts[3]);
      program.push(operation);
    } else {
      const name = parts.length > 1 ? parts[1].string("") : "";
      const n = parts.length > 2 ? parts[2].long(0) : 0;
      program.push(new Operation(<Verb>verb, word, name, n, 0));
    }
  }
  return program;
}

/** Remainder with the sign of the divisor. */
export function floorMod(value: i64, divisor: i64): i64 {
  const remainder = value % divisor;
  return remainder != 0 && remainder < 0 != divisor < 0 ? remainder + divisor : remainder;
}
