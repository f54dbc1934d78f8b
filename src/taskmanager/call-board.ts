/**
 * A few words of memory that a slot's isolate shares with the watchdog: which call into user code
 * is under way. A stuck isolate cannot answer, so it has to have said this before.
 */
import type { Deployment } from "../protocol/deployment.ts";
import type { BoardView } from "./core/watchdog.ts";
import { type LoadedModule, MemoryCount, type OperatorSite } from "./module-instance.ts";
import type { CallObserver } from "./operator-chain.ts";
import { siteNames } from "./operator-node.ts";
import type { SourcePlace } from "./trap-place.ts";

const CALL = 0;
const OPERATOR = 1;
const MEMORIES = 2;
/** Byte offset of a float64: rows the operator had consumed before the call. */
const RECORDS_AT = 16;
const BOARD_BYTES = 24;

/** Memory for a board. */
export function newBoard(): SharedArrayBuffer {
  return new SharedArrayBuffer(BOARD_BYTES);
}

/** Names of a slot's operators; the place in this list is the number on the board. */
export function boardOperators(deployment: Deployment, slot: number): string[] {
  const tasks = deployment.tasks.filter((task) => task.slot === slot);
  return [...new Set(tasks.flatMap(siteNames))];
}

/** Where the author's classes of those operators begin, by their names. */
export function boardSources(
  deployment: Deployment,
  modules: readonly LoadedModule[],
): Map<string, SourcePlace> {
  const sources = new Map<string, SourcePlace>();
  for (const task of deployment.tasks) {
    const names = siteNames(task);
    for (const [place, { bundle, operator }] of task.chain.entries()) {
      const manifest = modules.find(({ hash }) => hash === bundle)?.manifest;
      const source = manifest?.operators.find(({ name }) => name === operator)?.source;
      if (source !== undefined) sources.set(names[place]!, source);
    }
  }
  return sources;
}

/** Reads a board from outside. */
export function readBoard(board: SharedArrayBuffer): BoardView {
  const words = new Int32Array(board);
  const call = Atomics.load(words, CALL);
  const records = new Float64Array(board, RECORDS_AT, 1)[0]!;
  return { call, operator: Atomics.load(words, OPERATOR), records };
}

/** Live memories of an isolate that has ended: they are gone with it. */
export function forgetMemories(board: SharedArrayBuffer, memories: SharedArrayBuffer): void {
  const left = Atomics.exchange(new Int32Array(board), MEMORIES, 0);
  Atomics.sub(new Int32Array(memories), 0, left);
}

/** Writes the board from inside the slot. */
export class CallBoard implements CallObserver {
  readonly #words: Int32Array;
  readonly #records: Float64Array;
  readonly #operators: readonly string[];
  /** Numbers of the sites seen: they live as long as their operators. */
  readonly #numbers = new Map<OperatorSite, number>();
  #calls = 0;

  constructor(board: SharedArrayBuffer, operators: readonly string[]) {
    this.#words = new Int32Array(board);
    this.#records = new Float64Array(board, RECORDS_AT, 1);
    this.#operators = operators;
  }

  enter(operator: OperatorSite): void {
    // 0 means "no call", so the counter leaves it out when it wraps.
    this.#calls = (this.#calls + 1) & 0x7fff_ffff || 1;
    this.#records[0] = operator.records ?? 0;
    let number = this.#numbers.get(operator);
    if (number === undefined) {
      number = this.#operators.indexOf(operator.name);
      this.#numbers.set(operator, number);
    }
    Atomics.store(this.#words, OPERATOR, number);
    Atomics.store(this.#words, CALL, this.#calls);
  }

  leave(): void {
    Atomics.store(this.#words, CALL, 0);
  }
}

/** Counts an isolate's memories on its board too, so that they are known when it is ended by force. */
export class SlotMemoryCount extends MemoryCount {
  readonly #words: Int32Array;

  constructor(memories: SharedArrayBuffer, board: SharedArrayBuffer) {
    super(memories);
    this.#words = new Int32Array(board);
  }

  override acquire(): void {
    // The base class gives back what it refuses, through `release`.
    Atomics.add(this.#words, MEMORIES, 1);
    super.acquire();
  }

  override release(): void {
    super.release();
    Atomics.sub(this.#words, MEMORIES, 1);
  }
}
