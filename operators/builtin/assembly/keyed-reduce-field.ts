/**
 * `keyed_reduce_field`: for each row what all rows of its key so far come to by one field (Flink:
 * KeyedStream.sum, min, max, minBy, maxBy). Parameters {fn, field, first}. The state of a key stays.
 */
import { AnyRow, NoFunction } from "../../sdk/assembly/any-row";
import { FieldReduction, REDUCTION_BYTES } from "../../sdk/assembly/field-reduction";
import { KeyedOperator } from "../../sdk/assembly/keyed-operator";
import { RECORD_VALUE } from "../../sdk/assembly/state/state-record";
import { StateSlot } from "../../sdk/assembly/state/state-slot";
import { SnapshotChunk } from "../../sdk/assembly/window/snapshot-chunk";

/** What a key's rows come to, in its entry. */
class ReducedRow extends StateSlot {
  constructor(
    private reduction: FieldReduction,
    private typeText: string,
  ) {
    super("reduced", null);
  }

  __typeText(): string {
    return this.typeText;
  }

  __slotBytes(): i32 {
    return REDUCTION_BYTES;
  }

  __held(): u64 {
    return this.reduction.held;
  }

  __drop(entry: usize): void {
    this.reduction.drop(entry + this.offset);
  }

  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const at = entry + this.offset;
    const bytes = this.reduction.storedBytes(at);
    this.reduction.store(at, this.backend.addRecord(chunk, RECORD_VALUE, this.index, entry, bytes));
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    if (this.isPresent(entry)) this.__drop(entry);
    this.reduction.load(entry + this.offset, chunk.value);
    this.markPresent(entry);
  }
}

export class KeyedReduceFieldOperator extends KeyedOperator<NoFunction, AnyRow> {
  private reduction!: FieldReduction;
  private reduced!: ReducedRow;

  open(): i32 {
    const parameters = this.config.parameters;
    const fn = parameters.get("fn").string("");
    const field = parameters.get("field").string("");
    const first = parameters.get("first").bool(true);
    const input = this.config.inputs[0];
    const output = this.config.outputs[0];
    const reduction = new FieldReduction();
    this.reduction = reduction;
    const bound = reduction.bind(fn, field, first, input, output, output.columns.length);
    if (!bound) return this.refuse(reduction.problem!);
    this.reduced = new ReducedRow(reduction, fn + "(" + field + ")");
    return super.open();
  }

  protected usesTimers(): bool {
    return false;
  }

  protected registerStates(): void {
    this.backend.register(this.reduced);
  }

  rows(from: i32, to: i32): i32 {
    const backend = this.backend;
    const reader = this.reader;
    const reduction = this.reduction;
    const reduced = this.reduced;
    const writer = unchecked(this.writers[0]);
    backend.attach(reader, 0);
    backend.locate(from, to);
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      backend.select(i, row);
      const entry = backend.writable();
      const at = entry + reduced.offset;
      reduction.add(at, reader, row);
      reduced.markPresent(entry);
      writer.rowKind = 0;
      reduction.write(at, writer);
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }

  fire(domain: i32, time: i64): void {
    assert(false, "keyed_reduce_field has no timers");
  }
}
