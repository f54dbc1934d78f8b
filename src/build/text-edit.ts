/**
 * Edits of an author's file that keep every line where it is, so that errors, stack traces and the
 * source map name the author's lines.
 */

/** Replaces [start, end) of the original text. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An edit whose text has as many line ends as what it replaces. */
export function replacing(original: string, start: number, end: number, text: string): TextEdit {
  const lines = original.slice(start, end).split("\n").length - 1;
  return { start, end, text: text + "\n".repeat(lines) };
}

/** Carries out edits that do not overlap. Of two insertions at one place the first comes first. */
export function applyEdits(original: string, edits: readonly TextEdit[]): string {
  let text = "";
  let at = 0;
  for (const edit of inOrder(edits)) {
    text += original.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + original.slice(at);
}

/** The offset in the original text of an offset in the edited one. */
export function originalOffset(edits: readonly TextEdit[], offset: number): number {
  let shift = 0;
  for (const edit of inOrder(edits)) {
    const start = edit.start + shift;
    if (offset < start) break;
    if (offset < start + edit.text.length) return edit.start;
    shift += edit.text.length - (edit.end - edit.start);
  }
  return offset - shift;
}

function inOrder(edits: readonly TextEdit[]): TextEdit[] {
  return edits
    .map((edit, index) => ({ edit, index }))
    .sort((a, b) => {
      return a.edit.start - b.edit.start || a.index - b.index;
    })
    .map(({ edit }) => edit);
}
