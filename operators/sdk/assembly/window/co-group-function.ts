/**
 * Two streams in the same windows (Flink: CoGroupedStreams, JoinedStreams): the elements of both that fall
 * into one window of a key are seen together when it fires.
 */
import { BatchReader } from "../batch-reader";
import { RuntimeContext } from "../functions";
import { Status } from "../layout";
import { OpenConfig } from "../open-config";
import { Collector, RowView } from "../row";
import { resetTextScratch } from "../text";
import { WindowAssigner } from "./assigner";
import { LIST_BYTES, storedListBytes, storeList } from "./element-list";
import { OneSidedEvictor } from "./evictor";
import { WindowElements } from "./process-window-function";
import { EvictionView, TaggedList } from "./tagged-list";
import { WindowTrigger } from "./trigger";
import { WindowContext } from "./window-context";
import { WindowFunction } from "./window-function";
import { WindowOperator } from "./window-operator";

/**
 * Called with the rows of both streams that have the same key and fall into the same window (Flink:
 * CoGroupFunction), also where only one stream has any: what `apply()` behind `a.coGroup(b)` takes. So it can do what a
 * join cannot: outer joins, differences, totals of both. It is called when the window fires, and again for each late
 * row while the lateness allows it; results have the window's last timestamp, ms. Every row is kept until its
 * window goes. A `failRow()` here is as a throw: `onRowError` fails
 * the task, or the window's result is undone, and dropped or told in a dead letter.
 *
 *     @operator
 *     class Silent extends CoGroupFunction<Limit, Reading, Alarm> {
 *       coGroup(limits: WindowElements<Limit>, readings: WindowElements<Reading>, out: Collector<Alarm>): void {
 *         if (readings.length > 0) return;
 *         out.row().device = limits.key.device;
 *         out.collect();
 *       }
 *     }
 */
export abstract class CoGroupFunction<
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends WindowFunction {
  /** The window at hand: its bounds, the watermark, what made it fire. It has no state. */
  readonly window: WindowContext = new WindowContext();

  /**
   * Called when the window fires; one of the two may be empty (after an evictor, both). The `key` of both has the
   * key's columns in any case.
   */
  abstract coGroup(
    left: WindowElements<Left>,
    right: WindowElements<Right>,
    out: Collector<Out>,
  ): void;
}

/** Runs a CoGroupFunction, JoinFunction or FlatJoinFunction. */
export class CoGroupOperator<
  F extends CoGroupFunction<Left, Right, Out>,
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends WindowOperator {
  private fn: F = instantiate<F>();
  private list!: TaggedList;
  private eviction!: EvictionView;
  private left!: WindowElements<Left>;
  private right!: WindowElements<Right>;
  private collector!: Collector<Out>;
  /** What a trigger is bound to while rows of the right stream come: the same, with that one as first input. */
  private swapped!: OpenConfig;
  private boundSide: i32 = 0;

  open(): i32 {
    if (this.config.inputs.length != 2) return this.refuse("it reads two streams");
    const swapped = new OpenConfig();
    swapped.inputs.push(this.config.inputs[1]);
    this.swapped = swapped;
    const status = super.open();
    if (status != Status.DONE) return status;
    this.bindTo(1);
    const assignerFault = this.assigner.fault();
    if (assignerFault !== null) return this.refuse(assignerFault + ", of the second stream");
    const triggerFault = this.trigger.fault();
    if (triggerFault !== null) return this.refuse(triggerFault + ", of the second stream");
    this.bindTo(0);
    const evictor = this.config.parameters.get("evictor");
    this.eviction = new EvictionView(evictor.get("field").string(""));
    this.evictor = OneSidedEvictor.of(evictor, this.eviction.stream);
    return Status.DONE;
  }

  openFunction(): i32 {
    const config = this.config;
    this.list = new TaggedList(config.inputs[0], config.inputs[1]);
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
    if (failure !== null) return this.refuse(failure);
    if (this.fn.evictor() === null) return Status.DONE;
    return this.refuse("evictor: a function of two streams has none of its own");
  }

  /** An author's assigner or trigger reads columns that both streams have. */
  ownAssigner(): WindowAssigner | null {
    return this.fn.assigner();
  }

  ownTrigger(): WindowTrigger | null {
    return this.fn.trigger();
  }

  /** The columns that assigner and trigger read may have other places in the other stream. */
  private bindTo(side: i32): void {
    this.boundSide = side;
    this.assigner.bind(this.config.inputs[side]);
    this.trigger.bind(side == 0 ? this.config : this.swapped);
  }

  attach(reader: BatchReader): void {
    if (this.side != this.boundSide) this.bindTo(this.side);
    super.attach(reader);
  }

  valueBytes(): i32 {
    return LIST_BYTES;
  }

  initialise(value: usize): void {}

  attachInput(reader: BatchReader): void {}

  add(value: usize, row: i32): void {
    this.list.append(value, this.side == 1, this.reader, row);
  }

  /** Late rows are counted; Flink's joins have no output for them either. */
  late(row: i32): void {
    this.rowsFailed++;
  }

  mergesValues(): bool {
    return true;
  }

  mergeValues(into: usize, from: usize): void {
    this.list.appendAll(into, from);
  }

  fire(): void {
    const list = this.list;
    const fired = this.fired;
    const value = fired.value;
    // A window without contents does not fire.
    if (load<u32>(value, 12) == 0) return;
    list.load(value, fired.key, fired.keyLength);
    const evictor = this.evictor;
    let keep: Uint8Array | null = null;
    if (evictor !== null) {
      keep = new Uint8Array(list.count);
      keep.fill(1);
      this.eviction.load(list);
      evictor.markBefore(this.eviction.elements, list.count, keep);
    }
    this.present(keep);
    this.fn.window.__enter(fired, this.currentWatermark, this.firedBy, this.timerTime);
    resetTextScratch();
    this.beginResult();
    this.collector.begin();
    this.fn.coGroup(this.left, this.right, this.collector);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in a window: " + failure);
    if (evictor === null || keep === null) return;
    evictor.markAfter(this.eviction.elements, list.count, keep);
    list.retain(value, keep);
  }

  /** Gives the function the elements of each stream for which `keep`, over both, is not 0. */
  private present(keep: Uint8Array | null): void {
    const list = this.list;
    let lefts: Uint8Array | null = null;
    let rights: Uint8Array | null = null;
    if (keep !== null) {
      lefts = new Uint8Array(list.left.count);
      rights = new Uint8Array(list.right.count);
      let l = 0;
      let r = 0;
      for (let i = 0; i < list.count; i++) {
        if (list.isRight(i)) rights[r++] = keep[i];
        else lefts[l++] = keep[i];
      }
    }
    this.left.__set(list.left.elements, list.left.count, lefts);
    this.right.__set(list.right.elements, list.right.count, rights);
  }

  clearContents(value: usize): void {
    this.list.free(value);
  }

  functionStateBytes(): u64 {
    return this.list.held;
  }

  storedBytes(value: usize): i32 {
    return storedListBytes(value);
  }

  storeValue(value: usize, target: usize): void {
    storeList(value, target);
  }

  loadValue(value: usize, source: usize, length: i32): void {
    this.list.restore(value, source, length);
  }

  close(): void {
    this.fn.close();
    super.close();
    this.list.close();
    this.eviction.close();
  }
}
