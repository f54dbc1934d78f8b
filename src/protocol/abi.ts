/**
 * Operator ABI, version 2: what host and module call of each other. docs/operator-abi.md is the
 * text; test/protocol/abi.test.ts fails when this file changes without a new ABI_VERSION.
 *
 * Output is pulled: a call returns a status and the host takes finished blocks with `mr_take`, so
 * no host function runs inside a call and nothing re-enters a module.
 */

/** What a resumable call answers. A call that is not DONE is made again with the same arguments. */
export const STATUS = {
  /** Finished; partial output blocks may wait for mr_flush. */
  done: 0,
  /** At least one output block is full: take all blocks, then call again. */
  outputFull: 1,
  /** The budget is used up: call again. */
  sliceOver: 2,
  /** State is wanted: RESULT.pointer/length is the key list; supply it, then call again. */
  stateWanted: 3,
  /** Row RESULT.row failed with a message; call again to go on behind it. */
  rowFailed: 4,
  /**
   * mr_source_poll: the source has come to its end. mr_source_bytes: the split at hand has been
   * read (it may need no more of its bytes); another may be assigned.
   */
  finished: 5,
  /** RESULT.pointer/length is a chunk of bytes (snapshot, committable): read it, then call again. */
  chunk: 6,
  /** RESULT.pointer/length is a request for the outside; call again. */
  request: 7,
  /** The call itself failed (bad configuration, budget passed): the instance is not usable. */
  failed: 8,
  /**
   * The call cannot go on before the answer to a request or a processing-time timer: make mr_complete
   * and mr_timers on this instance, then call again.
   */
  waiting: 9,
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

/** The result record at mr_result(), 64 bytes, valid until the next call. */
export const RESULT = {
  status: 0, // u32 STATUS
  row: 4, // u32 row of the batch that failed
  code: 8, // u32 error number of the module, see ROW_ERROR
  pointer: 12, // u32
  length: 16, // u32 bytes
  keyGroup: 20, // i32, -1: operator state
  requestId: 24, // u64
  rowsIn: 32, // u64 rows consumed since open
  rowsOut: 40, // u64 rows emitted since open
  rowsFailed: 48, // u64 rows refused or late since open (source parse errors)
  stateBytes: 56, // u64 bytes held in state
} as const;
export const RESULT_BYTES = 64;

/** What a call was at when it failed and was undone: RESULT.code after mr_undone. RESULT.requestId is the time of a timer, window or event. */
export const UNIT = {
  /** Row RESULT.row of the batch. */
  row: 0,
  /** A timer; RESULT.pointer is a block of one row, its key. */
  eventTimer: 1,
  processingTimer: 2,
  /** The window of a key that fired, at the time of its timer; RESULT.pointer as above. */
  window: 3,
  /** An event that waited in state for its time; RESULT.pointer as above. */
  waiting: 4,
  /**
   * A row that the operator kept, as one that waits for an answer; also RESULT.code of a ROW_FAILED without a row. RESULT.keyGroup is the address of
   * its block of one row, RESULT.requestId its number in the input, from 1; 0: it came with a snapshot.
   */
  keptRow: 5,
} as const;

type WasmType = "i32" | "i64";
interface Signature {
  readonly parameters: readonly WasmType[];
  readonly result: WasmType | "none";
}
const f = (parameters: readonly WasmType[], result: WasmType | "none"): Signature => ({
  parameters,
  result,
});

/**
 * Functions a module exports. `inst` is the number mr_open gave; `budget` is the number of rows
 * (read plus written) after which a call returns SLICE_OVER: at least one row is always done. The
 * host derives it from the measured cost of a row so that a slice lasts TIME_SLICE_MS.
 */
export const EXPORTS = {
  mr_abi: f([], "i32"), // () -> ABI_VERSION
  mr_result: f([], "i32"), // () -> address of RESULT
  mr_alloc: f(["i32"], "i32"), // (bytes) -> 8-aligned address, host-owned until mr_free
  mr_free: f(["i32"], "none"), // (address)
  mr_open: f(["i32", "i32", "i32"], "i32"), // (operator, configPtr, configLen) -> inst, or -1
  mr_process: f(["i32", "i32", "i32", "i32"], "i32"), // (inst, input, batch, budget)
  mr_watermark: f(["i32", "i64", "i32"], "i32"), // (inst, timestamp, budget)
  mr_idle: f(["i32", "i32"], "i32"), // (inst, 1 idle | 0 active): of all inputs together
  mr_end_input: f(["i32", "i32", "i32"], "i32"), // (inst, input, budget)
  mr_next_timer: f(["i32", "i32"], "i64"), // (inst, 0 event | 1 processing) -> ms, MAX: none
  mr_timers: f(["i32", "i32", "i64", "i32"], "i32"), // (inst, domain, now, budget)
  mr_source_assign: f(["i32", "i32", "i32"], "i32"), // (inst, splitPtr, splitLen)
  mr_source_bytes: f(["i32", "i32", "i32", "i32", "i32"], "i32"), // (inst, ptr, len, last, budget)
  mr_source_poll: f(["i32", "i32"], "i32"), // (inst, budget) -> DONE: nothing now
  mr_complete: f(["i32", "i64", "i32", "i32", "i32"], "i32"), // (inst, request, ptr, len, budget)
  mr_state_supply: f(["i32", "i32", "i32"], "i32"), // (inst, ptr, len)
  mr_prepare_commit: f(["i32", "i64", "i32"], "i32"), // (inst, checkpoint, budget) -> CHUNKs
  mr_snapshot: f(["i32", "i64", "i64", "i32"], "i32"), // (inst, checkpoint, since|-1 full, budget)
  mr_restore: f(["i32", "i32", "i32", "i32", "i32"], "i32"), // (inst, keyGroup, ptr, len, budget)
  mr_flush: f(["i32", "i32"], "none"), // (inst, output): seals a partial block
  mr_take: f(["i32", "i32"], "i32"), // (inst, output) -> block, 0: none; valid until next take
  mr_metrics: f(["i32"], "i32"), // (inst) -> {u32 length, JSON}, 0: none; valid until the next call
  mr_close: f(["i32"], "none"), // (inst)
} as const;
export type ExportName = keyof typeof EXPORTS;

/** Functions a module may import; anything else is refused at upload. */
export const IMPORTS = {
  "env.abort": f(["i32", "i32", "i32", "i32"], "none"), // (message, file, line, column), UTF-16
  "millrace.log": f(["i32", "i32", "i32"], "none"), // (level 0 debug..3 error, ptr, len) UTF-8
  "millrace.state_read": f(["i32", "i32", "i32"], "i32"), // (inst, keyPtr, keyLen) -> 0: absent
  "millrace.state_write": f(["i32", "i32", "i32", "i32", "i32"], "none"), // eviction
  "millrace.processing_time": f([], "i64"), // host clock; virtual in tests and simulation
  "millrace.input_activity_time": f([], "i64"), // the same without the time the task was held up
} as const;

/**
 * Optional export, () -> (): sets a module's globals up. The host calls it once, before anything
 * else; a start function, which would run at instantiation, is refused.
 */
export const INITIALIZE_EXPORT = "_initialize";

/**
 * Optional, together: a module whose rows can be undone exports the mutable i32 global `mr_undo`, 1 from the beginning of a row (a timer,
 * ...) on and 0 when none is in progress, and this function.
 */
export const UNDO_EXPORTS = {
  mr_undone: f(["i32"], "i32"), // (inst) -> ROW_FAILED: what was undone is in RESULT; else FAILED
} as const;
export const UNDO_GLOBAL = "mr_undo";
/** Optional i32 global that keeps its value when a row is undone. */
export const UNDO_NOTE_GLOBAL = "mr_undo_note";

/** Name of the custom section that holds the JSON self-description. */
export const MANIFEST_SECTION = "millrace";
/** Name of the custom section that holds the sources (a zip archive). */
export const SOURCES_SECTION = "millrace.sources";
/** Name of the custom section that holds the source map (zip archive of one file). */
export const SOURCE_MAP_SECTION = "millrace.sourcemap";
