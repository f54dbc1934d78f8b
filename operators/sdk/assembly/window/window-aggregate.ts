/**
 * `window_aggregate`: count, sum, min, max, avg of fields in windows, bound to columns when it
 * is opened. NULLs are left out, as in SQL; over no value sum, min, max and avg are
 * NULL. Integer sums wrap, as Flink's.
 *
 * Value per key and window: of each aggregate {accumulated u64, count of values u64}, of which a
 * count has only the second and a sum over a NOT NULL column of integers only the first: both fit into half a
 * cache line with their key.
 */
import { BatchReader, bitAt } from "../batch-reader";
import { Status, TYPE_BIGINT, TYPE_DOUBLE, TYPE_FLOAT, widthShift } from "../layout";
import { readDouble, readLong, writeDouble, writeLong } from "../numeric-column";
import { IncrementalWindowOperator } from "./incremental-window";

const COUNT: i32 = 0;
const SUM: i32 = 1;
const MIN: i32 = 2;
const MAX: i32 = 3;
const AVG: i32 = 4;

class Aggregate {
  data: usize = 0;
  validity: usize = 0;
  /** Place in the value, and how many bytes. */
  offset: usize = 0;
  readonly bytes: usize;

  constructor(
    public kind: i32,
    /** Input column, or -1 for count(*). */
    public node: i32,
    public type: u8,
    public shift: i32,
    /** Output column. */
    public target: i32,
    nullable: bool,
  ) {
    const exact = type != TYPE_DOUBLE && type != TYPE_FLOAT;
    this.bytes = kind == COUNT || (kind == SUM && !nullable && exact) ? 8 : 16;
  }

  /** Whether a row at least has added to it: always where no value can be absent. */
  // @ts-ignore: decorator
  @inline
  hasValue(at: usize): bool {
    return this.bytes == 8 || load<u64>(at, 8) != 0;
  }

  /** In the present batch every row counts. */
  get countsAll(): bool {
    return this.validity == 0 && this.kind == COUNT;
  }

  /** In the present batch every row adds a BIGINT, and nothing else is kept. */
  get addsLongs(): bool {
    return this.validity == 0 && this.kind == SUM && this.bytes == 8 && this.type == TYPE_BIGINT;
  }

  get floating(): bool {
    return this.type == TYPE_DOUBLE || this.type == TYPE_FLOAT;
  }
}

export class WindowAggregateOperator extends IncrementalWindowOperator {
  private aggregates: Aggregate[] = [];
  private valueLength: usize = 0;
  /** The commonest cases, a single count(*) and a single sum of BIGINT, have no loop. */
  private countOnly: bool = false;
  private sumOnly: bool = false;
  /** The summed column of the present batch; 0: it has NULLs or sumOnly is false. */
  private summed: usize = 0;
  /** Column of window_start in the output; window_end follows. -1: not wanted. */
  private windowColumn: i32 = -1;

  openFunction(): i32 {
    const list = this.config.parameters.get("aggregates").items;
    const input = this.config.inputs[0];
    this.windowColumn = this.config.outputs[0].indexOf("window_start");
    for (let i = 0; i < list.length; i++) {
      const fn = list[i].get("fn").string("");
      const kind = ["count", "sum", "min", "max", "avg"].indexOf(fn);
      if (kind < 0) return this.refuse("unknown aggregate " + fn);
      const field = list[i].get("field").string("");
      const node = field == "" || field == "*" ? -1 : input.indexOf(field);
      if (node < 0 && kind != COUNT) return this.refuse("aggregate of unknown field " + field);
      const target = this.config.outputs[0].indexOf(list[i].get("as").string(""));
      if (target < 0) return this.refuse("aggregate without output column");
      const type = node < 0 ? <u8>0 : input.columns[node].type;
      const shift = node < 0 ? 0 : widthShift(type, input.columns[node].p1);
      const nullable = node >= 0 && input.columns[node].nullable;
      const aggregate = new Aggregate(kind, node, type, shift, target, nullable);
      aggregate.offset = this.valueLength;
      this.valueLength += aggregate.bytes;
      this.aggregates.push(aggregate);
    }
    const first = this.aggregates.length == 1 ? this.aggregates[0] : null;
    this.countOnly = first !== null && first.kind == COUNT && first.node < 0;
    this.sumOnly =
      first !== null && first.kind == SUM && first.type == TYPE_BIGINT && first.bytes == 8;
    return Status.DONE;
  }

  accumulatorBytes(): i32 {
    return <i32>this.valueLength;
  }

  begin(accumulator: usize): void {}

  mergesValues(): bool {
    return true;
  }

  combine(accumulator: usize, other: usize): void {
    const aggregates = this.aggregates;
    for (let i = 0; i < aggregates.length; i++) {
      const a = unchecked(aggregates[i]);
      mergeOne(a, accumulator + a.offset, other + a.offset);
    }
  }

  attachInput(reader: BatchReader): void {
    for (let i = 0; i < this.aggregates.length; i++) {
      const a = this.aggregates[i];
      if (a.node < 0) continue;
      a.validity = reader.validity(a.node);
      a.data = a.shift > -2 ? reader.data(a.node) : 0;
    }
    this.summed = this.sumOnly && this.aggregates[0].validity == 0 ? this.aggregates[0].data : 0;
  }

  // @ts-ignore: decorator
  @inline
  add(value: usize, row: i32): void {
    if (this.evicting) this.keep(value, row);
    else this.accumulate(value, row);
  }

  // @ts-ignore: decorator
  @inline
  accumulate(value: usize, row: i32): void {
    if (this.countOnly) {
      store<u64>(value, load<u64>(value) + 1);
    } else if (this.summed != 0) {
      store<i64>(value, load<i64>(value) + load<i64>(this.summed + (<usize>row << 3)));
    } else {
      this.addAll(value, row);
    }
  }

  addsRuns(): bool {
    return !this.evicting;
  }

  /** An aggregate at a time: each is a loop over the rows. */
  addRun(entries: usize, start: usize, from: i32, to: i32): void {
    const aggregates = this.aggregates;
    for (let i = 0; i < aggregates.length; i++) {
      const a = unchecked(aggregates[i]);
      const offset = start + a.offset;
      const next = i + 1 < aggregates.length ? unchecked(aggregates[i + 1]) : a;
      if (a.countsAll && next.addsLongs) {
        addCountsAndLongs(entries, offset, next.data, from, to);
        i++;
      } else if (a.countsAll) addCounts(entries, offset, from, to);
      else if (a.addsLongs) addLongs(entries, offset, a.data, from, to);
      else {
        for (let row = from; row < to; row++) {
          addOne(a, <usize>load<u32>(entries + (<usize>row << 2)) + offset, row);
        }
      }
    }
  }

  private addAll(value: usize, row: i32): void {
    const aggregates = this.aggregates;
    for (let i = 0; i < aggregates.length; i++) {
      const a = unchecked(aggregates[i]);
      addOne(a, value + a.offset, row);
    }
  }

  emit(accumulator: usize): void {
    this.beginKeyedResult();
    this.writeAggregates(accumulator);
    const writer = this.writers[0];
    if (this.windowColumn >= 0) {
      const row = <usize>writer.rows << 3;
      store<i64>(writer.columns[this.windowColumn].data + row, this.fired.window.start);
      store<i64>(writer.columns[this.windowColumn + 1].data + row, this.fired.window.end);
    }
    writer.endRow();
  }

  private writeAggregates(value: usize): void {
    const writer = this.writers[0];
    for (let i = 0; i < this.aggregates.length; i++) {
      const a = this.aggregates[i];
      const at = value + a.offset;
      const column = writer.columns[a.target];
      if (a.kind == COUNT) writeLong(column, writer.rows, load<i64>(at));
      else if (!a.hasValue(at)) writer.writeNull(column);
      else if (a.kind == AVG) {
        const sum = a.floating ? load<f64>(at) : <f64>load<i64>(at);
        writeDouble(column, writer.rows, sum / <f64>load<i64>(at, 8));
      } else if (a.floating) writeDouble(column, writer.rows, load<f64>(at));
      else writeLong(column, writer.rows, load<i64>(at));
    }
  }
}

/** Adds a row to one aggregate's place. */
function addOne(a: Aggregate, at: usize, row: i32): void {
  if (a.validity != 0 && !bitAt(a.validity, row)) return;
  if (a.kind == COUNT) {
    store<u64>(at, load<u64>(at) + 1);
    return;
  }
  // Without a count of values it is a sum, which starts from the zero of a new entry.
  let seen: u64 = 1;
  if (a.bytes == 16) {
    seen = load<u64>(at, 8);
    store<u64>(at, seen + 1, 8);
  }
  if (a.floating) addDouble(at, a.kind, readDouble(a.data, a.type, row), seen);
  else addLong(at, a.kind, readLong(a.data, a.shift, row), seen);
}

/** Adds what another place of the same aggregate holds. */
function mergeOne(a: Aggregate, at: usize, other: usize): void {
  if (a.kind == COUNT || (a.bytes == 8 && a.kind == SUM)) {
    store<u64>(at, load<u64>(at) + load<u64>(other));
    return;
  }
  const added = load<u64>(other, 8);
  if (added == 0) return;
  const seen = load<u64>(at, 8);
  store<u64>(at, seen + added, 8);
  if (a.floating) addDouble(at, a.kind, load<f64>(other), seen);
  else addLong(at, a.kind, load<i64>(other), seen);
}

function addCounts(entries: usize, offset: usize, from: i32, to: i32): void {
  const end = entries + (<usize>to << 2);
  for (let at = entries + (<usize>from << 2); at < end; at += 4) {
    const value = <usize>load<u32>(at) + offset;
    store<u64>(value, load<u64>(value) + 1);
  }
}

// @ts-ignore: decorator
@inline
function addCountAndLong(entries: usize, offset: usize, data: usize, ahead: usize): void {
  const value = <usize>load<u32>(entries + (ahead << 2)) + offset;
  store<u64>(value, load<u64>(value) + 1);
  store<i64>(value, load<i64>(value, 8) + load<i64>(data + (ahead << 3)), 8);
}

/** A count and, next to it, a sum, four rows a turn: one visit of the entry for both. */
function addCountsAndLongs(entries: usize, offset: usize, data: usize, from: i32, to: i32): void {
  let row = <usize>from;
  for (; row + 4 <= <usize>to; row += 4) {
    addCountAndLong(entries + (row << 2), offset, data + (row << 3), 0);
    addCountAndLong(entries + (row << 2), offset, data + (row << 3), 1);
    addCountAndLong(entries + (row << 2), offset, data + (row << 3), 2);
    addCountAndLong(entries + (row << 2), offset, data + (row << 3), 3);
  }
  for (; row < <usize>to; row++) {
    addCountAndLong(entries + (row << 2), offset, data + (row << 3), 0);
  }
}

/** Sums of BIGINT start from the zero of a new entry. */
function addLongs(entries: usize, offset: usize, data: usize, from: i32, to: i32): void {
  for (let row = <usize>from; row < <usize>to; row++) {
    const value = <usize>load<u32>(entries + (row << 2)) + offset;
    store<i64>(value, load<i64>(value) + load<i64>(data + (row << 3)));
  }
}

function addLong(at: usize, kind: i32, value: i64, seen: u64): void {
  const old = load<i64>(at);
  if (seen == 0) store<i64>(at, value);
  else if (kind == SUM || kind == AVG) store<i64>(at, old + value);
  else if (kind == MIN ? value < old : value > old) store<i64>(at, value);
}

/** Order of doubles as Java's Double.compare: NaN above all. */
function addDouble(at: usize, kind: i32, value: f64, seen: u64): void {
  const old = load<f64>(at);
  if (seen == 0) store<f64>(at, value);
  else if (kind == SUM || kind == AVG) store<f64>(at, old + value);
  else if (kind == MIN ? value < old || old != old : value > old || value != value) {
    store<f64>(at, value);
  }
}
