/**
 * Windows whose function keeps one accumulator a window. With an evictor all elements are kept
 * instead, and added up when the window fires (Flink: EvictingWindowOperator with an aggregate). Where a
 * ProcessWindowFunction takes the results, its state of the window lies behind the accumulator.
 */
import { BatchReader } from "../batch-reader";
import { ElementList, LIST_BYTES, storedListBytes, storeList } from "./element-list";
import { SnapshotChunk } from "./snapshot-chunk";
import { STATE_BYTES } from "./window-context";
import { WindowOperator } from "./window-operator";
import { WindowResults } from "./window-results";

export abstract class IncrementalWindowOperator extends WindowOperator {
  /** The way of results to a ProcessWindowFunction; null: they leave as they are. */
  protected results: WindowResults | null = null;
  private list: ElementList | null = null;
  private scratch: usize = 0;

  /** Bytes of an accumulator, a multiple of 8. */
  abstract accumulatorBytes(): i32;
  /** Gives a zeroed accumulator its first values. */
  abstract begin(accumulator: usize): void;
  /** Adds a row of the attached input. */
  abstract accumulate(accumulator: usize, row: i32): void;
  /** Adds what `other` holds. */
  abstract combine(accumulator: usize, other: usize): void;
  /** Emits the result; `fired` has the window. */
  abstract emit(accumulator: usize): void;

  // An accumulator is plain bytes unless a subclass says otherwise.
  /** Whether accumulators may be copied: they own no memory outside. */
  isPlain(): bool {
    return true;
  }
  /** Frees what an accumulator owns. */
  dropAccumulator(accumulator: usize): void {}
  /** Length of an accumulator in a snapshot. */
  storedAccumulatorBytes(accumulator: usize): i32 {
    return this.accumulatorBytes();
  }
  storeAccumulator(accumulator: usize, target: usize): void {
    memory.copy(target, accumulator, this.accumulatorBytes());
  }
  /** Reads what storeAccumulator wrote into a zeroed accumulator. */
  loadAccumulator(accumulator: usize, source: usize, length: i32): void {
    memory.copy(accumulator, source, length);
  }

  // @ts-ignore: decorator
  @inline
  get evicting(): bool {
    return this.evictor !== null;
  }

  valueBytes(): i32 {
    return this.contentBytes() + this.windowStateBytes();
  }

  /** Bytes of a value without the state that a ProcessWindowFunction has of the window. */
  private contentBytes(): i32 {
    if (!this.evicting) return this.accumulatorBytes();
    if (this.list === null) {
      this.list = new ElementList(this.config.inputs[0]);
      this.scratch = heap.alloc(this.accumulatorBytes());
    }
    return LIST_BYTES;
  }

  private windowStateBytes(): i32 {
    return this.results === null ? 0 : STATE_BYTES;
  }

  /** Where the fired window's own state lies; 0: windows that merge have none (Flink refuses it as well). */
  protected get windowState(): usize {
    return this.assigner.merges ? 0 : this.fired.value + <usize>this.contentBytes();
  }

  initialise(value: usize): void {
    if (!this.evicting) this.begin(value);
  }

  /** Keeps an element for the evictor. */
  protected keep(value: usize, row: i32): void {
    this.list!.append(value, this.reader, row);
  }

  slicesValues(): bool {
    // State of a window needs the window itself, not only its slices.
    return !this.evicting && this.results === null && this.isPlain() && this.mergesValues();
  }

  mergeValues(into: usize, from: usize): void {
    if (this.evicting) this.list!.appendAll(into, from);
    else this.combine(into, from);
  }

  fire(): void {
    if (!this.evicting) this.emit(this.fired.value);
    else this.fireKept(this.fired.value);
  }

  private fireKept(value: usize): void {
    const list = this.list!;
    const count = list.load(value);
    // An evictor may have left nothing: a window without contents does not fire.
    if (count == 0) return;
    const evictor = this.evictor!;
    const keep = new Uint8Array(count);
    keep.fill(1);
    evictor.enter(this.fired.window, this.currentWatermark);
    evictor.markBefore(list.elements, count, keep);
    const scratch = this.scratch;
    memory.fill(scratch, 0, this.accumulatorBytes());
    this.begin(scratch);
    this.attachInput(list.elements);
    for (let i = 0; i < count; i++) {
      if (keep[i]) this.accumulate(scratch, i);
    }
    this.emit(scratch);
    this.dropAccumulator(scratch);
    if (this.reader.block != 0) this.attachInput(this.reader);
    evictor.markAfter(list.elements, count, keep);
    list.retain(value, keep);
  }

  clearContents(value: usize): void {
    if (this.evicting) {
      this.list!.free(value);
      return;
    }
    this.dropAccumulator(value);
    memory.fill(value, 0, this.accumulatorBytes());
  }

  close(): void {
    if (this.scratch != 0) heap.free(this.scratch);
    if (this.results !== null) this.results!.close();
    super.close();
  }

  functionStateBytes(): u64 {
    const listed = this.list === null ? 0 : this.list!.held;
    return listed + (this.results === null ? 0 : this.results!.processor.bytes);
  }

  storedBytes(value: usize): i32 {
    const contents = this.evicting ? storedListBytes(value) : this.storedAccumulatorBytes(value);
    return this.windowStateBytes() + contents;
  }

  storeValue(value: usize, target: usize): void {
    const own = this.windowStateBytes();
    memory.copy(target, value + <usize>this.contentBytes(), own);
    if (this.evicting) storeList(value, target + <usize>own);
    else this.storeAccumulator(value, target + <usize>own);
  }

  loadValue(value: usize, source: usize, length: i32): void {
    const own = this.windowStateBytes();
    memory.copy(value + <usize>this.contentBytes(), source, own);
    if (this.evicting) this.list!.restore(value, source + <usize>own, length - own);
    else this.loadAccumulator(value, source + <usize>own, length - own);
  }

  storeKeyState(keyGroup: i32, chunk: SnapshotChunk): void {
    if (this.results !== null) this.results!.processor.storeKeyState(keyGroup, chunk);
  }

  loadKeyState(key: usize, keyLength: i32, flags: u32, value: usize, length: i32): void {
    if (this.results !== null) {
      this.results!.processor.loadKeyState(key, keyLength, flags, value, length);
    }
  }
}
