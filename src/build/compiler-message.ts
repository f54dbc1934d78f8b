/** Messages of the AssemblyScript compiler, put at the author's place and with a remedy. */
import { type BuildProblem, placeAt, problemText, type SourcePlace } from "./problem.ts";
import type { SourceTree } from "./source-tree.ts";
import { placeIn } from "./syntax.ts";
import { originalOffset, type TextEdit } from "./text-edit.ts";

/** The fields of the compiler's DiagnosticMessage that are read here. */
export interface CompilerMessage {
  readonly code: number;
  readonly category: number;
  readonly message: string;
  readonly range: CompilerRange | null;
  readonly relatedRange: CompilerRange | null;
}
interface CompilerRange {
  readonly start: number;
  readonly source: { readonly normalizedPath: string } | null;
}
/** A range that says which file it is of. */
type PlacedRange = CompilerRange & { readonly source: { readonly normalizedPath: string } };

const CATEGORY_ERROR = 3;

/** What to do about an error, by what the compiler says. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/Exceptions/, "There is no try/catch: call this.failRow(message) to refuse a row."],
  [/Closures/, "A function cannot use variables around it: keep them in fields of the operator."],
  [/does not implement inherited abstract member '(\w+)'/, "Write that method."],
  [/overload signature|not compatible|incompatible/i, "Use the parameter types of the base class."],
  [/Type 'i64' is not assignable|implicit conversion|from type/i, "Convert it: <i32>value."],
  [
    /Property 'timerService' does not exist/,
    "Timers belong to a key: extend KeyedProcessFunction, and key the stream with keyBy().",
  ],
  [/Cannot find name/, 'Declare it, or import it from "millrace/sdk".'],
  [
    /^(Type|Identifier) expected/,
    'A word of the language names no field: write @column("of") source for a column of such a name.',
  ],
  [/Module '.*' has no exported member/, "Export it there, or check its name."],
  [/File '.*' not found/, "Check the path; packages of npm cannot be imported."],
  [/possibly 'null'/i, "Test for null first; columns are @nullable and have <field>IsNull."],
];

/**
 * A message as a problem; `text` is it in one piece.
 * @param libraryText the text of a file that is not the author's, by the compiler's name of it
 */
export function compilerProblem(
  message: CompilerMessage,
  tree: SourceTree,
  edits: ReadonlyMap<string, readonly TextEdit[]>,
  libraryText: (path: string) => string | undefined,
): { isError: boolean; problem: BuildProblem; text: string } {
  const isError = message.category === CATEGORY_ERROR;
  // A problem inside generated code or the SDK has its cause where the author used it.
  const ranges = [message.range, message.relatedRange].filter(isPlaced);
  const range = ranges.find((r) => tree.files.has(r.source.normalizedPath)) ?? ranges[0];
  const remedy = REMEDIES.find(([pattern]) => pattern.test(message.message))?.[1];
  const problem: BuildProblem = {
    place:
      range === undefined
        ? { file: tree.entry, line: 1, column: 1 }
        : place(range, tree, edits, libraryText),
    message: `${message.message} (AS${message.code})`,
    ...(remedy === undefined ? {} : { remedy }),
  };
  return { isError, problem, text: problemText(problem) };
}

function isPlaced(range: CompilerRange | null): range is PlacedRange {
  return range !== null && range.source !== null;
}

function place(
  range: PlacedRange,
  tree: SourceTree,
  edits: ReadonlyMap<string, readonly TextEdit[]>,
  libraryText: (path: string) => string | undefined,
): SourcePlace {
  const path = range.source.normalizedPath;
  const file = tree.files.get(path);
  if (file === undefined) {
    // The compiler tells an offset, never a text; where nobody has it, the file must do.
    const text = libraryText(path);
    const at = text === undefined ? { line: 1, column: 1 } : placeAt(text, range.start);
    return { file: path, ...at };
  }
  return placeIn(file, originalOffset(edits.get(path) ?? [], range.start));
}
