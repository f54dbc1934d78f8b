/** The functions of `millrace/text` (src/inline/text.ts says what they mean). */
import { JsArray } from "./js-array";
import { JsString, view } from "./js-string";

// @ts-ignore: decorator
@inline
function isLetter(byte: u8): bool {
  return <u8>((byte | 0x20) - 0x61) < <u8>26;
}

/** words(text) */
export function words(text: JsString): JsArray<JsString> {
  const found = JsArray.create<JsString>(16);
  const end = text.start + <usize>text.length;
  let at = text.start;
  while (true) {
    while (at < end && !isLetter(load<u8>(at))) at++;
    if (at == end) return found;
    const from = at;
    while (at < end && isLetter(load<u8>(at))) at++;
    const length = <i32>(at - from);
    found.push(view(from, length, length, 0));
  }
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u8): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13);
}

/** fields(text) */
export function fields(text: JsString): JsArray<JsString> {
  const found = JsArray.create<JsString>(16);
  const end = text.start + <usize>text.length;
  let at = text.start;
  while (true) {
    while (at < end && isBlank(load<u8>(at))) at++;
    if (at == end) return found;
    const from = at;
    while (at < end && !isBlank(load<u8>(at))) at++;
    found.push(view(from, <i32>(at - from), -1, text.torn));
  }
}

/** matchGlob(text, pattern): goes back to the last `*` where the rest does not match. */
export function matchGlob(text: JsString, pattern: JsString): bool {
  let at: i32 = 0;
  let p: i32 = 0;
  let star: i32 = -1;
  let retry: i32 = 0;
  while (at < text.length) {
    const byte = load<u8>(text.start + <usize>at);
    const wanted = p < pattern.length ? load<u8>(pattern.start + <usize>p) : 0;
    if (p < pattern.length && wanted == 0x2a) {
      star = p++;
      retry = at;
    } else if (p < pattern.length && wanted == 0x3f) {
      p++;
      at += byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    } else if (p < pattern.length && wanted == byte) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      const lead = load<u8>(text.start + <usize>retry);
      retry += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      at = retry;
    } else return false;
  }
  while (p < pattern.length && load<u8>(pattern.start + <usize>p) == 0x2a) p++;
  return p == pattern.length;
}
