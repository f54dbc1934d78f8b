/**
 * `millrace/text`: plain functions that mean the same in JavaScript and inside one-file functions,
 * where regular expressions are outside the subset.
 */

const isLetter = (unit: number): boolean => {
  const lower = unit | 0x20;
  return unit < 0x80 && lower >= 0x61 && lower <= 0x7a;
};
const isBlank = (unit: number): boolean => unit === 0x20 || (unit >= 9 && unit <= 13);

/** Maximal runs of units for which `inside` says true. */
function runs(text: string, inside: (unit: number) => boolean): string[] {
  const found: string[] = [];
  let from = -1;
  for (let i = 0; i <= text.length; i++) {
    const within = i < text.length && inside(text.charCodeAt(i));
    if (within && from < 0) from = i;
    if (within || from < 0) continue;
    found.push(text.slice(from, i));
    from = -1;
  }
  return found;
}

/**
 * Maximal runs of the letters A-Z and a-z.
 *
 *     import { words } from "millrace/text";
 *     lines.flatMap((row) => words(row.line).map((word) => ({ word })));
 */
export function words(text: string): string[] {
  return runs(text, isLetter);
}

/**
 * Maximal runs of anything but ASCII white space (tab, line feed, VT, FF, CR, space).
 *
 *     import { fields } from "millrace/text";
 *     lines.map((row) => ({ columns: fields(row.line).length }));
 */
export function fields(text: string): string[] {
  return runs(text, (unit) => !isBlank(unit));
}

/**
 * Whether all of a text matches a pattern: `*` any characters, `?` one character (code point).
 *
 *     import { matchGlob } from "millrace/text";
 *     lines.filter((row) => matchGlob(row.line, "*whale?"));
 */
export function matchGlob(text: string, pattern: string): boolean {
  const points = [...text];
  const wanted = [...pattern];
  let at = 0;
  let p = 0;
  let star = -1;
  let retry = 0;
  while (at < points.length) {
    if (wanted[p] === "*") {
      star = p++;
      retry = at;
    } else if (p < wanted.length && (wanted[p] === "?" || wanted[p] === points[at])) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++retry;
    } else return false;
  }
  while (wanted[p] === "*") p++;
  return p === wanted.length;
}
