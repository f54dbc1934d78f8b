/**
 * `select`: columns of the input under the names of the output, in its order. The parameter
 * `fields` ({new name: old name}) gives those that are renamed.
 */
import { BatchReader } from "../../sdk/assembly/batch-reader";
import { copyValue } from "../../sdk/assembly/copy-columns";
import { Status } from "../../sdk/assembly/layout";
import { RecordOperator } from "../../sdk/assembly/operator";

export class SelectOperator extends RecordOperator {
  private nodes: i32[] = [];

  open(): i32 {
    const fields = this.config.parameters.get("fields");
    const input = this.config.inputs[0];
    const output = this.config.outputs[0].columns;
    for (let i = 0; i < output.length; i++) {
      const source = fields.get(output[i].name).string(output[i].name);
      const node = input.indexOf(source);
      if (node < 0) return this.refuse("select of unknown field " + source);
      const column = input.columns[node];
      if (column.type != output[i].type || (column.nullable && !output[i].nullable)) {
        return this.refuse("select cannot change the type of field " + source);
      }
      this.nodes.push(node);
    }
    return Status.DONE;
  }

  attach(reader: BatchReader): void {}

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const writer = this.writers[0];
    const nodes = this.nodes;
    for (let i = from; i < to; i++) {
      const row = reader.physical(i);
      writer.hasTimestamp = reader.hasTimestamp(row);
      if (writer.hasTimestamp) writer.timestamp = reader.timestamp(row);
      writer.rowKind = reader.rowKind(row);
      for (let c = 0; c < nodes.length; c++) {
        copyValue(reader, unchecked(nodes[c]), row, writer, unchecked(writer.columns[c]));
      }
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }
}
