/**
 * Records of keyed state in a snapshot, version 1. A chunk holds records of one key group, as
 * snapshot-chunk.ts lays them out: kind, number (which state, or time domain), an int64, a key, a value. It begins
 * with one RECORD_STATE for each state, which gives its number a name, a type and the version of
 * the format. Kinds 0 and 1 are those of windows (window-pane.ts).
 */

/** A state: number, name as key, value = type. The int64: bit 0 values begin with a time of last use. */
export const RECORD_STATE: u32 = 16;
/** What a state has for a key. */
export const RECORD_VALUE: u32 = 17;
/** An entry of a map state: value = u32 bytes of the map's key, that key padded to 8 bytes, the map's value. */
export const RECORD_MAP_ENTRY: u32 = 18;
/** A timer of a key: number = domain, and HELD_TIMER if the key's entry held it; the int64 = time. */
export const RECORD_TIMER: u32 = 19;
/** Such a timer is replaced with the key's values by a delta. */
export const HELD_TIMER: u32 = 2;
/** Of a delta: what the key had of states other than maps, and the timers its entry held, are replaced by what follows. */
export const RECORD_REPLACED: u32 = 20;
/** Of a delta: the key's entry, a map's entry, a timer has gone. */
export const RECORD_KEY_GONE: u32 = 21;
export const RECORD_MAP_ENTRY_GONE: u32 = 22;
export const RECORD_TIMER_GONE: u32 = 23;
/** An element of a list that belongs to no key: value = the element. They may go to different subtasks. */
export const RECORD_ELEMENT: u32 = 24;
