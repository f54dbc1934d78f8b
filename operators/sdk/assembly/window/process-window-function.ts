/** ProcessWindowFunction: sees all elements of a window at once. */
import { BatchReader } from "../batch-reader";
import { ElementList, LIST_BYTES, storedListBytes, storeList } from "./element-list";
import { WindowAssigner } from "./assigner";
import { WindowEvictor } from "./evictor";
import { WindowTrigger } from "./trigger";
import { Status } from "../layout";
import { Collector, RowView } from "../row";
import { SnapshotChunk } from "./snapshot-chunk";
import { WindowFunction } from "./window-function";
import { WindowOperator } from "./window-operator";
import { FunctionWindowProcessor, WindowProcessor } from "./window-processor";
import { STATE_BYTES, WindowContext } from "./window-context";

/**
 * The elements of a window, in order of arrival (Flink: the Iterable of ProcessWindowFunction.process). Valid
 * until process() returns.
 *
 *     hottest(elements: WindowElements<Reading>): f64 {
 *       let degrees: f64 = -Infinity;
 *       for (let i = 0; i < elements.length; i++) degrees = max(degrees, elements.at(i).degrees);
 *       return degrees;
 *     }
 */
export class WindowElements<In extends RowView> {
  /** How many elements there are. */
  length: i32 = 0;
  __reader: BatchReader | null = null;
  /** A row whose key fields are the window's key, also where an evictor has left no element. */
  readonly key: In = instantiate<In>();
  private order: StaticArray<i32> = new StaticArray<i32>(0);

  /** @internal The runtime makes it. */
  constructor(private view: In) {}

  /** The i-th element, 0 <= i < length, unchecked. One view serves all: the next at() moves it. */
  at(i: i32): In {
    this.view.__index = unchecked(this.order[i]);
    return this.view;
  }

  __set(reader: BatchReader, count: i32, keep: Uint8Array | null): void {
    if (this.order.length < count) this.order = new StaticArray<i32>(count);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (keep !== null && !keep[i]) continue;
      this.order[kept++] = i;
    }
    this.length = kept;
    // Also the elements that an evictor removed are in the batch, so its first row has the key.
    this.view.__attach(reader);
    this.key.__attach(reader);
  }
}

/**
 * Called with all elements of a window (Flink: ProcessWindowFunction): what `process()` of windows takes. It
 * keeps every element until the window goes; an AggregateFunction keeps an accumulator only. Its results are
 * its own rows: what they should tell of key and window, it writes itself. They have the window's last
 * timestamp.
 *
 *     @operator
 *     class Hottest extends ProcessWindowFunction<Reading, Reading> {
 *       process(
 *         context: WindowContext,
 *         elements: WindowElements<Reading>,
 *         out: Collector<Reading>,
 *       ): void {
 *         const row = out.row();
 *         row.device = elements.key.device;
 *         row.degrees = -Infinity;
 *         for (let i = 0; i < elements.length; i++) {
 *           row.degrees = max(row.degrees, elements.at(i).degrees);
 *         }
 *         out.collect();
 *       }
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED with what its assigner or trigger refuses; OPERATOR_FAILED for a failRow() in process(), where there is no row to refuse
 */
export abstract class ProcessWindowFunction<In extends RowView, Out extends RowView>
  extends WindowFunction {
  /** Called when the window fires, and again for each late element while the lateness allows it. */
  abstract process(
    context: WindowContext,
    elements: WindowElements<In>,
    out: Collector<Out>,
  ): void;
}

/**
 * Runs a ProcessWindowFunction, with an evictor where parameters say so. The output's columns are
 * all the function's own; the key is in `elements.key`.
 */
export class ProcessWindowOperator<
  F extends ProcessWindowFunction<In, Out>,
  In extends RowView,
  Out extends RowView,
> extends WindowOperator {
  private processor: FunctionWindowProcessor<F, In, Out> = new FunctionWindowProcessor<F, In, Out>();
  private list!: ElementList;

  /** Also for an operator that gives it one row a window. */
  windowProcessor(): WindowProcessor | null {
    return this.processor;
  }

  openFunction(): i32 {
    this.list = new ElementList(this.config.inputs[0]);
    const failure = this.processor.open(this.config, this.writers[0]);
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  ownAssigner(): WindowAssigner | null {
    return this.processor.windowFunction.assigner();
  }

  ownTrigger(): WindowTrigger | null {
    return this.processor.windowFunction.trigger();
  }

  ownEvictor(): WindowEvictor | null {
    return this.processor.windowFunction.evictor();
  }

  valueBytes(): i32 {
    return LIST_BYTES + STATE_BYTES;
  }

  initialise(value: usize): void {}

  attachInput(reader: BatchReader): void {}

  add(value: usize, row: i32): void {
    this.list.append(value, this.reader, row);
  }

  mergesValues(): bool {
    return true;
  }

  mergeValues(into: usize, from: usize): void {
    this.list.appendAll(into, from);
  }

  fire(): void {
    const value = this.fired.value;
    const list = this.list;
    const count = list.load(value);
    // An evictor may have left nothing: a window without contents does not fire.
    if (count == 0) return;
    // Where windows merge, no state is that of one window (Flink refuses it as well).
    const state = this.assigner.merges ? <usize>0 : value + LIST_BYTES;
    const evictor = this.evictor;
    if (evictor === null) {
      this.processor.process(this, list.elements, count, null, state);
      return;
    }
    const keep = new Uint8Array(count);
    keep.fill(1);
    evictor.enter(this.fired.window, this.currentWatermark);
    evictor.markBefore(list.elements, count, keep);
    this.processor.process(this, list.elements, count, keep, state);
    evictor.markAfter(list.elements, count, keep);
    list.retain(value, keep);
  }

  /** The state per window stays: it goes with the window. */
  clearContents(value: usize): void {
    this.list.free(value);
  }

  functionStateBytes(): u64 {
    return this.list.held + this.processor.bytes;
  }

  storedBytes(value: usize): i32 {
    return STATE_BYTES + storedListBytes(value);
  }

  storeValue(value: usize, target: usize): void {
    memory.copy(target, value + LIST_BYTES, STATE_BYTES);
    storeList(value, target + STATE_BYTES);
  }

  loadValue(value: usize, source: usize, length: i32): void {
    memory.copy(value + LIST_BYTES, source, STATE_BYTES);
    this.list.restore(value, source + STATE_BYTES, length - STATE_BYTES);
  }

  storeKeyState(keyGroup: i32, chunk: SnapshotChunk): void {
    this.processor.storeKeyState(keyGroup, chunk);
  }

  loadKeyState(key: usize, keyLength: i32, flags: u32, value: usize, length: i32): void {
    this.processor.loadKeyState(key, keyLength, flags, value, length);
  }

  close(): void {
    this.processor.close();
    super.close();
    this.list.close();
  }
}
