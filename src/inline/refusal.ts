/** Refusals: a construct outside the subset, where it stands, and the way out. */
import { MillraceError } from "../protocol/errors.ts";
import type { ts } from "./typescript-api.ts";

/** Line and column, from 1, of a node. */
export function placeOf(node: ts.Node): { file: string; line: number; column: number } {
  const file = node.getSourceFile();
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return { file: file.fileName, line: line + 1, column: character + 1 };
}

/** `job.ts:12:5` */
export function placeText(node: ts.Node): string {
  const { file, line, column } = placeOf(node);
  return `${file.replace(/^.*[\\/]/, "")}:${line}:${column}`;
}

/**
 * Refuses a construct.
 * @throws MillraceError INLINE_UNSUPPORTED, or the given code; `field` is the place, `value` the
 *   source text, `expected` the way out
 */
export function refuse(
  node: ts.Node,
  what: string,
  wayOut: string,
  code = "INLINE_UNSUPPORTED",
): never {
  const place = placeText(node);
  throw new MillraceError(code, `Cannot compile ${place}: ${what}. ${wayOut}`, {
    field: place,
    value: node.getText(),
    expected: wayOut,
  });
}

/** Tells a node from all others, of this file and of others. */
export function nodeKey(node: ts.Node): string {
  return `${node.getSourceFile().fileName}:${node.pos}`;
}
