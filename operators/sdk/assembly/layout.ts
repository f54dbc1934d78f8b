/** Batch block layout, version 1: repeats src/protocol/batch/layout.ts (a test holds them equal). */

export const BATCH_MAGIC: u32 = 0x3142524d;
export const BATCH_VERSION: u16 = 2;

export const HEADER_BYTE_LENGTH: usize = 8;
export const HEADER_ROW_COUNT: usize = 12;
export const HEADER_COLUMN_COUNT: usize = 16;
export const HEADER_NODE_COUNT: usize = 20;
export const HEADER_COLUMN_TABLE: usize = 24;
export const HEADER_EVENT_TIME: usize = 28;
export const HEADER_EVENT_TIME_VALIDITY: usize = 32;
export const HEADER_CHANGE: usize = 36;
export const HEADER_SELECTION: usize = 40;
export const HEADER_SELECTION_COUNT: usize = 44;
export const HEADER_WATERMARKS: usize = 48;
export const HEADER_WATERMARK_COUNT: usize = 52;
export const HEADER_BYTES: usize = 64;

export const COLUMN_TYPE: usize = 0;
export const COLUMN_ENCODING: usize = 1;
export const COLUMN_FLAGS: usize = 2;
export const COLUMN_NULL_COUNT: usize = 4;
export const COLUMN_LENGTH: usize = 8;
export const COLUMN_VALIDITY: usize = 12;
export const COLUMN_OFFSETS: usize = 16;
export const COLUMN_DATA: usize = 20;
export const COLUMN_DATA_LENGTH: usize = 24;
export const COLUMN_FIRST_CHILD: usize = 28;
export const COLUMN_CHILD_COUNT: usize = 32;
export const COLUMN_PARAMETER1: usize = 36;
export const COLUMN_PARAMETER2: usize = 40;
export const COLUMN_BYTES: usize = 48;

export const WATERMARK_TIMESTAMP: usize = 0;
export const WATERMARK_ROW: usize = 8;
export const WATERMARK_KIND: usize = 12;
export const WATERMARK_BYTES: usize = 16;

export const TYPE_BOOLEAN: u8 = 1;
export const TYPE_TINYINT: u8 = 2;
export const TYPE_SMALLINT: u8 = 3;
export const TYPE_INT: u8 = 4;
export const TYPE_BIGINT: u8 = 5;
export const TYPE_FLOAT: u8 = 6;
export const TYPE_DOUBLE: u8 = 7;
export const TYPE_DECIMAL: u8 = 8;
export const TYPE_CHAR: u8 = 9;
export const TYPE_VARCHAR: u8 = 10;
export const TYPE_STRING: u8 = 11;
export const TYPE_BINARY: u8 = 12;
export const TYPE_VARBINARY: u8 = 13;
export const TYPE_BYTES: u8 = 14;
export const TYPE_DATE: u8 = 15;
export const TYPE_TIME: u8 = 16;
export const TYPE_TIMESTAMP: u8 = 17;
export const TYPE_TIMESTAMP_LTZ: u8 = 18;
export const TYPE_INTERVAL_YEAR_MONTH: u8 = 19;
export const TYPE_INTERVAL_DAY_SECOND: u8 = 20;
export const TYPE_ROW: u8 = 21;
export const TYPE_ARRAY: u8 = 22;
export const TYPE_MAP: u8 = 23;

/** What an entry of the watermark list is; IDLE and ACTIVE are Flink's WatermarkStatus. */
export namespace WatermarkKind {
  export const WATERMARK: i32 = 0;
  export const IDLE: i32 = 1;
  export const ACTIVE: i32 = 2;
}

/**
 * Change of a row (Flink: RowKind). `row.kind` of an input row tells it; of an output row it may be set, within
 * what `@emits` declares. Inputs have INSERT only, unless `@accepts` says more.
 *
 *     if (value.kind == RowKind.DELETE || value.kind == RowKind.UPDATE_BEFORE) this.count.clear();
 */
export namespace RowKind {
  export const INSERT: u8 = 0;
  export const UPDATE_BEFORE: u8 = 1;
  export const UPDATE_AFTER: u8 = 2;
  export const DELETE: u8 = 3;
}

/** Answers of a resumable call: src/protocol/abi.ts STATUS. */
export namespace Status {
  export const DONE: i32 = 0;
  export const OUTPUT_FULL: i32 = 1;
  export const SLICE_OVER: i32 = 2;
  export const STATE_WANTED: i32 = 3;
  export const ROW_FAILED: i32 = 4;
  export const FINISHED: i32 = 5;
  export const CHUNK: i32 = 6;
  export const REQUEST: i32 = 7;
  export const FAILED: i32 = 8;
  export const WAITING: i32 = 9;
}

/** The watermark before the first one (Long.MIN_VALUE) and the one at the end of input. */
export const WATERMARK_MIN: i64 = i64.MIN_VALUE;
export const WATERMARK_MAX: i64 = i64.MAX_VALUE;

// @ts-ignore: decorator
@inline
export function align8(bytes: usize): usize {
  return (bytes + 7) & ~7;
}

/** Whether a column of this type has an offsets buffer (UTF-8 or bytes). */
export function isVariable(type: u8): bool {
  return (type >= TYPE_CHAR && type <= TYPE_STRING) || type == TYPE_VARBINARY || type == TYPE_BYTES;
}

/**
 * log2 of the bytes of a fixed-width value; -1 for a bitmap (BOOLEAN), -2 for types whose values
 * lie beside the block while it is written (value-writer.ts) and for those of any length.
 */
export function widthShift(type: u8, precision: i32): i32 {
  switch (type) {
    case TYPE_BOOLEAN:
      return -1;
    case TYPE_TINYINT:
      return 0;
    case TYPE_SMALLINT:
      return 1;
    case TYPE_INT:
    case TYPE_FLOAT:
    case TYPE_DATE:
    case TYPE_INTERVAL_YEAR_MONTH:
      return 2;
    case TYPE_TIME:
      return precision <= 3 ? 2 : 3;
    case TYPE_BIGINT:
    case TYPE_DOUBLE:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_LTZ:
    case TYPE_INTERVAL_DAY_SECOND:
      return 3;
    case TYPE_DECIMAL:
      return 4;
    default:
      return -2;
  }
}
