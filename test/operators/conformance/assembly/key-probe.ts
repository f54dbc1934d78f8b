/** Shows what the SDK makes of a key: the hash and the key group that `$exchange` goes by. */
import { BatchReader } from "../../../../operators/sdk/assembly/batch-reader";
import { hashKeys, keyGroupOf, subtaskOf } from "../../../../operators/sdk/assembly/key-hash";
import { RecordOperator } from "../../../../operators/sdk/assembly/operator";

/** One row {hash, key_group, subtask}, all INT, for each row of the input. */
export class KeyProbeOperator extends RecordOperator {
  attach(reader: BatchReader): void {}

  rows(from: i32, to: i32): i32 {
    const input = this.config.inputs[0];
    const hashes = heap.alloc(<usize>to << 2);
    hashKeys(this.reader, input.columns, input.keys, from, to, hashes);
    const writer = this.writers[0];
    let i = from;
    while (i < to && !writer.full) {
      const hash = load<i32>(hashes + (<usize>i << 2));
      const group = keyGroupOf(hash, this.config.maxParallelism);
      const at = <usize>writer.rows << 2;
      store<i32>(writer.columns[0].data + at, hash);
      store<i32>(writer.columns[1].data + at, group);
      const subtask = subtaskOf(group, this.config.maxParallelism, this.config.parallelism);
      store<i32>(writer.columns[2].data + at, subtask);
      writer.endRow();
      i++;
    }
    heap.free(hashes);
    return i;
  }
}
