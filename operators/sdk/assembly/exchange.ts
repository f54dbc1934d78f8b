/**
 * `$exchange`: spreads rows over the channels of an edge (Flink: StreamPartitioner). One output per
 * channel. Part of every bundle, so a chain's last operator and its exchange share one memory.
 *
 * Rows are scattered a column at a time: first each row's channel, then its place there, then one
 * loop per column.
 */
import { BatchReader, bitAt } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { copyRow } from "./copy-columns";
import { hashKeys, keyGroupOf, subtaskOf } from "./key-hash";
import { Status } from "./layout";
import { RecordOperator } from "./operator";

const FORWARD: i32 = 0;
const REBALANCE: i32 = 1;
const SHUFFLE: i32 = 2;
const BROADCAST: i32 = 3;
const GLOBAL: i32 = 4;
const KEY_BY: i32 = 5;

/** Spreads by a built-in rule: parameters {partitioner}; keys are those of input 0. */
export class ExchangeOperator extends RecordOperator {
  private rule: i32 = FORWARD;
  protected channels: i32 = 1;
  /** Channel of each row of the visiting order, u32. */
  protected targets: usize = 0;
  private places: usize = 0;
  private capacity: i32 = 0;
  private nextChannel: i32 = 0;
  private random: u64 = 0;
  /** Buffer of each channel for the column at hand, and text bytes used there. */
  private bases: usize = 0;
  private ready: i32 = 0;

  open(): i32 {
    this.channels = this.writers.length;
    this.bases = heap.alloc((<usize>this.channels + 1) << 2);
    const name = this.config.parameters.get("partitioner").string("forward");
    if (name == "forward") this.rule = FORWARD;
    else if (name == "rebalance" || name == "rescale") this.rule = REBALANCE;
    else if (name == "shuffle") this.rule = SHUFFLE;
    else if (name == "broadcast") this.rule = BROADCAST;
    else if (name == "global") this.rule = GLOBAL;
    else if (name == "key_by") this.rule = KEY_BY;
    else if (name != "custom") return this.refuse("unknown partitioner " + name);
    // A fixed start for each subtask keeps runs repeatable; Flink's is random.
    this.nextChannel = this.config.subtask % this.channels;
    this.random = (<u64>this.config.subtask + 1) * 0x9e3779b97f4a7c15;
    return Status.DONE;
  }

  attach(reader: BatchReader): void {
    if (reader.count > this.capacity) {
      this.capacity = max(reader.count, 1024);
      if (this.targets != 0) heap.free(this.targets);
      if (this.places != 0) heap.free(this.places);
      this.targets = heap.alloc(<usize>this.capacity << 2);
      this.places = heap.alloc(<usize>this.capacity << 2);
    }
    this.ready = 0;
  }

  /** Fills targets for rows [from, to). */
  selectChannels(reader: BatchReader, from: i32, to: i32): void {
    const targets = this.targets;
    if (this.rule == KEY_BY) {
      const input = this.config.inputs[0];
      hashKeys(reader, input.columns, input.keys, from, to, targets);
      const max = this.config.maxParallelism;
      const channels = this.channels;
      for (let i = <usize>from; i < <usize>to; i++) {
        const group = keyGroupOf(load<i32>(targets + (i << 2)), max);
        store<i32>(targets + (i << 2), subtaskOf(group, max, channels));
      }
      return;
    }
    for (let i = from; i < to; i++) store<i32>(targets + (<usize>i << 2), this.nextTarget());
  }

  private nextTarget(): i32 {
    if (this.rule == REBALANCE) {
      const channel = this.nextChannel;
      this.nextChannel = channel + 1 == this.channels ? 0 : channel + 1;
      return channel;
    }
    if (this.rule == SHUFFLE) {
      this.random ^= this.random << 13;
      this.random ^= this.random >> 7;
      this.random ^= this.random << 17;
      return <i32>(((this.random >> 32) * <u64>this.channels) >> 32);
    }
    return 0;
  }

  rows(from: i32, to: i32): i32 {
    if (this.rule == BROADCAST) return this.broadcast(from, to);
    const reader = this.reader;
    if (this.ready < to) {
      this.selectChannels(reader, max(from, this.ready), to);
      this.ready = to;
    }
    const end = this.placeRows(from, to);
    const columns = this.config.outputs[0].columns.length;
    for (let c = 0; c < columns; c++) this.scatterColumn(reader, c, from, end);
    this.scatterLanes(reader, from, end);
    return end;
  }

  /** Gives rows their places until a channel's block is full; answers the row behind the last. */
  private placeRows(from: i32, to: i32): i32 {
    const next = this.bases;
    const room = this.writers[0].roomRows;
    for (let t = 0; t < this.channels; t++) {
      store<i32>(next + (<usize>t << 2), this.writers[t].rows);
    }
    for (let i = <usize>from; i < <usize>to; i++) {
      const slot = next + (<usize>load<u32>(this.targets + (i << 2)) << 2);
      const place = load<i32>(slot);
      store<i32>(this.places + (i << 2), place);
      store<i32>(slot, place + 1);
      if (place + 1 == room) return <i32>i + 1;
    }
    return to;
  }

  private scatterColumn(reader: BatchReader, node: i32, from: i32, to: i32): void {
    const column = this.writers[0].columns[node];
    const validity = reader.validity(node);
    if (column.variable) {
      this.scatterText(reader, node, from, to);
    } else {
      for (let t = 0; t < this.channels; t++) {
        store<u32>(this.bases + (<usize>t << 2), <u32>this.writers[t].columns[node].data);
      }
      this.scatterFixed(reader, reader.data(node), column.shift, from, to);
    }
    if (validity != 0) this.scatterNulls(reader, node, validity, from, to);
  }

  private scatterFixed(reader: BatchReader, data: usize, shift: i32, from: i32, to: i32): void {
    const targets = this.targets;
    const places = this.places;
    const bases = this.bases;
    if (shift == 3 && reader.selection == 0) {
      for (let i = <usize>from; i < <usize>to; i++) {
        const base = <usize>load<u32>(bases + (<usize>load<u32>(targets + (i << 2)) << 2));
        const place = <usize>load<u32>(places + (i << 2));
        store<u64>(base + (place << 3), load<u64>(data + (i << 3)));
      }
      return;
    }
    for (let i = from; i < to; i++) {
      const at = <usize>i << 2;
      const base = <usize>load<u32>(bases + (<usize>load<u32>(targets + at) << 2));
      copyFixed(data, reader.physical(i), base, load<i32>(places + at), shift);
    }
  }

  private scatterText(reader: BatchReader, node: i32, from: i32, to: i32): void {
    const data = reader.data(node);
    const offsets = reader.offsets(node);
    const writers = this.writers;
    for (let i = from; i < to; i++) {
      const at = <usize>i << 2;
      const writer = unchecked(writers[load<i32>(this.targets + at)]);
      const column = unchecked(writer.columns[node]);
      const place = load<i32>(this.places + at);
      const value = offsets + (<usize>reader.physical(i) << 2);
      const start = load<u32>(value);
      const length = load<u32>(value, 4) - start;
      // growText copies up to the row in progress, so that has to be this one.
      if (column.used + <i32>length + 8 > column.capacity) writer.growTextAt(column, length + 8, place);
      copyShort(column.data + <usize>column.used, data + <usize>start, length);
      column.used += length;
      store<i32>(column.offsets + ((<usize>place + 1) << 2), column.used);
    }
  }

  private scatterNulls(
    reader: BatchReader,
    node: i32,
    validity: usize,
    from: i32,
    to: i32,
  ): void {
    for (let i = from; i < to; i++) {
      if (bitAt(validity, reader.physical(i))) continue;
      const at = <usize>i << 2;
      const column = this.writers[load<i32>(this.targets + at)].columns[node];
      assert(column.validity != 0, "a NULL in a column that is NOT NULL");
      const place = load<i32>(this.places + at);
      const byte = column.validity + (<usize>place >> 3);
      store<u8>(byte, load<u8>(byte) & ~(<u8>1 << (<u8>place & 7)));
      column.nulls++;
    }
  }

  private scatterLanes(reader: BatchReader, from: i32, to: i32): void {
    const full = reader.eventTime != 0 && reader.eventTimeValidity == 0 && reader.change == 0;
    for (let i = from; i < to; i++) {
      const at = <usize>i << 2;
      const row = reader.physical(i);
      const writer = unchecked(this.writers[load<i32>(this.targets + at)]);
      if (full) {
        writer.timestamp = reader.timestamp(row);
        writer.hasTimestamp = true;
      } else {
        writer.hasTimestamp = reader.hasTimestamp(row);
        if (writer.hasTimestamp) writer.timestamp = reader.timestamp(row);
        writer.rowKind = reader.rowKind(row);
      }
      writer.endRow();
    }
  }

  private broadcast(from: i32, to: i32): i32 {
    for (let i = from; i < to; i++) {
      const row = this.reader.physical(i);
      for (let t = 0; t < this.channels; t++) {
        const writer = this.writers[t];
        writer.hasTimestamp = this.reader.hasTimestamp(row);
        if (writer.hasTimestamp) writer.timestamp = this.reader.timestamp(row);
        writer.rowKind = this.reader.rowKind(row);
        copyRow(this.reader, row, writer);
        writer.endRow();
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }
}

function copyFixed(data: usize, row: i32, base: usize, place: i32, shift: i32): void {
  const from = <usize>row;
  const to = <usize>place;
  if (shift == 3) store<u64>(base + (to << 3), load<u64>(data + (from << 3)));
  else if (shift == 2) store<u32>(base + (to << 2), load<u32>(data + (from << 2)));
  else if (shift == 1) store<u16>(base + (to << 1), load<u16>(data + (from << 1)));
  else if (shift == 0) store<u8>(base + to, load<u8>(data + from));
  else {
    const byte = base + (to >> 3);
    const bit = <u8>1 << (<u8>to & 7);
    store<u8>(byte, bitAt(data, row) ? load<u8>(byte) | bit : load<u8>(byte) & ~bit);
  }
}

/**
 * Copies a short value 8 bytes at a time; may write up to 7 bytes behind it, for which the
 * caller has made room, and read as many behind the source, which lies inside the memory.
 */
// @ts-ignore: decorator
@inline
function copyShort(target: usize, source: usize, length: usize): void {
  if (length > 64) {
    memory.copy(target, source, length);
    return;
  }
  for (let i: usize = 0; i < length; i += 8) store<u64>(target + i, load<u64>(source + i));
}
