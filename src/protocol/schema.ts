/** Validation of logical types and schemas that come from outside. */
import { z } from "zod";
import { MAX_PARALLELISM, SCHEMA_MAX_COLUMNS } from "./limits.ts";
import type { ChangeMode, Field, LogicalType, Schema } from "./types.ts";

const nullable = z.boolean().optional();
const precision = z.int().min(0).max(9);

/** A logical type in its parsed form. */
export const logicalTypeSchema: z.ZodType<LogicalType> = z.lazy(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("BOOLEAN"), nullable }),
    z.strictObject({ type: z.literal("TINYINT"), nullable }),
    z.strictObject({ type: z.literal("SMALLINT"), nullable }),
    z.strictObject({ type: z.literal("INT"), nullable }),
    z.strictObject({ type: z.literal("BIGINT"), nullable }),
    z.strictObject({ type: z.literal("FLOAT"), nullable }),
    z.strictObject({ type: z.literal("DOUBLE"), nullable }),
    z.strictObject({
      type: z.literal("DECIMAL"),
      precision: z.int().min(1).max(38),
      scale: z.int().min(0).max(38),
      nullable,
    }),
    z.strictObject({ type: z.literal("CHAR"), length: z.int().min(1), nullable }),
    z.strictObject({ type: z.literal("VARCHAR"), length: z.int().min(1), nullable }),
    z.strictObject({ type: z.literal("STRING"), nullable }),
    z.strictObject({ type: z.literal("BINARY"), length: z.int().min(1), nullable }),
    z.strictObject({ type: z.literal("VARBINARY"), length: z.int().min(1), nullable }),
    z.strictObject({ type: z.literal("BYTES"), nullable }),
    z.strictObject({ type: z.literal("DATE"), nullable }),
    z.strictObject({ type: z.literal("TIME"), precision, nullable }),
    z.strictObject({ type: z.literal("TIMESTAMP"), precision, nullable }),
    z.strictObject({ type: z.literal("TIMESTAMP_LTZ"), precision, nullable }),
    z.strictObject({ type: z.literal("INTERVAL_YEAR_MONTH"), nullable }),
    z.strictObject({ type: z.literal("INTERVAL_DAY_SECOND"), precision, nullable }),
    z.strictObject({ type: z.literal("ROW"), fields: z.array(fieldSchema), nullable }),
    z.strictObject({ type: z.literal("ARRAY"), element: logicalTypeSchema, nullable }),
    z.strictObject({
      type: z.literal("MAP"),
      key: logicalTypeSchema,
      value: logicalTypeSchema,
      nullable,
    }),
  ]),
) as z.ZodType<LogicalType>;

/** A named column. */
export const fieldSchema: z.ZodType<Field> = z.strictObject({
  name: z.string().min(1).max(200),
  type: logicalTypeSchema,
});

/** The columns of a stream. */
export const schemaSchema: z.ZodType<Schema> = z.array(fieldSchema).max(SCHEMA_MAX_COLUMNS);

/** Change mode of an edge. */
export const changeModeSchema: z.ZodType<ChangeMode> = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("insert-only") }),
  z.strictObject({ mode: z.literal("retract") }),
  z.strictObject({ mode: z.literal("upsert"), key: z.array(z.string().min(1)).min(1) }),
]);

/** Number of subtasks. */
export const parallelismSchema = z.int().min(1).max(MAX_PARALLELISM);
