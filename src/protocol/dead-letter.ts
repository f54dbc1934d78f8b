/** The output of rows whose processing failed, of an operator whose `onRowError` is `dead-letter`. */
import type { Schema } from "./types.ts";

/** Its name. */
export const DEAD_LETTER = "dead_letter";

const STRING = { type: "STRING", nullable: false } as const;

/** What a parser says of a record: its text, why it failed, and the byte at which it begins. */
export const RECORD_LETTER_SCHEMA: Schema = [
  { name: "record", type: STRING },
  { name: "error", type: STRING },
  { name: "position", type: { type: "BIGINT", nullable: false } },
];

/**
 * What any other operator says of a row: the row as JSON (of a timer or window: which, and its key), why it failed, its number in the input of
 * the subtask (from 1; 0: it waited in a restored snapshot), the operator's name and the subtask.
 */
export const ROW_LETTER_SCHEMA: Schema = [
  ...RECORD_LETTER_SCHEMA,
  { name: "operator", type: STRING },
  { name: "subtask", type: { type: "INT", nullable: false } },
];
