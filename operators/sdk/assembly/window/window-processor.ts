/**
 * A ProcessWindowFunction as other operators call it: of the elements that a window has kept, or of the one
 * row that an AggregateFunction or ReduceFunction has made of them.
 */
import { BatchReader } from "../batch-reader";
import { BlockWriter } from "../block-writer";
import { RuntimeContext } from "../functions";
import { ENTRY_FLAGS, ENTRY_VALUE, KeyTable } from "../key-table";
import { OpenConfig } from "../open-config";
import { Collector, RowView } from "../row";
import { resetTextScratch } from "../text";
import { ProcessWindowFunction, WindowElements } from "./process-window-function";
import { SnapshotChunk } from "./snapshot-chunk";
import { STATE_BYTES, WindowContext } from "./window-context";
import { WindowFunction } from "./window-function";
import { FiredWindow, WindowOperator } from "./window-operator";
import { KEY_GROUP_SHIFT, RECORD_KEY_STATE } from "./window-pane";

export abstract class WindowProcessor {
  protected readonly context: WindowContext = new WindowContext();
  private globalStates: KeyTable = new KeyTable(STATE_BYTES);

  /** The function, for its assigner, trigger and evictor. */
  abstract get windowFunction(): WindowFunction;
  /**
   * Opens the function; answers what is wrong, or null.
   * @param config whose first input has the columns of the elements
   */
  abstract open(config: OpenConfig, writer: BlockWriter): string | null;
  /** Calls the function: `keep` (null: all) says which elements it sees. */
  protected abstract call(elements: BatchReader, count: i32, keep: Uint8Array | null): void;
  abstract closeFunction(): void;

  /**
   * Calls the function for the operator's fired window.
   * @param state address of the STATE_BYTES that the window keeps; 0: it can have none
   */
  process(
    operator: WindowOperator,
    elements: BatchReader,
    count: i32,
    keep: Uint8Array | null,
    state: usize,
  ): void {
    const fired = operator.fired;
    const context = this.context;
    context.__enter(fired, operator.currentWatermark, operator.firedBy, operator.timerTime);
    context.__windowState = state;
    context.__globalState = this.globalState(fired);
    operator.beginResult();
    resetTextScratch();
    this.call(elements, count, keep);
  }

  private globalState(fired: FiredWindow): usize {
    const entry = this.globalStates.find(fired.key, fired.keyLength);
    if (this.globalStates.created) {
      store<u32>(entry + ENTRY_FLAGS, <u32>fired.keyGroup << KEY_GROUP_SHIFT);
    }
    return entry + ENTRY_VALUE;
  }

  get bytes(): u64 {
    return this.globalStates.bytes;
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
    this.closeFunction();
    this.globalStates.close();
  }
}

/** Of a class of an author's. */
export class FunctionWindowProcessor<
  F extends ProcessWindowFunction<In, Out>,
  In extends RowView,
  Out extends RowView,
> extends WindowProcessor {
  private fn: F = instantiate<F>();
  private elements!: WindowElements<In>;
  private collector!: Collector<Out>;

  get windowFunction(): WindowFunction {
    return this.fn;
  }

  open(config: OpenConfig, writer: BlockWriter): string | null {
    const view = instantiate<In>();
    view.__bindInput(config.inputs[0]);
    this.elements = new WindowElements<In>(view);
    this.elements.key.__bindInput(config.inputs[0]);
    this.collector = new Collector<Out>(instantiate<Out>(), writer, config.outputs[0]);
    const context = new RuntimeContext(config);
    this.fn.__context = context;
    this.fn.__configure(config.parameters);
    this.fn.__openStates(context);
    this.fn.open(context);
    return context.__problem !== null ? context.__problem : this.fn.__failure;
  }

  protected call(elements: BatchReader, count: i32, keep: Uint8Array | null): void {
    this.elements.__set(elements, count, keep);
    this.collector.begin();
    this.fn.process(this.context, this.elements, this.collector);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in a window: " + failure);
  }

  closeFunction(): void {
    this.fn.close();
  }
}
