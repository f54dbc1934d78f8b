/**
 * What the task core asks of its operator chain: a synchronous dependency, so that the same core
 * runs over WebAssembly (operator-chain.ts), in production as under the simulator, and over a fake
 * in tests.
 */

import type { UserMetric } from "../../protocol/user-metric.ts";

/** Work for a chain. One at a time: a call goes on over many slices until it is done. */
export type ChainCall =
  /** Rows for an input of the head; the block is copied when the call begins. */
  | { readonly type: "batch"; readonly input: number; readonly block: Uint8Array }
  | { readonly type: "watermark"; readonly timestamp: bigint }
  /** All inputs of the head together turned idle or active; it sends that on in line. */
  | { readonly type: "status"; readonly idle: boolean }
  | { readonly type: "end_input"; readonly input: number }
  /** All inputs of the head have ended: the operators behind it end in their order. */
  | { readonly type: "end_chain" }
  /** Processing-time timers due at `nowMs`, ms since the epoch. */
  | { readonly type: "timers"; readonly nowMs: number }
  /** A split for a source: JSON text the connector and the module agree on. */
  | { readonly type: "source_split"; readonly split: Uint8Array }
  | { readonly type: "source_bytes"; readonly bytes: Uint8Array; readonly last: boolean }
  /** Lets a source make rows: at most about `rows`, or until it says that it has none now. */
  | { readonly type: "source_poll"; readonly rows?: number | undefined }
  /** The answer to a request of the operator at place `operator` of the chain. */
  | {
      readonly type: "completion";
      readonly operator: number;
      readonly request: bigint;
      readonly answer: Uint8Array;
    }
  /** Sends what partly filled blocks hold. */
  | { readonly type: "flush" };

/**
 * - `done`: the call is complete
 * - `more`: the slice is over, run again
 * - `blocked`: an output has no room; run again when it has
 * - `waiting`: an operator waits for answers to its requests: `interject` what has come, or is due
 */
export type ChainProgress = "done" | "more" | "blocked" | "waiting";

/** Where a chain puts what it makes. Bytes are copied before a method returns. */
export interface ChainOutput {
  /** How long the task has been held up so far: processing time in which it could not go on, ms. */
  readonly heldUpMs: number;
  /** Whether a batch can go out now on channel `channel` of edge `edge`. */
  hasRoom(edge: number, channel: number): boolean;
  sendBatch(edge: number, channel: number, block: Uint8Array, rows: number): void;
  sendWatermark(edge: number, channel: number, timestamp: bigint): void;
  sendStatus(edge: number, channel: number, idle: boolean): void;
  sinkHasRoom(operator: number): boolean;
  /** Whole records for the connector of the sink at place `operator` of the chain. */
  writeSink(operator: number, bytes: Uint8Array, records: number): void;
  /** A request of the operator at place `operator`: its answer becomes a `completion` call. */
  sendRequest(operator: number, request: bigint, bytes: Uint8Array): void;
}

/** What an operator has said of time last. */
export interface EmittedTime {
  readonly watermark: bigint;
  readonly idle: boolean;
}

/** Counters since the chain was opened. */
export interface ChainCounters {
  readonly recordsIn: number;
  readonly recordsFailed: number;
  /** Bytes of state of all operators. */
  readonly stateBytes: number;
  /** Time inside modules; 0 where no clock was given. */
  readonly busyMs: number;
}

/** The operators of one task, joined. Any method may throw a MillraceError: the task has failed. */
export interface OperatorChainPort {
  /** Whether a call is under way. */
  readonly busy: boolean;
  /** A source said that it is at its end. */
  readonly finished: boolean;
  /** Watermark and status of the strategy at the source, of those with alignment; undefined: none yet. */
  readonly emitted: EmittedTime | undefined;
  /**
   * Blocks at the end of the chain may be partly filled: `flush` would send something (while a call
   * waits: if it is interjected).
   */
  readonly partialOutput: boolean;
  begin(call: ChainCall): void;
  /** While a call waits: whether the operator at that place can take a completion now. */
  canComplete(operator: number): boolean;
  /**
   * While a call waits: begins another before it goes on. Of `timers` and `flush` only what concerns
   * operators that are not in the midst of a call themselves.
   */
  interject(call: Extract<ChainCall, { type: "completion" | "timers" | "flush" }>): void;
  /** One slice of the call under way. */
  run(output: ChainOutput): ChainProgress;
  /**
   * When the next processing-time timer is due, ms since the epoch; while a call waits, of those that
   * can be interjected.
   */
  nextTimerMs(): number | undefined;
  counters(): ChainCounters;
  /** Counters, gauges and histograms of the operators' own; between any two slices. */
  userMetrics(): UserMetric[];
  close(): void;
}
