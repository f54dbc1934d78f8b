/**
 * Text: a view on UTF-8 bytes. It never owns them and is valid until the end of the row in which
 * it was made, so a record costs no allocation; `toString()` makes a copy that lives on.
 *
 * Views are 8 bytes each in a scratch area that starts over at every row.
 */

import { parseFloat64, parsedFloat } from "./float-parser";

/** Scratch views: two u32 each. */
const FIRST_CHUNK_VIEWS: usize = 8192;
let scratch: usize = heap.alloc(FIRST_CHUNK_VIEWS << 3);
let scratchEnd: usize = scratch + (FIRST_CHUNK_VIEWS << 3);
let scratchNext: usize = scratch;
/** Chunks that a single row needed beyond the first; freed at the next row. */
let spilled: usize[] = [];
const firstScratch: usize = scratch;

/** Ends the life of all views of the row; the drivers call it before each row. */
// @ts-ignore: decorator
@inline
export function resetTextScratch(): void {
  scratchNext = scratch;
  bytesNext = firstBytes;
  if (spilled.length > 0) dropSpilled();
}

/** Bytes of texts made within the row (lower case and the like); starts over at every row. */
const FIRST_SCRATCH_BYTES: usize = 64 * 1024;
const firstBytes: usize = heap.alloc(FIRST_SCRATCH_BYTES);
let bytesNext: usize = firstBytes;
let bytesEnd: usize = firstBytes + FIRST_SCRATCH_BYTES;

/** `length` bytes that live until the end of the row; up to 15 more may be written behind them. */
export function scratchBytes(length: usize): usize {
  if (bytesNext + length + 16 > bytesEnd) {
    const size = max(length + 16, FIRST_SCRATCH_BYTES);
    bytesNext = heap.alloc(size);
    bytesEnd = bytesNext + size;
    spilled.push(bytesNext);
  }
  const at = bytesNext;
  bytesNext += length;
  return at;
}

function dropSpilled(): void {
  for (let i = 0; i < spilled.length; i++) heap.free(spilled[i]);
  spilled = [];
  bytesNext = firstBytes;
  bytesEnd = firstBytes + FIRST_SCRATCH_BYTES;
  scratch = firstScratch;
  scratchEnd = scratch + (FIRST_CHUNK_VIEWS << 3);
  scratchNext = scratch;
}

function spill(): void {
  scratch = heap.alloc(FIRST_CHUNK_VIEWS << 3);
  spilled.push(scratch);
  scratchEnd = scratch + (FIRST_CHUNK_VIEWS << 3);
  scratchNext = scratch;
}

/** Makes a view on bytes that somebody else keeps alive. */
// @ts-ignore: decorator
@inline
export function textAt(start: usize, length: i32): Text {
  if (scratchNext == scratchEnd) spill();
  const view = changetype<Text>(scratchNext);
  scratchNext += 8;
  view.start = start;
  view.length = length;
  return view;
}

/** Room for `views` scratch views of 8 bytes that lie side by side. */
export function scratchViews(views: usize): usize {
  if (scratchNext + (views << 3) > scratchEnd) spill();
  const at = scratchNext;
  scratchNext += views << 3;
  return at;
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** ASCII A-Z or a-z. The casts keep the subtraction in 8 bits. */
// @ts-ignore: decorator
@inline
function isLetter(byte: u8): bool {
  return <u8>((byte | 0x20) - 0x61) < <u8>26;
}

// @ts-ignore: decorator
@inline
function lowerByte(byte: u8): u8 {
  return <u8>(byte - 0x41) < <u8>26 ? byte | 0x20 : byte;
}

/**
 * UTF-8 text of a column, a parameter or a slice of either: a view on its bytes, which costs no allocation. One
 * that was read is valid until the row ends; toString() makes what may be kept. Positions and lengths count
 * bytes.
 *
 *     const name = word.trim().toLowerAscii();
 *     if (name.startsWith(Text.from("roof-")) && name.endsWith(Text.from("°"))) {
 *       const number = name.slice(5, name.indexOf(Text.from("°")));
 *       if (number.isInt()) this.seed = <i32>number.parseInt();
 *     }
 *     const unit = Text.of("°"); // of a literal, for ever: in a field of the operator
 *     if (name.equals(unit) || name.compare(unit) > 0 || name.contains(unit)) this.seed = name.hash();
 *     if (!name.isEmpty() && name.byteAt(0) == 0x2d) throw new Error("negative: " + name.toString());
 *     this.recent.add(word.toUpperAscii().parseFloat(0));
 */
@unmanaged
export class Text {
  /** Address of the first byte. */
  start: usize;
  /** Length in bytes, not in characters. */
  length: i32;

  /** A text that stays for ever, of a literal: make it once, in a field of the operator. */
  static of(value: string): Text {
    const bytes = String.UTF8.byteLength(value);
    const kept = heap.alloc(8 + <usize>bytes);
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, kept + 8);
    const view = changetype<Text>(kept);
    view.start = kept + 8;
    view.length = bytes;
    return view;
  }

  /** A copy of a string in UTF-8 that lives until the end of the row, as all texts do. */
  static from(value: string): Text {
    const bytes = String.UTF8.byteLength(value);
    const at = scratchBytes(bytes);
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at);
    return textAt(at, bytes);
  }

  /** Byte at `index`, 0 <= index < length; unchecked. */
  // @ts-ignore: decorator
  @inline
  byteAt(index: i32): u8 {
    return load<u8>(this.start + <usize>index);
  }

  /** The bytes [from, to); both are clamped to the text. */
  // @ts-ignore: decorator
  @inline
  slice(from: i32, to: i32 = i32.MAX_VALUE): Text {
    const end = min(max(to, 0), this.length);
    const begin = min(max(from, 0), end);
    return textAt(this.start + <usize>begin, end - begin);
  }

  /** Whether it has no bytes. */
  // @ts-ignore: decorator
  @inline
  isEmpty(): bool {
    return this.length == 0;
  }

  /** Same bytes. */
  equals(other: Text): bool {
    return this.length == other.length && memory.compare(this.start, other.start, this.length) == 0;
  }

  /** Order of the bytes, which is the order of the code points: negative, 0 or positive. */
  compare(other: Text): i32 {
    const order = memory.compare(this.start, other.start, min(this.length, other.length));
    return order != 0 ? order : this.length - other.length;
  }

  /** Java's String.hashCode of the same text: over UTF-16 units, as Flink hashes a key. */
  hash(): i32 {
    return javaHash(this.start, this.start + <usize>this.length);
  }

  /** Byte position of `other` at or behind `from`, or -1. */
  indexOf(other: Text, from: i32 = 0): i32 {
    const last = this.length - other.length;
    if (other.length == 0) return from <= this.length ? max(from, 0) : -1;
    const first = load<u8>(other.start);
    for (let i = max(from, 0); i <= last; i++) {
      const at = this.start + <usize>i;
      if (load<u8>(at) == first && memory.compare(at, other.start, other.length) == 0) return i;
    }
    return -1;
  }

  /** Whether `other` stands somewhere in it; always true of an empty one. */
  contains(other: Text): bool {
    return this.indexOf(other) >= 0;
  }

  /** Whether it begins with the bytes of `other`. */
  startsWith(other: Text): bool {
    return (
      this.length >= other.length && memory.compare(this.start, other.start, other.length) == 0
    );
  }

  /** Whether it ends with the bytes of `other`. */
  endsWith(other: Text): bool {
    const from = this.length - other.length;
    return from >= 0 && memory.compare(this.start + <usize>from, other.start, other.length) == 0;
  }

  /** Without ASCII white space at both ends. */
  trim(): Text {
    let from = this.start;
    let to = this.start + <usize>this.length;
    while (from < to && isSpace(load<u8>(from))) from++;
    while (to > from && isSpace(load<u8>(to - 1))) to--;
    return textAt(from, <i32>(to - from));
  }

  /** With A-Z as a-z; other bytes as they are. A new text of this row. */
  toLowerAscii(): Text {
    const target = scratchBytes(this.length);
    copyLowerAscii(target, this.start, this.length);
    return textAt(target, this.length);
  }

  /** With a-z as A-Z; other bytes as they are. A new text of this row. */
  toUpperAscii(): Text {
    const target = scratchBytes(this.length);
    copyUpperAscii(target, this.start, this.length);
    return textAt(target, this.length);
  }

  /** The parts between occurrences of one ASCII character, empty ones included. */
  split(separator: u8): TextParts {
    return TextParts.of(this, separator);
  }

  /** Maximal runs of ASCII letters A-Z and a-z. */
  words(): TextWords {
    return TextWords.of(this);
  }

  /** Whether it is a decimal integer that fits 64 bits, with an optional sign. */
  isInt(): bool {
    return parseInt64(this.start, this.start + <usize>this.length);
  }

  /** Its value if isInt(), else `otherwise`. */
  parseInt(otherwise: i64 = 0): i64 {
    return parseInt64(this.start, this.start + <usize>this.length) ? parsedInt64 : otherwise;
  }

  /** Its value as a double, correctly rounded, if all of it is a decimal number; else `otherwise`. */
  parseFloat(otherwise: f64 = NaN): f64 {
    return parseFloat64(this.start, this.start + <usize>this.length) ? parsedFloat : otherwise;
  }

  /** A managed copy that may outlive the row; collected when nothing refers to it any more. */
  toString(): string {
    return String.UTF8.decodeUnsafe(this.start, this.length);
  }
}

/** Writes ASCII-lower-cased bytes; other bytes are copied as they are. */
export function copyLowerAscii(target: usize, source: usize, length: usize): void {
  let i: usize = 0;
  for (; i + 16 <= length; i += 16) {
    const bytes = v128.load(source + i);
    const upper = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x41)), i8x16.splat(26));
    v128.store(target + i, v128.or(bytes, v128.and(upper, i8x16.splat(0x20))));
  }
  for (; i < length; i++) store<u8>(target + i, lowerByte(load<u8>(source + i)));
}

/** Writes ASCII-upper-cased bytes; other bytes are copied as they are. */
export function copyUpperAscii(target: usize, source: usize, length: usize): void {
  for (let i: usize = 0; i < length; i++) {
    const byte = load<u8>(source + i);
    store<u8>(target + i, <u8>(byte - 0x61) < <u8>26 ? byte & 0xdf : byte);
  }
}

/**
 * Walk through the parts of Text.split(). Valid until the row ends.
 *
 *     const parts = word.split(0x3b); // a semicolon
 *     while (parts.next()) this.recent.add(parts.value.parseFloat());
 */
@unmanaged
export class TextParts {
  private at: usize;
  private end: usize;
  private separator: u32;
  private over: u32;
  /** The present part: one view, which `next()` moves; `value.slice(0)` stays. */
  value: Text;

  /** @internal Made by Text.split. */
  static of(text: Text, separator: u8): TextParts {
    const parts = changetype<TextParts>(scratchViews(3));
    parts.value = textAt(text.start, 0);
    parts.at = text.start;
    parts.end = text.start + <usize>text.length;
    parts.separator = separator;
    parts.over = 0;
    return parts;
  }

  /** Moves to the next part; false behind the last one. */
  next(): bool {
    if (this.over) return false;
    const from = this.at;
    let to = from;
    while (to < this.end && load<u8>(to) != <u8>this.separator) to++;
    this.value.start = from;
    this.value.length = <i32>(to - from);
    if (to == this.end) this.over = 1;
    this.at = to + 1;
    return true;
  }
}

/**
 * Walk through the words of Text.words(). Valid until the row ends.
 *
 *     const words = word.words();
 *     while (words.next()) this.counts.put(words.value, this.counts.get(words.value) + 1);
 */
@unmanaged
export class TextWords {
  private at: usize;
  private end: usize;
  /** The present word: one view, which `next()` moves; `value.slice(0)` stays. */
  value: Text;

  /** @internal Made by Text.words. */
  static of(text: Text): TextWords {
    const words = changetype<TextWords>(scratchViews(2));
    words.value = textAt(text.start, 0);
    words.at = text.start;
    words.end = text.start + <usize>text.length;
    return words;
  }

  /** Moves to the next word; false behind the last one. */
  next(): bool {
    let from = this.at;
    const end = this.end;
    while (from < end && !isLetter(load<u8>(from))) from++;
    if (from == end) return false;
    let to = from + 1;
    while (to < end && isLetter(load<u8>(to))) to++;
    this.value.start = from;
    this.value.length = <i32>(to - from);
    this.at = to;
    return true;
  }
}

/** Java's String.hashCode over the UTF-16 units of UTF-8 bytes [start, end). */
export function javaHash(start: usize, end: usize): i32 {
  let hash: i32 = 0;
  let at = start;
  while (at < end) {
    const byte = <i32>load<u8>(at);
    if (byte < 0x80) {
      hash = hash * 31 + byte;
      at++;
    } else if (byte < 0xe0) {
      hash = hash * 31 + (((byte & 0x1f) << 6) | (<i32>load<u8>(at + 1) & 0x3f));
      at += 2;
    } else if (byte < 0xf0) {
      const unit =
        ((byte & 0x0f) << 12) |
        ((<i32>load<u8>(at + 1) & 0x3f) << 6) |
        (<i32>load<u8>(at + 2) & 0x3f);
      hash = hash * 31 + unit;
      at += 3;
    } else {
      const point =
        ((byte & 0x07) << 18) |
        ((<i32>load<u8>(at + 1) & 0x3f) << 12) |
        ((<i32>load<u8>(at + 2) & 0x3f) << 6) |
        (<i32>load<u8>(at + 3) & 0x3f);
      const rest = point - 0x10000;
      hash = hash * 31 + (0xd800 | (rest >> 10));
      hash = hash * 31 + (0xdc00 | (rest & 0x3ff));
      at += 4;
    }
  }
  return hash;
}

let parsedInt64: i64 = 0;

/** Parses [start, end) as a signed decimal; true and the value in parsedInt64 if it fits. */
function parseInt64(start: usize, end: usize): bool {
  let at = start;
  let negative = false;
  if (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x2b)) negative = load<u8>(at++) == 0x2d;
  if (at == end) return false;
  let value: u64 = 0;
  const limit: u64 = negative ? 0x8000000000000000 : 0x7fffffffffffffff;
  for (; at < end; at++) {
    const digit = <u64>load<u8>(at) - 0x30;
    if (digit > 9) return false;
    if (value > (limit - digit) / 10) return false;
    value = value * 10 + digit;
  }
  parsedInt64 = negative ? <i64>(0 - value) : <i64>value;
  return true;
}
