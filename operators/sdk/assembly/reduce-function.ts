/**
 * ReduceFunction on a keyed stream, without a window (Flink: KeyedStream.reduce): a result for each row,
 * what has been reduced so far of its key.
 */
import { FunctionOperator, RichFunction } from "./functions";
import { KeyCodec } from "./key-codec";
import { hashValue, keyGroupOf } from "./key-hash";
import { ENTRY_FLAGS, ENTRY_VALUE, KeyTable } from "./key-table";
import { Status } from "./layout";
import { RowView } from "./row";
import { SnapshotChunk } from "./window/snapshot-chunk";
import { dropSlots, loadSlots, storedSlotBytes, storeSlots, takeGrowth } from "./state-slot";
import { KEY_GROUP_SHIFT } from "./window/window-pane";

/**
 * What has been reduced so far of a key, for each of its rows: a keyed stream without a window (Flink:
 * KeyedStream.reduce, ReduceFunction): `readings.keyBy("device").reduce(ops.runningMean)`. Flink's function
 * makes a third row of two; here `Acc` is an `@accumulator` class, which lies in the state of the row's key and
 * is changed in place. The state of a key stays for as long as the job runs.
 *
 *     @accumulator
 *     class Running {
 *       sum: f64;
 *       count: i64;
 *     }
 *
 *     @operator
 *     class RunningMean extends ReduceFunction<Reading, Running, Result> {
 *       first(value: Reading, running: Running): void {
 *         running.sum = value.degrees;
 *         running.count = 1;
 *       }
 *       reduce(running: Running, value: Reading): void {
 *         running.sum += value.degrees;
 *         running.count++;
 *       }
 *       getResult(running: Running, out: Result): void {
 *         out.total = running.sum / <f64>running.count;
 *       }
 *     }
 *
 * @throws OPERATOR_FAILED for a failRow() in getResult(), where there is no row to refuse
 */
export abstract class ReduceFunction<
  In extends RowView,
  Acc,
  Out extends RowView,
> extends RichFunction {
  /** Takes the first row of a key; all fields are 0 before. */
  abstract first(value: In, accumulator: Acc): void;
  /** Adds another row of the key. */
  abstract reduce(accumulator: Acc, value: In): void;
  /** Writes the result, for each row; the key's columns stand in front of it. */
  abstract getResult(accumulator: Acc, out: Out): void;
  /** Slots of the accumulator (state-slot.ts), generated where there are any. */
  __slots(): StaticArray<i32> {
    return [];
  }
}

/** The entry's first row has been taken. */
const FLAG_BEGUN: u32 = 1;

/** Runs a ReduceFunction. */
export class ReduceOperator<
  F extends ReduceFunction<In, Acc, Out>,
  In extends RowView,
  Acc,
  Out extends RowView,
> extends FunctionOperator<F, In> {
  private codec!: KeyCodec;
  private table!: KeyTable;
  private output: Out = instantiate<Out>();
  private generation: i32 = -1;
  private slots: StaticArray<i32> = [];
  /** Bytes of what the slots own. */
  private slotBytes: u64 = 0;
  private snapshotGroup: i32 = -1;
  private chunk: SnapshotChunk | null = null;

  open(): i32 {
    const input = this.config.inputs[0];
    this.slots = this.fn.__slots();
    this.codec = new KeyCodec(input.columns, input.keys);
    this.table = new KeyTable(this.valueBytes(), this.codec.longKey);
    this.output.__bindOutput(this.writers[0], this.config.outputs[0]);
    return super.open();
  }

  private valueBytes(): i32 {
    return <i32>((offsetof<Acc>() + 7) & ~7);
  }

  process(input: i32, block: usize, budget: i32): i32 {
    const status = super.process(input, block, budget);
    this.slotBytes += takeGrowth();
    this.stateBytes = this.table.bytes + this.slotBytes;
    return status;
  }

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const codec = this.codec;
    const table = this.table;
    const writer = unchecked(this.writers[0]);
    const longKeys = codec.longKey ? reader.data(this.config.inputs[0].keys[0]) : 0;
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      let entry: usize;
      if (longKeys != 0) entry = table.findLong(load<i64>(longKeys + (<usize>row << 3)));
      else {
        codec.encode(reader, row);
        entry = table.find(codec.start, codec.length);
      }
      if (table.created) this.begin(entry, row);
      const value = changetype<Acc>(entry + ENTRY_VALUE);
      // A key whose first row was refused has an entry, but no value.
      if (load<u32>(entry, ENTRY_FLAGS) & FLAG_BEGUN) this.fn.reduce(value, this.input);
      else this.fn.first(this.input, value);
      if (this.rowFailed(row)) return i + 1;
      store<u32>(entry, load<u32>(entry, ENTRY_FLAGS) | FLAG_BEGUN, ENTRY_FLAGS);
      writer.rowKind = 0;
      codec.decode(table.keyOf(entry), table.keyLength(entry), writer);
      this.writeResult(value);
      if (writer.full) return i + 1;
    }
    return to;
  }

  private begin(entry: usize, row: i32): void {
    const input = this.config.inputs[0];
    let hash = 0;
    for (let k = 0; k < input.keys.length; k++) {
      const node = input.keys[k];
      const part = hashValue(this.reader, node, input.columns[node], row);
      hash = k == 0 ? part : hash * 31 + part;
    }
    const group = keyGroupOf(hash, this.config.maxParallelism);
    store<u32>(entry, <u32>group << KEY_GROUP_SHIFT, ENTRY_FLAGS);
  }

  // @ts-ignore: decorator
  @inline
  private writeResult(value: Acc): void {
    const writer = unchecked(this.writers[0]);
    const output = this.output;
    if (this.generation != writer.generation) {
      this.generation = writer.generation;
      output.__refresh();
    }
    output.__index = writer.rows;
    output.__set = 0;
    this.fn.getResult(value, output);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in getResult: " + failure);
    output.__complete();
    writer.endRow();
  }

  /** One chunk per key group that has contents. */
  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    if (this.snapshotGroup < 0) this.snapshotGroup = this.config.keyGroupStart;
    while (this.snapshotGroup <= this.config.keyGroupEnd) {
      const group = this.snapshotGroup++;
      const chunk = new SnapshotChunk();
      this.storeGroup(group, chunk);
      if (chunk.length == 0) continue;
      this.chunk = chunk;
      this.result.keyGroup = group;
      this.result.pointer = chunk.start;
      this.result.length = chunk.length;
      return Status.CHUNK;
    }
    this.snapshotGroup = -1;
    this.chunk = null;
    return Status.DONE;
  }

  private storeGroup(group: i32, chunk: SnapshotChunk): void {
    const table = this.table;
    const bytes = this.valueBytes();
    for (let e = table.first(); e != 0; e = table.after(e)) {
      const flags = load<u32>(e, ENTRY_FLAGS);
      if (<i32>(flags >> KEY_GROUP_SHIFT) != group) continue;
      const value = e + ENTRY_VALUE;
      const size = bytes + storedSlotBytes(value, this.slots);
      const at = chunk.add(0, flags, 0, table.keyOf(e), table.keyLength(e), size);
      memory.copy(at, value, bytes);
      storeSlots(value, this.slots, at + <usize>bytes);
    }
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    const chunk = SnapshotChunk.over(start, length);
    const bytes = this.valueBytes();
    while (chunk.next()) {
      const entry = this.table.find(chunk.key, chunk.keyBytes);
      store<u32>(entry, chunk.flags, ENTRY_FLAGS);
      memory.copy(entry + ENTRY_VALUE, chunk.value, bytes);
      loadSlots(entry + ENTRY_VALUE, this.slots, chunk.value + <usize>bytes);
    }
    return Status.DONE;
  }

  close(): void {
    const table = this.table;
    for (let e = table.first(); e != 0; e = table.after(e)) dropSlots(e + ENTRY_VALUE, this.slots);
    table.close();
    super.close();
  }
}
