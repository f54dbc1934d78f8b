/**
 * What keyed state holds, counted in a snapshot: a module tells its host no numbers of it
 * (operators/sdk/assembly/state/state-record.ts, docs/state-format.md).
 */
import type { StateChunk } from "./operator-subtask.ts";

const RECORD_VALUE = 17;
const RECORD_MAP_ENTRY = 18;
const RECORD_TIMER = 19;
/** Of a timer's number: 0 event time, 1 processing time. */
const DOMAIN_BIT = 1;
/** u32 kind, u32 number, i64, u32 bytes of the key, u32 bytes of the value. */
const RECORD_BYTES = 24;
/** Key group of a chunk of state that belongs to no key. */
const OPERATOR_STATE = -1;

/** Numbers of what keyed state holds. */
export interface KeyedStateCount {
  /** Pairs of a state and a key that has something in it. */
  readonly entries: number;
  readonly eventTimeTimers: number;
  readonly processingTimeTimers: number;
}

/** Counts what chunks of an operator with keyed state hold. */
export function countKeyedState(chunks: readonly StateChunk[]): KeyedStateCount {
  const timers: [number, number] = [0, 0];
  let entries = 0;
  const maps = new Set<string>();
  for (const { keyGroup, bytes } of chunks) {
    if (keyGroup === OPERATOR_STATE) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const kind = view.getUint32(at, true);
      const number = view.getUint32(at + 4, true);
      const keyBytes = view.getUint32(at + 16, true);
      const key = bytes.subarray(at + RECORD_BYTES, at + RECORD_BYTES + keyBytes);
      if (kind === RECORD_VALUE) entries++;
      else if (kind === RECORD_MAP_ENTRY) maps.add(`${number} ${key.join()}`);
      else if (kind === RECORD_TIMER) timers[(number & DOMAIN_BIT) as 0 | 1]++;
      at += RECORD_BYTES + align8(keyBytes) + align8(view.getUint32(at + 20, true));
    }
  }
  return {
    entries: entries + maps.size,
    eventTimeTimers: timers[0],
    processingTimeTimers: timers[1],
  };
}

function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}
