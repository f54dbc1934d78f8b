/**
 * `$exchange`: spreads rows over the channels of an edge (Flink: StreamPartitioner). One output per
 * channel. Part of every bundle, so a chain's last operator and its exchange share one memory.
 *
 * Rows are spread a column at a time: first each row's channel, then a list of rows for each
 * channel, then one loop per channel and column (gather-rows.ts).
 */
import { BatchReader } from "./batch-reader";
import { copyRow } from "./copy-columns";
import { gatherRows } from "./gather-rows";
import { channelsOf, hashKeys } from "./key-hash";
import { Status } from "./layout";
import { CHUNK_ROWS, RecordOperator } from "./operator";

const FORWARD: i32 = 0;
const REBALANCE: i32 = 1;
const SHUFFLE: i32 = 2;
const BROADCAST: i32 = 3;
const GLOBAL: i32 = 4;
const KEY_BY: i32 = 5;
/** Room for the rows of one run in the list of a channel, and for one row more. */
const LIST_BYTES: usize = (<usize>CHUNK_ROWS + 1) << 2;

/** Spreads by a built-in rule: parameters {partitioner}; keys are those of input 0. */
export class ExchangeOperator extends RecordOperator {
  private rule: i32 = FORWARD;
  protected channels: i32 = 1;
  /** Channel of each row of the visiting order, u32. */
  protected targets: usize = 0;
  private capacity: i32 = 0;
  private nextChannel: i32 = 0;
  private random: u64 = 0;
  /** Rows listed for each channel in the run at hand, and the lists. */
  private counts: usize = 0;
  private lists: usize = 0;
  private ready: i32 = 0;

  open(): i32 {
    this.channels = this.writers.length;
    this.counts = heap.alloc(<usize>this.channels << 2);
    // One more: a row of a pair is written to both lists.
    this.lists = heap.alloc(<usize>this.channels * LIST_BYTES + 4);
    const name = this.ruleName();
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

  protected ruleName(): string {
    return this.config.parameters.get("partitioner").string("forward");
  }

  attach(reader: BatchReader): void {
    if (reader.count > this.capacity) {
      this.capacity = max(reader.count, 1024);
      if (this.targets != 0) heap.free(this.targets);
      this.targets = heap.alloc(<usize>this.capacity << 2);
    }
    this.ready = 0;
  }

  /** Fills targets for rows [from, to). */
  selectChannels(reader: BatchReader, from: i32, to: i32): void {
    const targets = this.targets;
    if (this.rule == KEY_BY) {
      const input = this.config.inputs[0];
      hashKeys(reader, input.columns, input.keys, from, to, targets);
      channelsOf(targets, from, to, this.config.maxParallelism, this.channels);
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
    const end = this.listRows(from, to);
    for (let t = 0; t < this.channels; t++) {
      const count = load<i32>(this.counts + (<usize>t << 2));
      if (count == 0) continue;
      const list = this.lists + <usize>t * LIST_BYTES;
      gatherRows(reader, list, count, unchecked(this.writers[t]));
    }
    return end;
  }

  /** Lists the rows of each channel until one's block is full; answers the row behind the last. */
  private listRows(from: i32, to: i32): i32 {
    const counts = this.counts;
    memory.fill(counts, 0, <usize>this.channels << 2);
    let row = from;
    while (row < to) {
      // So many rows fill no block, whatever channels they go to.
      const sure = min(to, row + this.leastRoom());
      if (this.channels == 2) this.listPair(row, sure);
      else this.listAny(row, sure);
      row = sure;
      if (this.blockFilled()) return row;
    }
    return row;
  }

  /** Two channels: a row is listed in both and only its own list moves on, so nothing branches. */
  private listPair(from: i32, to: i32): void {
    const reader = this.reader;
    const targets = this.targets;
    const lists = this.lists;
    let first = lists + (<usize>load<u32>(this.counts) << 2);
    let second = lists + LIST_BYTES + (<usize>load<u32>(this.counts, 4) << 2);
    const selection = reader.selection;
    for (let i = from; i < to; i++) {
      const row = selection == 0 ? i : load<i32>(selection + (<usize>i << 2));
      const step = load<u32>(targets + (<usize>i << 2)) << 2;
      store<u32>(first, row);
      store<u32>(second, row);
      first += 4 - <usize>step;
      second += <usize>step;
    }
    store<u32>(this.counts, <u32>((first - lists) >> 2));
    store<u32>(this.counts, <u32>((second - lists - LIST_BYTES) >> 2), 4);
  }

  private listAny(from: i32, to: i32): void {
    const reader = this.reader;
    const targets = this.targets;
    const lists = this.lists;
    const counts = this.counts;
    for (let i = from; i < to; i++) {
      const channel = <usize>load<u32>(targets + (<usize>i << 2));
      const count = load<u32>(counts + (channel << 2));
      store<u32>(lists + channel * LIST_BYTES + (<usize>count << 2), reader.physical(i));
      store<u32>(counts + (channel << 2), count + 1);
    }
  }

  private leastRoom(): i32 {
    let least = i32.MAX_VALUE;
    for (let t = 0; t < this.channels; t++) least = min(least, this.roomOf(t));
    return least;
  }

  private blockFilled(): bool {
    for (let t = 0; t < this.channels; t++) if (this.roomOf(t) == 0) return true;
    return false;
  }

  // @ts-ignore: decorator
  @inline
  private roomOf(channel: i32): i32 {
    const writer = unchecked(this.writers[channel]);
    return writer.roomRows - writer.rows - load<i32>(this.counts + (<usize>channel << 2));
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
