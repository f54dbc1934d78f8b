/** Bytes as text: RFC 4648, section 4, with padding. */

const LETTERS: usize = memory.data<u8>([
  65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 97, 98, 99,
  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122,
  48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 43, 47,
]);

/** Length of the text of `length` bytes. */
export function base64Length(length: i32): i32 {
  return ((length + 2) / 3) * 4;
}

/** Writes the text of [start, end) at `target`; answers its length. */
export function writeBase64(target: usize, start: usize, end: usize): i32 {
  let to = target;
  for (let at = start; at < end; at += 3, to += 4) {
    const left = end - at;
    let group = <u32>load<u8>(at) << 16;
    if (left > 1) group |= <u32>load<u8>(at, 1) << 8;
    if (left > 2) group |= <u32>load<u8>(at, 2);
    store<u8>(to, load<u8>(LETTERS + <usize>(group >> 18)));
    store<u8>(to, load<u8>(LETTERS + <usize>((group >> 12) & 63)), 1);
    store<u8>(to, left > 1 ? load<u8>(LETTERS + <usize>((group >> 6) & 63)) : 0x3d, 2);
    store<u8>(to, left > 2 ? load<u8>(LETTERS + <usize>(group & 63)) : 0x3d, 3);
  }
  return <i32>(to - target);
}

function digitOf(letter: u8): i32 {
  if (letter >= 65 && letter <= 90) return <i32>letter - 65;
  if (letter >= 97 && letter <= 122) return <i32>letter - 71;
  if (letter >= 48 && letter <= 57) return <i32>letter + 4;
  return letter == 43 ? 62 : letter == 47 ? 63 : -1;
}

/** Writes the bytes of a text at `target`, at most 3/4 of its length; answers how many, or -1. */
export function readBase64(target: usize, start: usize, end: usize): i32 {
  if ((end - start) % 4 != 0) return -1;
  let last = end;
  while (last > start && end - last < 2 && load<u8>(last - 1) == 0x3d) last--;
  let to = target;
  let group: u32 = 0;
  let bits = 0;
  for (let at = start; at < last; at++) {
    const digit = digitOf(load<u8>(at));
    if (digit < 0) return -1;
    group = (group << 6) | <u32>digit;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    store<u8>(to++, <u8>(group >> bits));
  }
  // What the padding leaves over must say nothing.
  if ((group & ((1 << bits) - 1)) != 0) return -1;
  return <i32>(to - target);
}
