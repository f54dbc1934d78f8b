/** A run of `millrace dev` on the screen, in the place of the one before. */
import { relative } from "node:path";
import { linearNote } from "../linear-note.ts";
import { bold, count, describeError, dim, green, red, table } from "../terminal.ts";
import type { DevRun, Row } from "./dev-session.ts";

/** Cells are cut so that a row stays on its line. */
const CELL_MAX_CHARS = 40;

/** A whole view; on a terminal it takes the screen. */
export function runText(run: DevRun, shownRows: number): string {
  const clear = process.stdout.isTTY === true ? "\u001b[2J\u001b[3J\u001b[H" : "\n";
  const time =
    run.firstOutputMs === undefined ? "" : ` in ${(run.firstOutputMs / 1_000).toFixed(2)} s`;
  const states = { RUNNING: dim("running"), FINISHED: green("finished"), FAILED: red("failed") };
  const what = run.built ? "built and run" : "run";
  const head = `${bold(relative(process.cwd(), run.job) || run.job)}  ${states[run.state]}  ${dim(`${what}${time}, run ${run.number}`)}`;
  const parts = [head];
  if (run.error !== undefined) parts.push(describeError(run.error));
  parts.push(...tables(run, shownRows));
  const more = run.rowCount - Math.min(run.rows.length, shownRows);
  if (more > 0) parts.push(dim(`and ${count(more)} more rows (--rows shows more)`));
  if (run.state === "FINISHED" && run.rowCount === 0) {
    parts.push(dim("no rows: a collect sink shows them here"));
  }
  const note = linearNote(run.linear);
  if (note !== undefined) parts.push(note);
  return clear + parts.join("\n");
}

export function runJson(run: DevRun): string {
  return JSON.stringify(run);
}

/** A table for each sink, under its name where there are several. */
function tables({ rows, sinks }: DevRun, shownRows: number): string[] {
  const shown = rows.slice(0, shownRows);
  const bySink = Map.groupBy(shown, (_, index) => sinks[index]!);
  if (bySink.size < 2) return shown.length === 0 ? [] : [rowTable(shown)];
  return [...bySink].map(([sink, own]) => `${dim(sink)}\n${rowTable(own)}`);
}

function rowTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return table(
    columns,
    rows.map((row) => columns.map((column) => cell(row[column]))),
  );
}

function cell(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const line = text.replace(/\s+/g, " ");
  return line.length <= CELL_MAX_CHARS ? line : `${line.slice(0, CELL_MAX_CHARS - 1)}…`;
}
