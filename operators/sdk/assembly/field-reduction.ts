/**
 * Many rows as one, by one field: sum, min, max, minBy, maxBy (Flink: SumAggregator,
 * ComparableAggregator). The result has the columns of a row: sum, min and max keep the first row
 * and change its field only; minBy and maxBy keep the row that has the extreme value.
 *
 * NULL is no value: it is left out of a sum and never the smallest or largest, as in SQL (Flink's fail).
 * Order is that of keys (key-codec.ts), so of any type that can be a key; of numbers Java's: NaN above all.
 */
import { BatchReader, bitAt } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { forgetValue } from "./generated-support";
import { KeyCodec } from "./key-codec";
import { align8, TYPE_FLOAT, widthShift } from "./layout";
import { isFloating, readDouble, readLong, writeDouble, writeLong } from "./numeric-column";
import { OpenColumn, OpenStream } from "./open-config";
import { ValueCodec } from "./state/value-codec";
import { Text, textAt } from "./text";

/** What is kept of the rows: {row u32 address u32 length, value likewise, sum 8, whether there is a value u64}. */
export const REDUCTION_BYTES: i32 = 32;
const VALUE: usize = 8;
const SUM: usize = 16;
const HAS_VALUE: usize = 24;
/** In snapshots: {u32 bytes of the row, u32 of the value, sum, whether there is one}, row padded to 8, value. */
const STORED_HEADER: i32 = 24;

export class FieldReduction {
  /** Why it cannot be opened; null: it can. */
  problem: string | null = null;
  private isSum: bool = false;
  private isMin: bool = false;
  /** The whole row of the extreme value. */
  private byRow: bool = false;
  /** Of rows with equal values the first stays. */
  private first: bool = true;
  private node: i32 = -1;
  private target: i32 = -1;
  private column!: OpenColumn;
  private shift: i32 = 0;
  private rowCodec!: KeyCodec;
  private fieldCodec!: KeyCodec;
  private bytes: ValueCodec<Text> = new ValueCodec<Text>();

  /**
   * Binds it to streams; false: see problem.
   * @param fn sum, min, max, minBy or maxBy
   * @param first of rows with equal values the first stays, else the last
   * @param output whose first `width` columns are those of the input that stay, in their order
   */
  bind(fn: string, field: string, first: bool, input: OpenStream, output: OpenStream, width: i32): bool {
    const kind = ["sum", "min", "max", "minBy", "maxBy"].indexOf(fn);
    const node = input.indexOf(field);
    const target = output.indexOf(field);
    if (kind < 0) this.problem = "unknown function " + fn;
    else if (node < 0 || target < 0 || target >= width) this.problem = fn + " of unknown field " + field;
    if (this.problem !== null) return false;
    this.isSum = kind == 0;
    this.isMin = kind == 1 || kind == 3;
    this.byRow = kind >= 3;
    this.first = first;
    this.node = node;
    this.target = target;
    this.column = input.columns[node];
    this.shift = widthShift(this.column.type, this.column.p1);
    const kept: i32[] = [];
    for (let i = 0; i < input.columns.length && kept.length < width; i++) {
      if (output.indexOf(input.columns[i].name) == kept.length) kept.push(i);
    }
    this.rowCodec = new KeyCodec(input.columns, kept);
    this.fieldCodec = new KeyCodec(input.columns, [node]);
    return true;
  }

  /** Bytes held beside the REDUCTION_BYTES of each. */
  get held(): u64 {
    return this.bytes.held;
  }

  /** Adds a row. */
  add(at: usize, reader: BatchReader, row: i32): void {
    const isFirst = load<u32>(at) == 0;
    const validity = reader.validity(this.node);
    const absent = validity != 0 && !bitAt(validity, row);
    if (this.isSum) {
      if (!absent) this.addValue(at, reader, row);
    } else if (!absent) {
      this.fieldCodec.encode(reader, row);
      const start = this.fieldCodec.start;
      if (this.wins(at, start, this.fieldCodec.length)) {
        this.bytes.write(at + VALUE, textAt(start, this.fieldCodec.length));
        store<u64>(at, 1, HAS_VALUE);
        if (this.byRow) this.keepRow(at, reader, row);
      }
    }
    if (isFirst && load<u32>(at) == 0) this.keepRow(at, reader, row);
  }

  private keepRow(at: usize, reader: BatchReader, row: i32): void {
    this.rowCodec.encode(reader, row);
    this.bytes.write(at, textAt(this.rowCodec.start, this.rowCodec.length));
  }

  /** Integers wrap at the field's width when they are written; a FLOAT is rounded at each step, as in Java. */
  private addValue(at: usize, reader: BatchReader, row: i32): void {
    const data = reader.data(this.node);
    const type = this.column.type;
    const before = load<u64>(at, HAS_VALUE) != 0;
    store<u64>(at, 1, HAS_VALUE);
    if (!isFloating(type)) {
      const value = readLong(data, this.shift, row);
      store<i64>(at, before ? load<i64>(at, SUM) + value : value, SUM);
      return;
    }
    const value = readDouble(data, type, row);
    store<f64>(at, before ? this.plus(load<f64>(at, SUM), value) : value, SUM);
  }

  private plus(a: f64, b: f64): f64 {
    return this.column.type == TYPE_FLOAT ? <f64>(<f32>a + <f32>b) : a + b;
  }

  /** Whether an encoded value takes the place of what there is. */
  private wins(at: usize, start: usize, length: i32): bool {
    if (load<u64>(at, HAS_VALUE) == 0) return true;
    const known = load<i32>(at + VALUE, 4);
    let order = memory.compare(start, <usize>load<u32>(at + VALUE), min(length, known));
    if (order == 0) order = length - known;
    if (order == 0) return !this.first;
    return this.isMin ? order < 0 : order > 0;
  }

  /** Adds what `other` holds, whose rows came later. */
  merge(at: usize, other: usize): void {
    if (load<u32>(other) == 0) return;
    const isFirst = load<u32>(at) == 0;
    const otherHas = load<u64>(other, HAS_VALUE) != 0;
    let takes = isFirst;
    if (this.isSum && otherHas) this.mergeSum(at, other);
    else if (otherHas) {
      const start = <usize>load<u32>(other + VALUE);
      const length = load<i32>(other + VALUE, 4);
      if (this.wins(at, start, length)) {
        this.bytes.write(at + VALUE, textAt(start, length));
        if (this.byRow) takes = true;
      }
    }
    if (otherHas) store<u64>(at, 1, HAS_VALUE);
    if (takes) this.bytes.write(at, textAt(<usize>load<u32>(other), load<i32>(other, 4)));
  }

  private mergeSum(at: usize, other: usize): void {
    if (load<u64>(at, HAS_VALUE) == 0) store<u64>(at, load<u64>(other, SUM), SUM);
    else if (!isFloating(this.column.type)) {
      store<i64>(at, load<i64>(at, SUM) + load<i64>(other, SUM), SUM);
    } else store<f64>(at, this.plus(load<f64>(at, SUM), load<f64>(other, SUM)), SUM);
  }

  /** Writes the columns of the result into the row in progress. */
  write(at: usize, writer: BlockWriter): void {
    this.rowCodec.decode(<usize>load<u32>(at), load<i32>(at, 4), writer);
    // The row is that of the value, or there is none but the row's own.
    if (this.byRow || load<u64>(at, HAS_VALUE) == 0) return;
    const column = writer.columns[this.target];
    forgetValue(writer, column);
    if (column.nested === null) writer.forgetNull(column);
    if (!this.isSum) {
      this.fieldCodec.decode(<usize>load<u32>(at + VALUE), load<i32>(at + VALUE, 4), writer, this.target);
    } else if (isFloating(this.column.type)) writeDouble(column, writer.rows, load<f64>(at, SUM));
    else writeLong(column, writer.rows, load<i64>(at, SUM));
  }

  /** Frees what it holds and zeroes it. */
  drop(at: usize): void {
    this.bytes.free(at);
    this.bytes.free(at + VALUE);
    memory.fill(at, 0, REDUCTION_BYTES);
  }

  storedBytes(at: usize): i32 {
    return STORED_HEADER + <i32>align8(load<u32>(at, 4)) + load<i32>(at + VALUE, 4);
  }

  store(at: usize, target: usize): void {
    store<u32>(target, load<u32>(at, 4));
    store<u32>(target, load<u32>(at + VALUE, 4), 4);
    store<u64>(target, load<u64>(at, SUM), 8);
    store<u64>(target, load<u64>(at, HAS_VALUE), 16);
    const row = target + STORED_HEADER;
    const rowBytes = load<u32>(at, 4);
    memory.copy(row, <usize>load<u32>(at), rowBytes);
    memory.copy(row + align8(rowBytes), <usize>load<u32>(at + VALUE), load<u32>(at + VALUE, 4));
  }

  /** Reads what store() wrote into a zeroed one. */
  load(at: usize, source: usize): void {
    const row = source + STORED_HEADER;
    const rowBytes = load<u32>(source);
    this.bytes.write(at, textAt(row, rowBytes));
    if (!this.isSum && load<u64>(source, 16) != 0) {
      this.bytes.write(at + VALUE, textAt(row + align8(rowBytes), load<u32>(source, 4)));
    }
    store<u64>(at, load<u64>(source, 8), SUM);
    store<u64>(at, load<u64>(source, 16), HAS_VALUE);
  }
}
