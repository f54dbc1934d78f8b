/** Rows as text tables, for messages of failing tests. */
import type { PlainRow, PlainValue } from "../embedded/plain-row.ts";

/** Characters of a cell; a longer value is cut. */
const CELL_MAX_CHARS = 40;
/** Rows of a table; further ones are counted. */
const TABLE_MAX_ROWS = 50;

/**
 * A table of rows:
 *
 *     word  | n
 *     ------+---
 *     'the' | 2n
 *
 * Values are written as in JavaScript (`2n` is a bigint, `'2'` a string), numbers to the right.
 *
 *     console.log(formatRows(harness.extractOutputValues()));
 *
 * @param marks a text in front of each row, such as `-` for one that is missing
 */
export function formatRows(given: readonly object[], marks?: readonly string[]): string {
  const rows = given as readonly PlainRow[];
  if (rows.length === 0) return "(no rows)";
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) return `(${rows.length} rows without columns)`;
  const shownRows = rows.slice(0, TABLE_MAX_ROWS);
  const cells = shownRows.map((row) =>
    columns.map((name) => (name in row ? formatValue(row[name]) : "")),
  );
  const right = columns.map((name) => rows.every((row) => isNumeric(row[name])));
  const widths = columns.map((name, i) =>
    Math.max(name.length, ...cells.map((line) => line[i]!.length)),
  );
  const lineOf = (parts: readonly string[], mark: string, toRight: readonly boolean[]): string => {
    const padded = parts.map((part, i) =>
      toRight[i] ? part.padStart(widths[i]!) : part.padEnd(widths[i]!),
    );
    return `${marks === undefined ? "" : `${mark} `}${padded.join(" | ")}`.trimEnd();
  };
  const left = columns.map(() => false);
  const rule = `${marks === undefined ? "" : "--"}${widths.map((width) => "-".repeat(width)).join("-+-")}`;
  const lines = cells.map((line, i) => lineOf(line, marks?.[i] ?? " ", right));
  const more = rows.length - shownRows.length;
  if (more > 0) lines.push(`... ${more} more rows`);
  return [lineOf(columns, " ", left), rule, ...lines].join("\n");
}

/** A value as JavaScript writes it. */
export function formatValue(value: PlainValue): string {
  const text = plainText(value);
  return text.length > CELL_MAX_CHARS ? `${text.slice(0, CELL_MAX_CHARS - 1)}…` : text;
}

function plainText(value: PlainValue): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return `'${JSON.stringify(value).slice(1, -1)}'`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toJSON();
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return `[${value.map(plainText).join(", ")}]`;
  if (value instanceof Map) {
    return `Map{${[...value].map(([key, one]) => `${plainText(key)}: ${plainText(one)}`).join(", ")}}`;
  }
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([name, one]) => `${name}: ${plainText(one)}`);
    return `{ ${fields.join(", ")} }`;
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

function isNumeric(value: PlainValue): boolean {
  return typeof value === "number" || typeof value === "bigint" || value === null;
}
