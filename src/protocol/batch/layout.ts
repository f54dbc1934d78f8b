/**
 * Byte offsets of a batch block, version 2. docs/batch-layout.md explains them; the AssemblyScript
 * SDK repeats them in operators/sdk/assembly/layout.ts and a test holds the two equal.
 *
 * All numbers are little-endian. All offsets are relative to the start of the block, which is
 * 8-byte aligned, as is each buffer in it. Offset 0 means "absent".
 */

/** "MRB1" read as a little-endian u32. */
export const BATCH_MAGIC = 0x3142524d;

/** Header, 64 bytes. */
export const HEADER = {
  magic: 0, // u32
  version: 4, // u16
  flags: 6, // u16, none defined: must be 0
  byteLength: 8, // u32, whole block, a multiple of 8
  rowCount: 12, // u32
  columnCount: 16, // u32, top-level columns; they come first in the table
  nodeCount: 20, // u32, entries of the column table, children included
  columnTable: 24, // u32 offset
  eventTime: 28, // u32 offset, int64 ms per row; 0: no row has a timestamp
  eventTimeValidity: 32, // u32 offset, bit per row; 0: every row has one
  change: 36, // u32 offset, u8 ROW_KIND per row; 0: all inserts
  selection: 40, // u32 offset, u32 row indices, ascending; 0: all rows
  selectionCount: 44, // u32
  watermarks: 48, // u32 offset, WATERMARK entries ascending by row
  watermarkCount: 52, // u32
  schemaHash: 56, // u32, low word of the schema's hash (0: not stated)
  reserved: 60, // u32, must be 0
} as const;
export const HEADER_BYTES = 64;

/** Entry of the column table, 48 bytes. */
export const COLUMN = {
  type: 0, // u8 TYPE_ID
  encoding: 1, // u8 ENCODING
  flags: 2, // u16: bit 0 nullable
  nullCount: 4, // u32
  length: 8, // u32, values in this node
  validity: 12, // u32 offset, bitmap, 1 = present; 0: all present
  offsets: 16, // u32 offset, int32[length + 1] (text, bytes, ARRAY, MAP)
  data: 20, // u32 offset
  dataLength: 24, // u32 bytes of data in use
  firstChild: 28, // u32 index into the table
  childCount: 32, // u32
  parameter1: 36, // i32 precision or length
  parameter2: 40, // i32 scale
  reserved: 44, // u32, must be 0
} as const;
export const COLUMN_BYTES = 48;
export const COLUMN_FLAG_NULLABLE = 1;

/** Entry of the watermark list, 16 bytes: it holds before row `row` (row = rowCount: after the last). */
export const WATERMARK = { timestamp: 0 /* i64 */, row: 8 /* u32 */, kind: 12 /* u32 */ } as const;
export const WATERMARK_BYTES = 16;

/** What an entry of the watermark list is: a watermark, or a status, whose timestamp is 0. */
export const WATERMARK_KIND = { watermark: 0, idle: 1, active: 2 } as const;

/** How a column's values are stored. Only plain is spoken in version 1; others are refused by name. */
export const ENCODING = { plain: 0, dictionary: 1, constant: 2, stringView: 3 } as const;

/** Type numbers of the column table. */
export const TYPE_ID = {
  BOOLEAN: 1, // bit-packed
  TINYINT: 2, // int8
  SMALLINT: 3, // int16
  INT: 4, // int32
  BIGINT: 5, // int64
  FLOAT: 6, // float32
  DOUBLE: 7, // float64
  DECIMAL: 8, // int128
  CHAR: 9, // utf8
  VARCHAR: 10, // utf8
  STRING: 11, // utf8
  BINARY: 12, // fixed-size binary, parameter1 bytes each
  VARBINARY: 13, // binary
  BYTES: 14, // binary
  DATE: 15, // int32 days
  TIME: 16, // precision <= 3: int32 ms; <= 6: int64 us; <= 9: int64 ns
  TIMESTAMP: 17, // int64 in ms (precision <= 3), us (<= 6) or ns (<= 9)
  TIMESTAMP_LTZ: 18, // as TIMESTAMP, UTC
  INTERVAL_YEAR_MONTH: 19, // int32 months
  INTERVAL_DAY_SECOND: 20, // int64 ms
  ROW: 21, // struct
  ARRAY: 22, // list
  MAP: 23, // list of struct<key, value>
} as const;

/** Rounds up to the next multiple of 8. */
export function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}
