/** What is wrong with an author's sources, and where. */
import { MillraceError } from "../protocol/errors.ts";

/** A position in a file; line and column count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One problem: what is wrong, and what to do about it. */
export interface BuildProblem {
  readonly place: SourcePlace;
  readonly message: string;
  readonly remedy?: string;
}

/** Problems named in one error; more are counted. */
const SHOWN_PROBLEMS = 20;

/** Line and column, from 1, of an offset. */
export function placeAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}

/** `index.ts:12:3: message. What to do.` */
export function problemText({ place, message, remedy }: BuildProblem): string {
  const where = `${place.file}:${place.line}:${place.column}`;
  return `${where}: ${message}${remedy === undefined ? "" : `\n    ${remedy}`}`;
}

/** The error of a build that failed: BUNDLE_COMPILE_FAILED, at the first problem's place. */
export function buildError(problems: readonly BuildProblem[]): MillraceError {
  const [first] = problems;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(problemText);
  return new MillraceError(
    "BUNDLE_COMPILE_FAILED",
    `Cannot build bundle: ${count}\n${shown.join("\n")}`,
    first === undefined
      ? {}
      : {
          field: `${first.place.file}:${first.place.line}:${first.place.column}`,
          value: first.message,
          ...(first.remedy === undefined ? {} : { expected: first.remedy }),
        },
  );
}
