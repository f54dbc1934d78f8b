/** What a module with an undo log has beside its own: apart from what makes it, which a slot does not load. */

/** Exports that run functions of authors, and so have a copy that notes. */
export const NOTING_EXPORTS = [
  "mr_process",
  "mr_watermark",
  "mr_timers",
  "mr_end_input",
  "mr_complete",
] as const;
/** Export that undoes the row: () -> 0 none was in progress, 1 undone, 2 memory has run out. */
export const RESTORE_EXPORT = "undo.restore";
/** Custom section: how far code lies from where it was, for the source map. Pairs of u32: place, shift. */
export const OFFSETS_SECTION = "millrace.offsets";

/** Name of an export's copy. */
export function notingExport(name: string): string {
  return `undo.${name}`;
}

/**
 * Where an instruction of a module with an undo log lay before.
 * @param section contents of the module's OFFSETS_SECTION
 */
export function offsetBefore(section: ArrayBuffer, offset: number): number {
  const view = new DataView(section);
  let shift = 0;
  // Ascending by place.
  let low = 0;
  let high = view.byteLength / 8 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (view.getUint32(middle * 8, true) <= offset) {
      shift = view.getInt32(middle * 8 + 4, true);
      low = middle + 1;
    } else high = middle - 1;
  }
  return offset - shift;
}
