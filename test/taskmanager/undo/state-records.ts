/** The records of state in snapshots as text (docs/state-format.md). */

/** A part of a snapshot. */
export interface Chunk {
  readonly keyGroup: number;
  readonly bytes: Uint8Array;
}

const KEY_STATE = 1;

/**
 * The records of a chunk, in their order. A window's function that is called and does nothing leaves a global state of zeros; one
 * that is undone, none.
 */
export function recordTexts({ keyGroup, bytes }: Chunk): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: string[] = [];
  const padded = (length: number) => (length + 7) & ~7;
  for (let at = 0; at < bytes.length; ) {
    const kind = view.getUint32(at, true);
    const value = at + 24 + padded(view.getUint32(at + 16, true));
    const end = value + padded(view.getUint32(at + 20, true));
    const isVoid = kind === KEY_STATE && bytes.subarray(value, end).every((byte) => byte === 0);
    if (!isVoid)
      records.push(`${keyGroup} ${Buffer.from(bytes.subarray(at, end)).toString("hex")}`);
    at = end;
  }
  return records;
}
