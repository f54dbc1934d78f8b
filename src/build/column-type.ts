/** Which column a field of a row class is: AssemblyScript's type, and Flink SQL's. */
import { MillraceError } from "../protocol/errors.ts";
import { parseType } from "../protocol/type-text.ts";
import type { LogicalType } from "../protocol/types.ts";
import type { BuildProblem } from "./problem.ts";
import { type DecoratorSyntax, type FieldSyntax, placeIn, type SourceFile } from "./syntax.ts";

/** Types a field may be written with. */
export type NativeType = "bool" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64" | "Text" | "Value";

export interface FieldType {
  readonly native: NativeType;
  readonly logical: LogicalType;
  readonly nullable: boolean;
  /** log2 of a fixed-width value's bytes; 0 for bool, Text and Value. */
  readonly shift: number;
}

const NATIVE: Readonly<Record<NativeType, { readonly sql: string; readonly shift: number }>> = {
  bool: { sql: "BOOLEAN", shift: 0 },
  i8: { sql: "TINYINT", shift: 0 },
  i16: { sql: "SMALLINT", shift: 1 },
  i32: { sql: "INT", shift: 2 },
  i64: { sql: "BIGINT", shift: 3 },
  f32: { sql: "FLOAT", shift: 2 },
  f64: { sql: "DOUBLE", shift: 3 },
  Text: { sql: "STRING", shift: 0 },
  // A view on a value of any type: the field says which by @type.
  Value: { sql: "", shift: 0 },
};

/** Names that stand for another, as in AssemblyScript itself. */
const SYNONYMS: Readonly<Record<string, NativeType>> = { boolean: "bool", int: "i32" };

/** Decorators that name a column's type; `#` is the argument with its default. */
const TYPE_DECORATORS: Readonly<
  Record<string, { readonly sql: string; readonly missing?: number }>
> = {
  timestamp: { sql: "TIMESTAMP(#)", missing: 3 },
  timestampLtz: { sql: "TIMESTAMP_LTZ(#)", missing: 3 },
  date: { sql: "DATE" },
  time: { sql: "TIME(#)", missing: 0 },
  char: { sql: "CHAR(#)" },
  varchar: { sql: "VARCHAR(#)" },
  bytes: { sql: "BYTES" },
  intervalYearMonth: { sql: "INTERVAL YEAR TO MONTH" },
  intervalDaySecond: { sql: "INTERVAL DAY TO SECOND(3)" },
  type: { sql: "#" },
};

const REMEDIES: Readonly<Record<string, string>> = {
  string: "Write Text: a view on the column's bytes that costs no allocation.",
  String: "Write Text: a view on the column's bytes that costs no allocation.",
  number: "Write f64, or i64 for whole numbers.",
  u8: "Flink SQL has no unsigned types: write i16.",
  u16: "Flink SQL has no unsigned types: write i32.",
  u32: "Flink SQL has no unsigned types: write i64.",
  u64: "Flink SQL has no unsigned types: write i64, which wraps.",
  usize: "Write i64.",
  Date: "Write i64 with @timestamp(3), or i32 with @date.",
};

/** The column of a field, or undefined after complaining. */
export function columnType(
  file: SourceFile,
  field: FieldSyntax,
  problems: BuildProblem[],
): FieldType | undefined {
  const fail = (message: string, remedy: string): undefined => {
    problems.push({ place: placeIn(file, field.start), message, remedy });
    return undefined;
  };
  const list = `Fields are ${Object.keys(NATIVE).join(", ")}.`;
  if (field.type === undefined) return fail(`field ${field.name} has no type`, list);
  const { name, nullable } = field.type;
  if (nullable) {
    const remedy = `Write \`@nullable ${field.name}: ${name}\` and ask ${field.name}IsNull.`;
    return fail(`field ${field.name} has the type ${name} | null`, remedy);
  }
  const native = name === "Value" ? name : nativeType(name);
  if (native === undefined) {
    return fail(`field ${field.name} has the unsupported type ${name}`, REMEDIES[name] ?? list);
  }
  const isNullable = field.decorators.some((decorator) => decorator.name === "nullable");
  let sql = NATIVE[native].sql;
  for (const decorator of field.decorators) {
    if (decorator.name === "nullable" || decorator.name === "column") continue;
    const text = decoratedType(decorator);
    if (text === undefined) {
      const known = ["nullable", "column", ...Object.keys(TYPE_DECORATORS)].map(
        (word) => `@${word}`,
      );
      return fail(`field ${field.name}: unknown @${decorator.name}`, `Use ${known.join(", ")}.`);
    }
    sql = text;
  }
  if (sql === "") {
    return fail(
      `field ${field.name} does not say its type`,
      'Write @type("ARRAY<INT>") before it.',
    );
  }
  return checked(native, sql, isNullable, (message, remedy) =>
    fail(`field ${field.name}: ${message}`, remedy),
  );
}

/** The native type of that name that holds a value by itself, if there is one. */
export function nativeType(name: string): NativeType | undefined {
  if (name === "Value") return undefined;
  if (Object.hasOwn(NATIVE, name)) return name as NativeType;
  return Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name] : undefined;
}

/** The SQL type of a native type, NOT NULL. */
export function sqlTypeOf(native: NativeType): LogicalType {
  return { ...parseType(NATIVE[native].sql), nullable: false } as LogicalType;
}

function decoratedType(decorator: DecoratorSyntax): string | undefined {
  const known = Object.hasOwn(TYPE_DECORATORS, decorator.name)
    ? TYPE_DECORATORS[decorator.name]
    : undefined;
  return known?.sql.replace("#", String(decorator.values[0] ?? known.missing ?? ""));
}

function checked(
  native: NativeType,
  sql: string,
  nullable: boolean,
  fail: (message: string, remedy: string) => undefined,
): FieldType | undefined {
  let logical: LogicalType;
  try {
    logical = parseType(sql);
  } catch (thrown) {
    if (!(thrown instanceof MillraceError)) throw thrown;
    return fail(thrown.message, `Write a type of Flink SQL${expectation(thrown)}.`);
  }
  const wanted = nativeOf(logical);
  if (wanted !== native) {
    return fail(`${sql} is kept in ${wanted}, not in ${native}`, `Write the field as ${wanted}.`);
  }
  const { shift } = NATIVE[native];
  return { native, logical: { ...logical, nullable } as LogicalType, nullable, shift };
}

function expectation(thrown: MillraceError): string {
  return thrown.expected === undefined ? "" : `: ${thrown.expected}`;
}

/** The native type that holds a column's values. */
export function nativeOf(type: LogicalType): NativeType {
  switch (type.type) {
    case "BOOLEAN":
      return "bool";
    case "TINYINT":
      return "i8";
    case "SMALLINT":
      return "i16";
    case "INT":
    case "DATE":
    case "INTERVAL_YEAR_MONTH":
      return "i32";
    case "TIME":
      return type.precision <= 3 ? "i32" : "i64";
    case "BIGINT":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "INTERVAL_DAY_SECOND":
      return "i64";
    case "FLOAT":
      return "f32";
    case "DOUBLE":
      return "f64";
    case "CHAR":
    case "VARCHAR":
    case "STRING":
    case "VARBINARY":
    case "BYTES":
      return "Text";
    default:
      return "Value";
  }
}
