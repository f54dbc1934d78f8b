/**
 * `datagen`: rows from nothing. Parameters are Flink's: number-of-rows (of all subtasks together),
 * fields.NAME.kind | min | max | length | var-len | null-rate | max-past | start | end, either
 * flat or as an object `fields`; and seed. rows-per-second is the host's: it polls at that pace,
 * and the budget of a poll is the number of rows it wants.
 */
import { JsonValue } from "../../sdk/assembly/config-json";
import { BlockWriter } from "../../sdk/assembly/block-writer";
import { Status } from "../../sdk/assembly/layout";
import { Operator, collectBetweenRows } from "../../sdk/assembly/operator";
import { FieldGenerator } from "./field-generator";

const OPTIONS = [
  "kind",
  "min",
  "max",
  "length",
  "var-len",
  "null-rate",
  "max-past",
  "start",
  "end",
];

export class DatagenOperator extends Operator {
  private fields: FieldGenerator[] = [];
  private rows: i64 = i64.MAX_VALUE;
  /** Rows made so far. */
  private row: i64 = 0;

  open(): i32 {
    const config = this.config;
    const all = config.parameters.get("number-of-rows").long(-1);
    if (all < -1) return this.refuse("number-of-rows must be 0 or more, or -1 for no end");
    if (all >= 0) {
      const share = all / config.parallelism;
      this.rows = share + (all % config.parallelism > config.subtask ? 1 : 0);
    }
    const writer = this.writers[0];
    writer.hasTimestamp = false;
    const seed = <u64>config.parameters.get("seed").long(0) * 1000003 + <u64>config.subtask;
    const columns = config.outputs[0].columns;
    for (let i = 0; i < columns.length; i++) {
      const field = new FieldGenerator(
        writer.columns[i],
        columns[i].name,
        this.options(columns[i].name),
        seed * 1009 + <u64>i,
        config.subtask,
        config.parallelism,
      );
      if (field.error !== null) return this.refuse(field.error!);
      this.rows = min(this.rows, field.rows);
      this.fields.push(field);
    }
    return Status.DONE;
  }

  /** Options of a column: of the object `fields`, and flat ones `fields.NAME.OPTION`. */
  private options(name: string): JsonValue {
    const merged = new JsonValue();
    merged.kind = 5;
    const nested = this.config.parameters.get("fields").get(name);
    for (let i = 0; i < OPTIONS.length; i++) {
      const flat = this.config.parameters.get("fields." + name + "." + OPTIONS[i]);
      const value = flat.isNull() ? nested.get(OPTIONS[i]) : flat;
      if (value.isNull()) continue;
      merged.names.push(OPTIONS[i]);
      merged.items.push(value);
    }
    return merged;
  }

  sourceAssign(start: usize, length: i32): i32 {
    return Status.DONE;
  }

  sourcePoll(budget: i32): i32 {
    const writer = this.writers[0];
    let left = max(budget, 1);
    while (this.row < this.rows) {
      if (writer.full) return Status.OUTPUT_FULL;
      if (left-- <= 0) return Status.SLICE_OVER;
      this.makeRow(writer);
    }
    return writer.full ? Status.OUTPUT_FULL : Status.FINISHED;
  }

  private makeRow(writer: BlockWriter): void {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i++) unchecked(fields[i]).write(writer, this.row);
    writer.endRow();
    this.row++;
    collectBetweenRows(1);
  }
}
