/**
 * Two streams in the same windows (Flink: CoGroupedStreams, JoinedStreams): the elements of both that fall
 * into one window of a key are seen together when it fires.
 */
import { BatchReader } from "../batch-reader";
import { RuntimeContext } from "../functions";
import { Status } from "../layout";
import { Collector, RowView } from "../row";
import { resetTextScratch } from "../text";
import { WindowAssigner } from "./assigner";
import { ElementList, LIST_BYTES, storedListBytes, storeList } from "./element-list";
import { WindowElements } from "./process-window-function";
import { WindowTrigger } from "./trigger";
import { WindowContext } from "./window-context";
import { WindowFunction } from "./window-function";
import { WindowOperator } from "./window-operator";

/** Called with the elements of both streams in a window of a key (Flink: CoGroupFunction). */
export abstract class CoGroupFunction<
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends WindowFunction {
  /** The window at hand. */
  readonly window: WindowContext = new WindowContext();

  /** Called when the window fires; one of the two may be empty. */
  abstract coGroup(
    left: WindowElements<Left>,
    right: WindowElements<Right>,
    out: Collector<Out>,
  ): void;
}

/** Called for each pair of elements in a window of a key (Flink: JoinFunction). */
export abstract class JoinFunction<
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends CoGroupFunction<Left, Right, Out> {
  /** Makes the result of a pair. */
  abstract join(left: Left, right: Right, out: Out): void;

  /** @internal Each of the left with each of the right, in order of arrival. */
  coGroup(left: WindowElements<Left>, right: WindowElements<Right>, out: Collector<Out>): void {
    for (let l = 0; l < left.length; l++) {
      for (let r = 0; r < right.length; r++) {
        this.join(left.at(l), right.at(r), out.row());
        out.collect();
      }
    }
  }
}

/** Runs a CoGroupFunction or JoinFunction: a value is the left elements, then the right ones. */
export class CoGroupOperator<
  F extends CoGroupFunction<Left, Right, Out>,
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends WindowOperator {
  private fn: F = instantiate<F>();
  private lefts!: ElementList;
  private rights!: ElementList;
  private left!: WindowElements<Left>;
  private right!: WindowElements<Right>;
  private collector!: Collector<Out>;

  openFunction(): i32 {
    const config = this.config;
    if (config.inputs.length != 2) return this.refuse("it reads two streams");
    this.lefts = new ElementList(config.inputs[0]);
    this.rights = new ElementList(config.inputs[1]);
    const left = instantiate<Left>();
    left.__bindInput(config.inputs[0]);
    this.left = new WindowElements<Left>(left);
    this.left.key.__bindInput(config.inputs[0]);
    const right = instantiate<Right>();
    right.__bindInput(config.inputs[1]);
    this.right = new WindowElements<Right>(right);
    this.right.key.__bindInput(config.inputs[1]);
    this.collector = new Collector<Out>(instantiate<Out>(), this.writers[0], config.outputs[0]);
    const context = new RuntimeContext(config);
    this.fn.__context = context;
    this.fn.__configure(config.parameters);
    this.fn.open(context);
    const failure = context.__problem !== null ? context.__problem : this.fn.__failure;
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  ownAssigner(): WindowAssigner | null {
    return this.fn.assigner();
  }

  ownTrigger(): WindowTrigger | null {
    return this.fn.trigger();
  }

  valueBytes(): i32 {
    return LIST_BYTES * 2;
  }

  initialise(value: usize): void {}

  attachInput(reader: BatchReader): void {}

  add(value: usize, row: i32): void {
    if (this.side == 0) this.lefts.append(value, this.reader, row);
    else this.rights.append(value + LIST_BYTES, this.reader, row);
  }

  mergesValues(): bool {
    return true;
  }

  mergeValues(into: usize, from: usize): void {
    this.lefts.appendAll(into, from);
    this.rights.appendAll(into + LIST_BYTES, from + LIST_BYTES);
  }

  fire(): void {
    const value = this.fired.value;
    const left = this.lefts.load(value);
    const right = this.rights.load(value + LIST_BYTES);
    // A window without contents does not fire.
    if (left + right == 0) return;
    this.left.__set(this.lefts.elements, left, null);
    this.right.__set(this.rights.elements, right, null);
    this.fn.window.__enter(this.fired, this.currentWatermark, this.firedBy, this.timerTime);
    resetTextScratch();
    this.beginResult();
    this.collector.begin();
    this.fn.coGroup(this.left, this.right, this.collector);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in a window: " + failure);
  }

  clearContents(value: usize): void {
    this.lefts.free(value);
    this.rights.free(value + LIST_BYTES);
  }

  functionStateBytes(): u64 {
    return this.lefts.held + this.rights.held;
  }

  /** The length of the left elements, they, the right ones. */
  storedBytes(value: usize): i32 {
    return 8 + storedListBytes(value) + storedListBytes(value + LIST_BYTES);
  }

  storeValue(value: usize, target: usize): void {
    const left = storedListBytes(value);
    store<u64>(target, left);
    storeList(value, target + 8);
    storeList(value + LIST_BYTES, target + 8 + left);
  }

  loadValue(value: usize, source: usize, length: i32): void {
    const left = load<i32>(source);
    this.lefts.restore(value, source + 8, left);
    this.rights.restore(value + LIST_BYTES, source + 8 + left, length - 8 - left);
  }

  close(): void {
    this.fn.close();
    super.close();
  }
}
