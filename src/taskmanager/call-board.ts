/**
 * A few words of memory that a slot's isolate shares with the watchdog: which call into user code
 * is under way. A stuck isolate cannot answer, so it has to have said this before.
 */
import type { Deployment } from "../protocol/deployment.ts";
import type { BoardView } from "./core/watchdog.ts";
import { MemoryCount, type OperatorSite } from "./module-instance.ts";
import type { CallObserver } from "./operator-chain.ts";

const CALL = 0;
const OPERATOR = 1;
const MEMORIES = 2;
const WORDS = 3;

/** Memory for a board. */
export function newBoard(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
}

/** Names of a slot's operators; the place in this list is the number on the board. */
export function boardOperators(deployment: Deployment, slot: number): string[] {
  const tasks = deployment.tasks.filter((task) => task.slot === slot);
  return [...new Set(tasks.flatMap((task) => task.chain.map((operator) => operator.name)))];
}

/** Reads a board from outside. */
export function readBoard(board: SharedArrayBuffer): BoardView {
  const words = new Int32Array(board);
  return { call: Atomics.load(words, CALL), operator: Atomics.load(words, OPERATOR) };
}

/** Live memories of an isolate that has ended: they are gone with it. */
export function forgetMemories(board: SharedArrayBuffer, memories: SharedArrayBuffer): void {
  const left = Atomics.exchange(new Int32Array(board), MEMORIES, 0);
  Atomics.sub(new Int32Array(memories), 0, left);
}

/** Writes the board from inside the slot. */
export class CallBoard implements CallObserver {
  readonly #words: Int32Array;
  readonly #operators: readonly string[];
  #calls = 0;

  constructor(board: SharedArrayBuffer, operators: readonly string[]) {
    this.#words = new Int32Array(board);
    this.#operators = operators;
  }

  enter(operator: OperatorSite): void {
    // 0 means "no call", so the counter leaves it out when it wraps.
    this.#calls = (this.#calls + 1) & 0x7fff_ffff || 1;
    Atomics.store(this.#words, OPERATOR, this.#operators.indexOf(operator.name));
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
