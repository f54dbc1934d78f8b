/**
 * Rows that leave no trace where their function traps. A unit is what is undone as a whole: a row, a timer, the firing of a key's
 * window. Where the operator's policy is not to fail, beginUnit() stands in front of each, when all that a call needs to go on
 * behind the unit lies in fields: a trap ends the call, and the next one goes on there.
 *
 * The log is not kept here. Where it is wanted, the host has rewritten the module so that each write notes what was there before,
 * while `mr_undo` is not 0 (src/protocol/bundle/undo/undo-log.ts); setting it drops what was noted. So a module that undoes nothing
 * pays nothing.
 */

/** What of the host's log is kept: 1 from the beginning of a unit on, 0 when none is in progress. */
export let mr_undo: i32 = 0;

/** How far the unit had come: the one thing that is not undone, so that undone() can tell what failed. */
export let mr_undo_note: i32 = 0;

// @ts-ignore: decorator
@inline
export function noteProgress(place: i32): void {
  mr_undo_note = place;
}

export function notedProgress(): i32 {
  return mr_undo_note;
}

/** What kinds of units there are: RESULT.code after mr_undone. */
export namespace Unit {
  export const ROW: i32 = 0;
  export const EVENT_TIMER: i32 = 1;
  export const PROCESSING_TIMER: i32 = 2;
  /** The function of a window that fires. */
  export const WINDOW: i32 = 3;
  /** An event that waited in state for its time. */
  export const WAITING: i32 = 4;
  /** A row that the operator has kept: an asynchronous one, for its answer. */
  export const KEPT_ROW: i32 = 5;
}

/** All writes from here on are of one unit. */
// @ts-ignore: decorator
@inline
export function beginUnit(): void {
  mr_undo = 1;
}

/** The unit is over: a trap from here on is the engine's, and ends the task. */
// @ts-ignore: decorator
@inline
export function endUnit(): void {
  mr_undo = 0;
}
