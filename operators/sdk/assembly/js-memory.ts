/**
 * Memory of one-file functions: values made within a row lie in two arenas that start over with the
 * next row, so nothing is collected. Cells hold records (views, array heads, objects), bytes hold
 * text; they are apart so that the text made last lies at the top, where it can grow in place.
 *
 * What `keepAll` closes off (literals, captured constants) stays for ever.
 */

const CHUNK_BYTES: usize = 64 * 1024;

let cellStart: usize = 0;
let cellFirstEnd: usize = 0;
let cellNext: usize = 0;
let cellEnd: usize = 0;
let byteStart: usize = 0;
let byteFirstEnd: usize = 0;
let byteNext: usize = 0;
let byteEnd: usize = 0;
/** Chunks that this row needed beyond the first: each begins with the address of the one before. */
let spilled: usize = 0;

function spill(size: usize): usize {
  const chunk = heap.alloc(size + 16);
  store<usize>(chunk, spilled);
  spilled = chunk;
  return chunk + 16;
}

/** `size` bytes, 8-aligned, until the end of the row. */
// @ts-ignore: decorator
@inline
export function cells(size: usize): usize {
  const at = cellNext;
  const next = at + ((size + 7) & ~7);
  if (next > cellEnd) return cellsBeyond(size);
  cellNext = next;
  return at;
}

function cellsBeyond(size: usize): usize {
  const bytes = max(CHUNK_BYTES, (size + 7) & ~7);
  const at = spill(bytes);
  cellNext = at + ((size + 7) & ~7);
  cellEnd = at + bytes;
  return at;
}

/** `size` bytes of text until the end of the row; 16 more may be written behind them. */
// @ts-ignore: decorator
@inline
export function textBytes(size: usize): usize {
  const at = byteNext;
  if (at + size + 16 > byteEnd) return textBytesBeyond(size);
  byteNext = at + size;
  return at;
}

function textBytesBeyond(size: usize): usize {
  // Twice of what is wanted: a text that grows in a loop is copied a few times only.
  const bytes = max(CHUNK_BYTES, size * 2 + 16);
  const at = spill(bytes);
  byteNext = at + size;
  byteEnd = at + bytes;
  return at;
}

/** Gives back what textBytes gave last, less `used` bytes. */
// @ts-ignore: decorator
@inline
export function keepTextBytes(at: usize, used: usize): void {
  byteNext = at + used;
}

/** Whether a text that ends at `end` can grow by `size` bytes where it lies. */
// @ts-ignore: decorator
@inline
export function growsInPlace(end: usize, size: usize): bool {
  return end == byteNext && end + size + 16 <= byteEnd;
}

/** Ends the life of what the last row made; called before each row. */
// @ts-ignore: decorator
@inline
export function beginRow(): void {
  cellNext = cellStart;
  byteNext = byteStart;
  if (spilled != 0) dropSpilled();
  failure = 0;
}

function dropSpilled(): void {
  while (spilled != 0) {
    const before = load<usize>(spilled);
    heap.free(spilled);
    spilled = before;
  }
  cellEnd = cellFirstEnd;
  byteEnd = byteFirstEnd;
}

/** What has been made so far stays for ever; called once all constants are made. */
export function keepAll(): void {
  spilled = 0;
  cellNext = cellEnd;
  byteNext = byteEnd;
  cells(8);
  textBytes(8);
  spilled = 0;
  cellStart = cellNext;
  cellFirstEnd = cellEnd;
  byteStart = byteNext;
  byteFirstEnd = byteEnd;
}

/** Address of a managed string that says why the row in progress fails; 0: it does not. */
let failure: usize = 0;

/** Whether the row in progress has failed. */
// @ts-ignore: decorator
@inline
export function failed(): bool {
  return failure != 0;
}

/** Fails the row in progress; the first reason counts. The message is a literal or kept below. */
export function fail(message: string): void {
  if (failure == 0) {
    kept = message;
    failure = changetype<usize>(message);
  }
}

/** Keeps the message from being collected. */
let kept: string = "";

/** Why the row failed. */
export function failureText(): string {
  return kept;
}
