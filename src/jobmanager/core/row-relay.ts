/**
 * Rows of a job's collect sinks on their way to one client.
 *
 * Invariant: a subtask of a sink never has more than COLLECT_CREDITS messages granted, under way or
 * queued here, so a client that does not read stops the job instead of filling this process.
 */
import { COLLECT_CREDITS } from "../../protocol/limits.ts";
import type { RowsItem } from "./inputs-and-actions.ts";

type Rows = Extract<RowsItem, { type: "rows" }>;
type End = Extract<RowsItem, { type: "end" }>;

/** Asks the sink subtask that sent `rows` for one more message. */
export interface RowsCredit {
  readonly attempt: number;
  readonly vertex: string;
  readonly subtask: number;
  readonly sink: string;
}

/** What a step of the relay leads to. */
export interface RelayOutcome {
  /** Item for the subscriber. */
  readonly deliver?: { readonly subscriber: string; readonly item: RowsItem };
  readonly credit?: RowsCredit;
}

const NOTHING: RelayOutcome = {};

/** The rows of one job. */
export class RowRelay {
  #queue: (Rows | Extract<RowsItem, { type: "restart" }>)[] = [];
  #end: End | undefined;
  #subscriber: string | undefined;
  /** The subscriber has room for an item and none was there. */
  #waiting = false;
  /** Messages granted to each sink subtask and not yet taken by the client. */
  readonly #granted = new Map<string, number>();

  get subscriber(): string | undefined {
    return this.#subscriber;
  }

  get queued(): number {
    return this.#queue.length;
  }

  subscribe(subscriber: string): void {
    this.#subscriber = subscriber;
    this.#waiting = false;
  }

  unsubscribe(subscriber: string): void {
    if (this.#subscriber !== subscriber) return;
    this.#subscriber = undefined;
    this.#waiting = false;
  }

  /** A collect subtask runs: it may send this many messages. */
  open(vertex: string, subtask: number, sink: string): number {
    const key = keyOf({ vertex, subtask, sink });
    if (this.#granted.has(key)) return 0;
    this.#granted.set(key, COLLECT_CREDITS);
    return COLLECT_CREDITS;
  }

  /** Rows of the current attempt arrived; undefined: they came without a credit. */
  push(rows: Rows): RelayOutcome | undefined {
    const key = keyOf(rows);
    const granted = this.#granted.get(key);
    const held = this.#queue.filter((item) => item.type === "rows" && keyOf(item) === key);
    if (granted === undefined || held.length >= granted) return undefined;
    this.#queue.push(rows);
    return this.#waiting ? this.#deliver() : NOTHING;
  }

  /** A new attempt begins: rows of the old one are void. */
  restart(attempt: number): RelayOutcome {
    this.#queue = [{ type: "restart", attempt }];
    this.#granted.clear();
    return this.#waiting ? this.#deliver() : NOTHING;
  }

  /** The job is over; what is queued is still handed out. */
  end(end: End): RelayOutcome {
    this.#end = end;
    return this.#waiting ? this.#deliver() : NOTHING;
  }

  take(subscriber: string): RelayOutcome {
    if (this.#subscriber !== subscriber) return NOTHING;
    return this.#deliver();
  }

  #deliver(): RelayOutcome {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return NOTHING;
    const item = this.#queue.shift() ?? this.#end;
    this.#waiting = item === undefined;
    if (item === undefined) return NOTHING;
    if (item.type !== "rows") return { deliver: { subscriber, item } };
    const { attempt, vertex, subtask, sink } = item;
    return { deliver: { subscriber, item }, credit: { attempt, vertex, subtask, sink } };
  }
}

function keyOf({ vertex, subtask, sink }: Omit<RowsCredit, "attempt">): string {
  return `${subtask}/${vertex}/${sink}`;
}
