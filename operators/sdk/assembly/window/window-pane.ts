/** One live window and the contents of its keys, and the format in which they are snapshotted. */
import { KeyTable } from "../key-table";

/** Bit of an entry's flags: a timer waits at the window's last millisecond. */
export const FLAG_TIMER: u32 = 1;
/** The key group of the entry's key lies above the flags. */
export const KEY_GROUP_SHIFT: u32 = 8;

/** A window [start, end) with its keys. */
export class Pane {
  fired: bool = false;
  /** Entries came from a snapshot: some may have no timer. */
  restored: bool = false;

  constructor(
    public start: i64,
    public end: i64,
    public table: KeyTable,
  ) {}

  /** Last timestamp that belongs to the window (Flink: TimeWindow.maxTimestamp). */
  get maxTimestamp(): i64 {
    return this.end - 1;
  }
}

/** A record of a snapshot: 24 bytes, then the key, then the value, each padded to 8. */
export const RECORD_KIND: usize = 0; // u32: RECORD_WINDOW, ...
export const RECORD_FLAGS: usize = 4; // u32: flags of the entry
export const RECORD_START: usize = 8; // i64: start of the window
export const RECORD_KEY_BYTES: usize = 16; // u32
export const RECORD_VALUE_BYTES: usize = 20; // u32
export const RECORD_BYTES: usize = 24;

/** Kinds of records: contents of a key's window, state of a key over all windows, a timer. */
export const RECORD_WINDOW: u32 = 0;
export const RECORD_KEY_STATE: u32 = 1;
export const RECORD_TIMER: u32 = 2;
/** Up to where the windows of a key group have fired. */
export const RECORD_HORIZON: u32 = 3;
