/** Output schemas of the built-in sources and of assign_timestamps. */
import { z } from "zod";
import { DEAD_LETTER, RECORD_LETTER_SCHEMA, ROW_LETTER_SCHEMA } from "../protocol/dead-letter.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import type { OutputContext } from "./builtin-operators.ts";
import { checkColumnTypes } from "./column-support.ts";
import { fieldOf } from "./schema-match.ts";
import type { PlannedStream } from "./stream-type.ts";
import { timedOutputs } from "./watermark-parameters.ts";

/** A 64-bit number: a JSON number where it is exact, else a decimal string. */
export const bigintParameter = z.union([z.int(), z.string().regex(/^-?\d{1,19}$/)]);

const insertOnly = { mode: "insert-only" } as const;

/** Records that a source could not parse: the text, why, and its byte position in the file. */
export const DEAD_LETTER_RECORD: PlannedStream = {
  name: DEAD_LETTER,
  schema: RECORD_LETTER_SCHEMA,
  changeMode: insertOnly,
  timeAttribute: null,
};

/** Rows that an operator refused, or whose code failed: see ROW_LETTER_SCHEMA. */
export const DEAD_LETTER_ROW: PlannedStream = { ...DEAD_LETTER_RECORD, schema: ROW_LETTER_SCHEMA };

const LINE: Schema = [{ name: "line", type: { type: "STRING", nullable: false } }];
const NUMBERED_LINE: Schema = [
  ...LINE,
  { name: "line_number", type: { type: "BIGINT", nullable: false } },
];

/** text_lines has its own columns; the other sources make those that the job declares. */
export function sourceOutputs(context: OutputContext): PlannedStream[] {
  const main = (schema: Schema): PlannedStream => ({
    name: "main",
    schema,
    changeMode: insertOnly,
    timeAttribute: null,
  });
  if (context.operator === "text_lines") {
    return [main(context.parameters.lineNumber === true ? NUMBERED_LINE : LINE)];
  }
  const declared = context.declared.find((output) => output.name === "main");
  if (declared === undefined || declared.schema.length === 0) {
    const message = `Cannot plan ${context.operator}: the job does not say which columns it reads`;
    throw new MillraceError("JOB_SCHEMA_MISSING", message, {
      field: `${context.field}.outputs`,
      expected: 'an output "main" with a schema',
    });
  }
  checkColumnTypes(context.operator, declared.schema, `${context.field}.outputs`);
  for (const parameter of ["paths", "fields"])
    checkColumnNames(context, parameter, declared.schema);
  const outputs = [main(declared.schema)];
  if (context.parameters.onError === "dead-letter") outputs.push(DEAD_LETTER_RECORD);
  return outputs;
}

function checkColumnNames(context: OutputContext, parameter: string, schema: Schema): void {
  for (const name of Object.keys((context.parameters[parameter] ?? {}) as object)) {
    if (fieldOf(schema, name) !== undefined) continue;
    const message = `Cannot plan ${context.operator}: ${parameter} names column ${name}, which is not declared`;
    throw new MillraceError("JOB_FIELD_UNKNOWN", message, {
      field: `${context.field}.operator.parameters.${parameter}.${name}`,
      value: name,
      expected: schema.map((column) => column.name).join(", "),
    });
  }
}

/** assign_timestamps: the input with a time attribute. */
export function timestampOutputs(context: OutputContext): PlannedStream[] {
  return timedOutputs(context, context.parameters);
}
