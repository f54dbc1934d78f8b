/**
 * Reads one JSON text (RFC 8259) in one pass: checks all of its grammar and notes where the values
 * of the wanted paths lie. Nothing is allocated per text; values are read from their place later.
 */
import { PathNode, addPath } from "./json-path";
import { isUtf8, writeCodePoint } from "./utf8";

/** Nesting of arrays and objects. */
export const JSON_MAX_DEPTH: i32 = 512;

/** What a wanted path holds. */
export namespace JsonKind {
  export const MISSING: u8 = 0;
  export const NULL: u8 = 1;
  export const TRUE: u8 = 2;
  export const FALSE: u8 = 3;
  export const NUMBER: u8 = 4;
  /** Range without the quotes. */
  export const STRING: u8 = 5;
  /** Has escapes: read it with unescape. */
  export const ESCAPED: u8 = 6;
  /** Range with the brackets. */
  export const OBJECT: u8 = 7;
  export const ARRAY: u8 = 8;
}

/** Where a value lies: u32 start, u32 end, u8 kind. */
const SLOT_BYTES: usize = 12;

export class JsonReader {
  /** Reason and place of the last failure. */
  error: string = "";
  errorAt: usize = 0;
  private root: PathNode = new PathNode();
  private slots: usize = 0;
  private slotCount: i32 = 0;
  private end: usize = 0;
  private depth: i32 = 0;
  private keyScratch: usize = 0;
  private keyScratchBytes: i32 = 0;

  /**
   * Adds a wanted path such as `a.b[0].c` or `a['x.y']`, `$` being the whole; answers its slot, or
   * -1 where the path is malformed.
   */
  want(path: string): i32 {
    if (path == "$") return this.addSlot(this.root);
    const node = addPath(this.root, path.startsWith("$.") ? path.substring(2) : path);
    return node === null ? -1 : this.addSlot(node);
  }

  /** Adds a member of the outermost object by its plain name, whatever characters it has. */
  wantMember(name: string): i32 {
    return this.addSlot(this.root.member(name));
  }

  private addSlot(node: PathNode): i32 {
    const slot = this.slotCount++;
    node.slots.push(slot);
    if (this.slots != 0) heap.free(this.slots);
    this.slots = heap.alloc(<usize>this.slotCount * SLOT_BYTES);
    return slot;
  }

  kind(slot: i32): u8 {
    return load<u8>(this.slots + <usize>slot * SLOT_BYTES, 8);
  }

  start(slot: i32): usize {
    return load<u32>(this.slots + <usize>slot * SLOT_BYTES);
  }

  finish(slot: i32): usize {
    return load<u32>(this.slots + <usize>slot * SLOT_BYTES, 4);
  }

  /** Reads [start, end): false, error and errorAt where it is not one JSON text in UTF-8. */
  read(start: usize, end: usize): bool {
    memory.fill(this.slots, 0, <usize>this.slotCount * SLOT_BYTES);
    this.end = end;
    this.depth = 0;
    const after = this.value(this.space(start), this.root);
    if (after == 0) return false;
    const rest = this.space(after);
    if (rest != end) return this.fail(rest, "text behind the value") != 0;
    return true;
  }

  private fail(at: usize, reason: string): usize {
    this.error = reason;
    this.errorAt = at;
    return 0;
  }

  // @ts-ignore: decorator
  @inline
  private space(start: usize): usize {
    let at = start;
    while (at < this.end) {
      const byte = load<u8>(at);
      if (byte > 0x20 || (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09)) break;
      at++;
    }
    return at;
  }

  private note(node: PathNode, start: usize, end: usize, kind: u8): void {
    for (let i = 0; i < node.slots.length; i++) {
      const slot = this.slots + <usize>unchecked(node.slots[i]) * SLOT_BYTES;
      store<u32>(slot, <u32>start);
      store<u32>(slot, <u32>end, 4);
      store<u8>(slot, kind, 8);
    }
  }

  /** A member that comes twice counts as its last value: forgets what was noted below. */
  private forget(node: PathNode): void {
    for (let i = 0; i < node.members.length; i++) {
      this.note(node.members[i], 0, 0, JsonKind.MISSING);
      this.forget(node.members[i]);
    }
    for (let i = 0; i < node.elements.length; i++) {
      this.note(node.elements[i], 0, 0, JsonKind.MISSING);
      this.forget(node.elements[i]);
    }
  }

  /** Reads a value; answers the address behind it, or 0. */
  private value(at: usize, node: PathNode | null): usize {
    if (at >= this.end) return this.fail(at, "the text ends where a value is expected");
    if (node !== null && !node.leaf) this.forget(node);
    let kind: u8 = JsonKind.NUMBER;
    let after: usize = 0;
    switch (load<u8>(at)) {
      case 0x22:
        after = this.text(at);
        if (after != 0 && node !== null) {
          this.note(node, at + 1, after - 1, this.escaped ? JsonKind.ESCAPED : JsonKind.STRING);
        }
        return after;
      case 0x7b:
        kind = JsonKind.OBJECT;
        after = this.object(at, node);
        break;
      case 0x5b:
        kind = JsonKind.ARRAY;
        after = this.array(at, node);
        break;
      case 0x74:
        kind = JsonKind.TRUE;
        after = this.word(at, 0x65757274, 4);
        break;
      case 0x66:
        kind = JsonKind.FALSE;
        after = at + 5 <= this.end && load<u8>(at, 4) == 0x65 ? this.word(at, 0x736c6166, 5) : 0;
        if (after == 0) this.fail(at, "not a JSON value");
        break;
      case 0x6e:
        kind = JsonKind.NULL;
        after = this.word(at, 0x6c6c756e, 4);
        break;
      default:
        after = this.number(at);
    }
    if (after != 0 && node !== null) this.note(node, at, after, kind);
    return after;
  }

  private word(at: usize, letters: u32, length: usize): usize {
    if (at + length > this.end || load<u32>(at) != letters)
      return this.fail(at, "not a JSON value");
    return at + length;
  }

  private number(start: usize): usize {
    let at = start;
    if (load<u8>(at) == 0x2d) at++;
    const first = at;
    at = this.digits(at);
    if (at == first) return this.fail(start, "not a JSON value");
    if (load<u8>(first) == 0x30 && at > first + 1)
      return this.fail(start, "number with a leading 0");
    if (at < this.end && load<u8>(at) == 0x2e) {
      const fraction = at + 1;
      at = this.digits(fraction);
      if (at == fraction) return this.fail(start, "number without digits behind its point");
    }
    if (at < this.end && (load<u8>(at) | 0x20) == 0x65) {
      at++;
      if (at < this.end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
      const exponent = at;
      at = this.digits(exponent);
      if (at == exponent) return this.fail(start, "number without digits in its exponent");
    }
    return at;
  }

  // @ts-ignore: decorator
  @inline
  private digits(start: usize): usize {
    let at = start;
    while (at < this.end && <u32>load<u8>(at) - 0x30 < 10) at++;
    return at;
  }

  /** Whether the string just read has escapes. */
  private escaped: bool = false;

  /** Reads a string from its opening quote; answers the address behind the closing one, or 0. */
  private text(start: usize): usize {
    const end = this.end;
    let at = start + 1;
    let wide = false;
    this.escaped = false;
    while (true) {
      while (at + 16 <= end) {
        const bytes = v128.load(at);
        const special = v128.or(
          v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
          i8x16.lt_u(bytes, i8x16.splat(0x20)),
        );
        if (v128.any_true(i8x16.lt_s(bytes, i8x16.splat(0)))) wide = true;
        const mask = i8x16.bitmask(special);
        if (mask != 0) {
          at += ctz(mask);
          break;
        }
        at += 16;
      }
      if (at >= end) return this.fail(start, "string without a closing quote");
      const byte = load<u8>(at);
      if (byte == 0x22) break;
      if (byte == 0x5c) {
        at = this.escape(at);
        if (at == 0) return 0;
        this.escaped = true;
      } else if (byte < 0x20) {
        return this.fail(at, "control character in a string");
      } else {
        if (byte >= 0x80) wide = true;
        at++;
      }
    }
    if (wide && !isUtf8(start + 1, at)) return this.fail(start, "string that is not UTF-8");
    return at + 1;
  }

  private escape(at: usize): usize {
    if (at + 1 >= this.end) return this.fail(at, "string without a closing quote");
    switch (load<u8>(at, 1)) {
      case 0x22:
      case 0x5c:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return at + 2;
      case 0x75:
        if (at + 6 <= this.end && hexUnit(at + 2) >= 0) return at + 6;
        return this.fail(at, "\\u without four hexadecimal digits");
      default:
        return this.fail(at, "unknown escape in a string");
    }
  }

  private object(start: usize, node: PathNode | null): usize {
    if (++this.depth > JSON_MAX_DEPTH) return this.fail(start, "nested too deep");
    let at = this.space(start + 1);
    if (at < this.end && load<u8>(at) == 0x7d) {
      this.depth--;
      return at + 1;
    }
    while (true) {
      if (at >= this.end || load<u8>(at) != 0x22) return this.fail(at, "member name expected");
      const after = this.text(at);
      if (after == 0) return 0;
      let child: PathNode | null = null;
      if (node !== null && !node.leaf) child = this.member(node, at + 1, after - 1);
      at = this.space(after);
      if (at >= this.end || load<u8>(at) != 0x3a) return this.fail(at, "':' expected");
      at = this.value(this.space(at + 1), child);
      if (at == 0) return 0;
      at = this.space(at);
      if (at >= this.end) return this.fail(start, "object without its closing brace");
      const byte = load<u8>(at);
      if (byte == 0x7d) break;
      if (byte != 0x2c) return this.fail(at, "',' or '}' expected");
      at = this.space(at + 1);
    }
    this.depth--;
    return at + 1;
  }

  private member(node: PathNode, start: usize, end: usize): PathNode | null {
    if (!this.escaped) return node.find(start, <i32>(end - start));
    const bytes = <i32>(end - start);
    if (bytes > this.keyScratchBytes) {
      if (this.keyScratch != 0) heap.free(this.keyScratch);
      this.keyScratch = heap.alloc(bytes);
      this.keyScratchBytes = bytes;
    }
    const length = unescapeJson(this.keyScratch, start, end);
    return length < 0 ? null : node.find(this.keyScratch, length);
  }

  private array(start: usize, node: PathNode | null): usize {
    if (++this.depth > JSON_MAX_DEPTH) return this.fail(start, "nested too deep");
    let at = this.space(start + 1);
    if (at < this.end && load<u8>(at) == 0x5d) {
      this.depth--;
      return at + 1;
    }
    const wanted = node !== null && node.elements.length > 0;
    for (let index = 0; ; index++) {
      let child: PathNode | null = null;
      if (wanted) {
        const known = node!.indices.indexOf(index);
        if (known >= 0) child = node!.elements[known];
      }
      at = this.value(at, child);
      if (at == 0) return 0;
      at = this.space(at);
      if (at >= this.end) return this.fail(start, "array without its closing bracket");
      const byte = load<u8>(at);
      if (byte == 0x5d) break;
      if (byte != 0x2c) return this.fail(at, "',' or ']' expected");
      at = this.space(at + 1);
    }
    this.depth--;
    return at + 1;
  }

  close(): void {
    if (this.slots != 0) heap.free(this.slots);
    if (this.keyScratch != 0) heap.free(this.keyScratch);
  }
}

/** Value of four hexadecimal digits, or -1. */
function hexUnit(at: usize): i32 {
  let value = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte = <u32>load<u8>(at + i);
    let digit = byte - 0x30;
    if (digit > 9) {
      digit = (byte | 0x20) - 0x61;
      if (digit > 5) return -1;
      digit += 10;
    }
    value = (value << 4) | <i32>digit;
  }
  return value;
}

/**
 * Writes the text of an ESCAPED value at `target` (never longer than the range); answers its
 * length, or -1 where it has a surrogate without its other half, which UTF-8 cannot hold.
 */
export function unescapeJson(target: usize, start: usize, end: usize): i32 {
  let at = start;
  let to = target;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x5c) {
      store<u8>(to++, byte);
      at++;
      continue;
    }
    const escape = load<u8>(at, 1);
    at += 2;
    if (escape != 0x75) {
      store<u8>(to++, plainEscape(escape));
      continue;
    }
    let point = <u32>hexUnit(at);
    at += 4;
    if (point - 0xd800 < 0x800) {
      if (point >= 0xdc00 || at + 6 > end || load<u16>(at) != 0x755c) return -1;
      const low = <u32>hexUnit(at + 2) - 0xdc00;
      if (low >= 0x400) return -1;
      point = 0x10000 + ((point - 0xd800) << 10) + low;
      at += 6;
    }
    to += writeCodePoint(to, point);
  }
  return <i32>(to - target);
}

function plainEscape(letter: u8): u8 {
  switch (letter) {
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return letter;
  }
}
