/** ProcessWindowFunction: sees all elements of a window at once. */
import { BatchReader } from "../batch-reader";
import { ElementList, LIST_BYTES, storedListBytes, storeList } from "./element-list";
import { WindowAssigner } from "./assigner";
import { Evictor } from "./evictor";
import { WindowTrigger } from "./trigger";
import { RuntimeContext } from "../functions";
import { ENTRY_FLAGS, ENTRY_VALUE, KeyTable } from "../key-table";
import { Status } from "../layout";
import { Collector, RowView } from "../row";
import { SnapshotChunk } from "./snapshot-chunk";
import { resetTextScratch } from "../text";
import { WindowFunction } from "./window-function";
import { WindowOperator } from "./window-operator";
import { STATE_BYTES, WindowContext } from "./window-context";
import { KEY_GROUP_SHIFT, RECORD_KEY_STATE } from "./window-pane";

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
  private fn: F = instantiate<F>();
  private elements!: WindowElements<In>;
  private collector!: Collector<Out>;
  private context: WindowContext = new WindowContext();
  private list!: ElementList;
  private globalStates: KeyTable = new KeyTable(STATE_BYTES);

  openFunction(): i32 {
    const config = this.config;
    const view = instantiate<In>();
    view.__bindInput(config.inputs[0]);
    this.elements = new WindowElements<In>(view);
    this.elements.key.__bindInput(config.inputs[0]);
    this.collector = new Collector<Out>(instantiate<Out>(), this.writers[0], config.outputs[0]);
    this.list = new ElementList(config.inputs[0]);
    const context = new RuntimeContext(config);
    this.fn.__context = context;
    this.fn.__configure(config.parameters);
    this.fn.open(context);
    const failure = this.fn.__failure;
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  ownAssigner(): WindowAssigner | null {
    return this.fn.assigner();
  }

  ownTrigger(): WindowTrigger | null {
    return this.fn.trigger();
  }

  ownEvictor(): Evictor | null {
    return this.fn.evictor();
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
    const count = this.list.load(value);
    // An evictor may have left nothing: a window without contents does not fire.
    if (count == 0) return;
    const evictor = this.evictor;
    let keep: Uint8Array | null = null;
    if (evictor !== null) {
      keep = new Uint8Array(count);
      keep.fill(1);
      evictor.evict(this.list.elements, count, keep);
    }
    this.elements.__set(this.list.elements, count, evictor !== null && !evictor.after ? keep : null);
    this.setContext();
    resetTextScratch();
    this.beginResult();
    this.collector.begin();
    this.fn.process(this.context, this.elements, this.collector);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in a window: " + failure);
    if (keep !== null) this.list.retain(value, keep);
  }

  private setContext(): void {
    const context = this.context;
    const fired = this.fired;
    context.__enter(fired, this.currentWatermark, this.firedBy, this.timerTime);
    // Where windows merge, no state is that of one window (Flink refuses it as well).
    context.__windowState = this.assigner.merges ? 0 : fired.value + LIST_BYTES;
    const global = this.globalStates.find(fired.key, fired.keyLength);
    if (this.globalStates.created) {
      store<u32>(global + ENTRY_FLAGS, <u32>fired.keyGroup << KEY_GROUP_SHIFT);
    }
    context.__globalState = global + ENTRY_VALUE;
  }

  /** The state per window stays: it goes with the window. */
  clearContents(value: usize): void {
    this.list.free(value);
  }

  functionStateBytes(): u64 {
    return this.list.held + this.globalStates.bytes;
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
    const table = this.globalStates;
    for (let e = table.first(); e != 0; e = table.after(e)) {
      const flags = load<u32>(e + ENTRY_FLAGS);
      if (<i32>(flags >> KEY_GROUP_SHIFT) != keyGroup) continue;
      const at = chunk.add(RECORD_KEY_STATE, flags, 0, table.keyOf(e), table.keyLength(e), STATE_BYTES);
      memory.copy(at, e + ENTRY_VALUE, STATE_BYTES);
    }
  }

  loadKeyState(key: usize, keyLength: i32, flags: u32, value: usize, length: i32): void {
    const entry = this.globalStates.find(key, keyLength);
    store<u32>(entry + ENTRY_FLAGS, flags);
    memory.copy(entry + ENTRY_VALUE, value, length);
  }

  close(): void {
    this.fn.close();
    this.globalStates.close();
    super.close();
  }
}
