/** Writes JSON strings (RFC 8259): the quotes, and escapes only where the grammar wants them. */

/** Bytes that writeJsonString writes at most. */
// @ts-ignore: decorator
@inline
export function jsonStringMax(length: i32): i32 {
  return length * 6 + 2;
}

/** Writes the UTF-8 bytes [start, end) as a JSON string at `target`; answers its length. */
export function writeJsonString(target: usize, start: usize, end: usize): i32 {
  let at = start;
  let to = target;
  store<u8>(to++, 0x22);
  while (at < end) {
    // Sixteen plain bytes at a time; there is always room, for the worst case is six times that.
    while (at + 16 <= end) {
      const bytes = v128.load(at);
      const special = v128.or(
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
        i8x16.lt_u(bytes, i8x16.splat(0x20)),
      );
      v128.store(to, bytes);
      const mask = i8x16.bitmask(special);
      const plain: usize = mask == 0 ? 16 : <usize>ctz(mask);
      at += plain;
      to += plain;
      if (mask != 0) break;
    }
    if (at == end) break;
    const byte = load<u8>(at++);
    if (byte >= 0x20 && byte != 0x22 && byte != 0x5c) store<u8>(to++, byte);
    else to = writeEscape(to, byte);
  }
  store<u8>(to++, 0x22);
  return <i32>(to - target);
}

function writeEscape(to: usize, byte: u8): usize {
  store<u8>(to, 0x5c);
  const letter = shortEscape(byte);
  if (letter != 0) {
    store<u8>(to, letter, 1);
    return to + 2;
  }
  // \u00XX
  store<u32>(to, 0x30303075, 1);
  store<u8>(to, hexDigit(byte >> 4), 4);
  store<u8>(to, hexDigit(byte & 15), 5);
  return to + 6;
}

function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

function shortEscape(byte: u8): u8 {
  switch (byte) {
    case 0x22:
    case 0x5c:
      return byte;
    case 0x08:
      return 0x62;
    case 0x0c:
      return 0x66;
    case 0x0a:
      return 0x6e;
    case 0x0d:
      return 0x72;
    case 0x09:
      return 0x74;
    default:
      return 0;
  }
}
