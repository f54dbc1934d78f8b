/** Logical types and Arrow types. What Arrow cannot say goes into a field's metadata. */
import {
  Field as ArrowField,
  Binary,
  Bool,
  DataType,
  DateDay,
  DateUnit,
  Decimal,
  DurationMillisecond,
  FixedSizeBinary,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  IntervalUnit,
  IntervalYearMonth,
  List,
  Map_,
  Precision,
  Struct,
  TimeMicrosecond,
  TimeMillisecond,
  TimeNanosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimeUnit,
  Utf8,
} from "apache-arrow";
import { childFields, isNullable } from "../protocol/batch/physical-type.ts";
import { MillraceError, unreachable } from "../protocol/errors.ts";
import { parseType, typeText } from "../protocol/type-text.ts";
import type { Field, LogicalType } from "../protocol/types.ts";

/** Field metadata with the Flink type text: VARCHAR(3) and STRING are both Utf8. */
export const TYPE_METADATA = "millrace.type";

/** The Arrow field of a column, its Flink type in its metadata. */
export function arrowField(field: Field): ArrowField {
  const metadata = new Map([[TYPE_METADATA, typeText(field.type)]]);
  return new ArrowField(field.name, arrowType(field.type), isNullable(field.type), metadata);
}

/** The Arrow type with the same buffers. */
export function arrowType(type: LogicalType): DataType {
  switch (type.type) {
    case "BOOLEAN":
      return new Bool();
    case "TINYINT":
      return new Int8();
    case "SMALLINT":
      return new Int16();
    case "INT":
      return new Int32();
    case "BIGINT":
      return new Int64();
    case "FLOAT":
      return new Float32();
    case "DOUBLE":
      return new Float64();
    case "DECIMAL":
      return new Decimal(type.scale, type.precision, 128);
    case "CHAR":
    case "VARCHAR":
    case "STRING":
      return new Utf8();
    case "BINARY":
      return new FixedSizeBinary(type.length);
    case "VARBINARY":
    case "BYTES":
      return new Binary();
    case "DATE":
      return new DateDay();
    case "TIME":
      return byPrecision(type.precision, TimeMillisecond, TimeMicrosecond, TimeNanosecond);
    case "TIMESTAMP":
      return timestampType(type.precision, null);
    case "TIMESTAMP_LTZ":
      return timestampType(type.precision, "UTC");
    case "INTERVAL_YEAR_MONTH":
      return new IntervalYearMonth();
    case "INTERVAL_DAY_SECOND":
      return new DurationMillisecond();
    case "ROW":
      return new Struct(childFields(type).map(arrowField));
    case "ARRAY":
      return new List(arrowField(childFields(type)[0]!));
    case "MAP":
      return new Map_(arrowField(childFields(type)[0]!) as ArrowField<Struct>);
    default:
      return unreachable(type);
  }
}

function byPrecision(
  precision: number,
  ...types: readonly [new () => DataType, new () => DataType, new () => DataType]
): DataType {
  return new types[precision <= 3 ? 0 : precision <= 6 ? 1 : 2]();
}

function timestampType(precision: number, zone: string | null): DataType {
  if (precision <= 3) return new TimestampMillisecond(zone);
  return precision <= 6 ? new TimestampMicrosecond(zone) : new TimestampNanosecond(zone);
}

/**
 * The column of an Arrow field: its Flink type from the metadata where it fits the Arrow type,
 * otherwise the closest one (Utf8 is STRING, Timestamp[ms] is TIMESTAMP(3)).
 * @throws MillraceError UNSUPPORTED_TYPE for an Arrow type with no counterpart of equal buffers.
 */
export function fieldOf(field: ArrowField): Field {
  const text = field.metadata.get(TYPE_METADATA);
  const closest = closestType(field);
  const nullable = field.nullable ? {} : { nullable: false };
  if (text !== undefined) {
    const { nullable: _, ...stated } = parseType(text);
    const type = { ...stated, ...nullable } as LogicalType;
    if (arrowType(type).toString() === field.type.toString()) return { name: field.name, type };
  }
  return { name: field.name, type: { ...closest, ...nullable } as LogicalType };
}

function closestType(field: ArrowField): LogicalType {
  const type: DataType = field.type;
  const { children } = type;
  if (DataType.isBool(type)) return { type: "BOOLEAN" };
  if (DataType.isInt(type) && type.isSigned) return integerType(type.bitWidth);
  if (DataType.isFloat(type) && type.precision !== Precision.HALF) {
    return { type: type.precision === Precision.SINGLE ? "FLOAT" : "DOUBLE" };
  }
  if (DataType.isDecimal(type) && type.bitWidth === 128) {
    return { type: "DECIMAL", precision: type.precision, scale: type.scale };
  }
  if (DataType.isUtf8(type)) return { type: "STRING" };
  if (DataType.isBinary(type)) return { type: "BYTES" };
  if (DataType.isFixedSizeBinary(type)) return { type: "BINARY", length: type.byteWidth };
  if (DataType.isDate(type) && type.unit === DateUnit.DAY) return { type: "DATE" };
  if (DataType.isTime(type) && type.unit !== TimeUnit.SECOND) {
    return { type: "TIME", precision: type.unit * 3 };
  }
  if (DataType.isTimestamp(type) && type.unit !== TimeUnit.SECOND) {
    const zoned = type.timezone !== null && type.timezone !== undefined;
    return { type: zoned ? "TIMESTAMP_LTZ" : "TIMESTAMP", precision: type.unit * 3 };
  }
  if (DataType.isInterval(type) && type.unit === IntervalUnit.YEAR_MONTH) {
    return { type: "INTERVAL_YEAR_MONTH" };
  }
  if (DataType.isDuration(type) && type.unit === TimeUnit.MILLISECOND) {
    return { type: "INTERVAL_DAY_SECOND", precision: 3 };
  }
  if (DataType.isStruct(type)) return { type: "ROW", fields: children.map(fieldOf) };
  if (DataType.isList(type)) return { type: "ARRAY", element: fieldOf(children[0]!).type };
  if (DataType.isMap(type)) {
    const [key, value] = (children[0]!.type as Struct).children.map(fieldOf);
    return { type: "MAP", key: key!.type, value: value!.type };
  }
  const expected = "an Arrow type listed in docs/types.md";
  throw new MillraceError(
    "UNSUPPORTED_TYPE",
    `Cannot import column ${field.name}: Arrow type ${type}`,
    {
      field: field.name,
      value: String(type),
      expected,
    },
  );
}

function integerType(bits: number): LogicalType {
  if (bits === 8) return { type: "TINYINT" };
  if (bits === 16) return { type: "SMALLINT" };
  return { type: bits === 32 ? "INT" : "BIGINT" };
}
