/**
 * Windows whose function keeps one accumulator a window. With an evictor all elements are kept
 * instead, and added up when the window fires (Flink: EvictingWindowOperator with an aggregate).
 */
import { BatchReader } from "../batch-reader";
import { ElementList, LIST_BYTES, storedListBytes, storeList } from "./element-list";
import { WindowOperator } from "./window-operator";

export abstract class IncrementalWindowOperator extends WindowOperator {
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
    if (!this.evicting) return this.accumulatorBytes();
    if (this.list === null) {
      this.list = new ElementList(this.config.inputs[0]);
      this.scratch = heap.alloc(this.accumulatorBytes());
    }
    return LIST_BYTES;
  }

  initialise(value: usize): void {
    if (!this.evicting) this.begin(value);
  }

  /** Keeps an element for the evictor. */
  protected keep(value: usize, row: i32): void {
    this.list!.append(value, this.reader, row);
  }

  slicesValues(): bool {
    return !this.evicting && this.isPlain() && this.mergesValues();
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
    evictor.evict(list.elements, count, keep);
    const scratch = this.scratch;
    memory.fill(scratch, 0, this.accumulatorBytes());
    this.begin(scratch);
    this.attachInput(list.elements);
    for (let i = 0; i < count; i++) {
      if (evictor.after || keep[i]) this.accumulate(scratch, i);
    }
    this.emit(scratch);
    this.dropAccumulator(scratch);
    if (this.reader.block != 0) this.attachInput(this.reader);
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
    super.close();
  }

  functionStateBytes(): u64 {
    return this.list === null ? 0 : this.list!.held;
  }

  storedBytes(value: usize): i32 {
    return this.evicting ? storedListBytes(value) : this.storedAccumulatorBytes(value);
  }

  storeValue(value: usize, target: usize): void {
    if (this.evicting) storeList(value, target);
    else this.storeAccumulator(value, target);
  }

  loadValue(value: usize, source: usize, length: i32): void {
    if (this.evicting) this.list!.restore(value, source, length);
    else this.loadAccumulator(value, source, length);
  }
}
