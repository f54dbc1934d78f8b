/** What a person sees: colour on a terminal only, one progress line, errors with the next step. */
import type { ErrorBody } from "../protocol/errors.ts";

const colourful = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;

function paint(code: number, text: string): string {
  return colourful ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export const bold = (text: string) => paint(1, text);
export const red = (text: string) => paint(31, text);
export const green = (text: string) => paint(32, text);
export const dim = (text: string) => paint(2, text);

/** An error as lines for a person. */
export function describeError(error: ErrorBody): string {
  const [first, ...more] = error.message.split("\n");
  const lines = [`${red("error")} ${first} ${dim(`[${error.code}]`)}`, ...more];
  // A list of problems names each one's place and remedy itself; the fields repeat its first.
  if (more.length > 0) return lines.join("\n");
  if (error.field !== undefined) {
    lines.push(`  field:    ${error.field}${error.value === undefined ? "" : ` = ${error.value}`}`);
  }
  // The message of a compiler ends with the way out.
  if (error.expected !== undefined && !first!.includes(error.expected)) {
    lines.push(`  expected: ${error.expected}`);
  }
  return lines.join("\n");
}

let readerLeft: () => void = () => process.exit(0);

/** A reader that has enough (`millrace list | head -1`) ends the program, without a stack. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    readerLeft();
  });
}

/** What a reader that leaves does instead; it may be told more than once. */
export function whenReaderLeaves(leave: () => void): void {
  readerLeft = leave;
}

/** A line that is written over on a terminal, and kept to one line a second elsewhere. */
export class ProgressLine {
  readonly #stream = process.stderr;
  #shown = false;
  #last = 0;

  update(text: string, nowMs: number): void {
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\u001b[2K${text}`);
      this.#shown = true;
    } else if (nowMs - this.#last >= 1_000) {
      this.#stream.write(`${text}\n`);
      this.#last = nowMs;
    }
  }

  end(): void {
    if (this.#shown) this.#stream.write("\n");
    this.#shown = false;
  }
}

/** 1234567 as 1,234,567. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Rows as a table with aligned columns. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, c) =>
    Math.max(name.length, ...rows.map((row) => row[c]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => cell.padEnd(widths[c]!))
      .join("  ")
      .trimEnd();
  return [bold(line(header)), ...rows.map(line)].join("\n");
}
