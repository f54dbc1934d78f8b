/**
 * The window operator (Flink: WindowOperator, EvictingWindowOperator): what all window functions
 * share - configuration, late elements, watermarks - around a Windowing, which keeps the windows.
 *
 * Parameters: assigner, time, size, slide, step, offset, gap, gapField, lateness (ms), trigger {type,
 * ...}, evictor {type, ...}, defaultTrigger ("end_of_stream", of global windows).
 */
import { BatchReader } from "../batch-reader";
import { copyRow } from "../copy-columns";
import { KeyBlock } from "../key-block";
import { KeyCodec } from "../key-codec";
import { hashValue, keyGroupOf } from "../key-hash";
import { Status, WATERMARK_MAX, WATERMARK_MIN } from "../layout";
import { RecordOperator } from "../operator";
import { Unit } from "../undo";
import { assignerOf, SlidingWindows, TumblingWindows, WindowAssigner } from "./assigner";
import { OneSidedEvictor, WindowEvictor } from "./evictor";
import { LazySessions } from "./lazy-sessions";
import { MergingWindows } from "./merging-windows";
import { PaneWindows } from "./pane-windows";
import { SlicedWindows, sliceWidth } from "./sliced-windows";
import { SnapshotChunk } from "./snapshot-chunk";
import { TableWindows } from "./table-windows";
import { TimeWindow } from "./time-window";
import { EventTimeTrigger, ProcessingTimeTrigger } from "./time-triggers";
import { WindowTrigger } from "./trigger";
import { triggerOf } from "./trigger-spec";
import { FiredBy } from "./window-context";
import { WindowProcessor } from "./window-processor";
import { Windowing } from "./windowing";

/** The contents of one key's window, when its function is called. */
export class FiredWindow {
  readonly window: TimeWindow = new TimeWindow();
  /** The encoded key. */
  key: usize = 0;
  keyLength: i32 = 0;
  keyGroup: i32 = 0;
  value: usize = 0;
}

export abstract class WindowOperator extends RecordOperator {
  assigner!: WindowAssigner;
  trigger!: WindowTrigger;
  evictor: WindowEvictor | null = null;
  lateness: i64 = 0;
  codec!: KeyCodec;
  /** Which input the present batch belongs to. */
  side: i32 = 0;
  private codecs: KeyCodec[] = [];
  /** What made the function run, and the timer's time. */
  firedBy: i32 = FiredBy.ELEMENT;
  timerTime: i64 = 0;
  /** Filled before fire(). */
  readonly fired: FiredWindow = new FiredWindow();
  /** The window that fires is done again without its function, which has trapped. */
  skips: bool = false;
  private windowing!: Windowing;
  /** Of the window that fires, where units are undone. */
  private unitKey: usize = 0;
  private unitKeyLength: i32 = 0;
  private failedKey: KeyBlock | null = null;
  private lateOutput: bool = false;

  /** Opens the function. */
  abstract openFunction(): i32;
  /** Its ProcessWindowFunction, for another operator that calls it; null: it has none. */
  windowProcessor(): WindowProcessor | null {
    return null;
  }
  /** The function's own assigner, trigger and evictor, which go before those of the parameters. */
  ownAssigner(): WindowAssigner | null {
    return null;
  }
  ownTrigger(): WindowTrigger | null {
    return null;
  }
  ownEvictor(): WindowEvictor | null {
    return null;
  }
  /** Bytes of the value kept per key and window. */
  abstract valueBytes(): i32;
  /** Initialises a new value; it is zeroed before. */
  abstract initialise(value: usize): void;
  /** Adds a physical row to a value. */
  abstract add(value: usize, row: i32): void;
  /** Whether mergeValues() does something. */
  abstract mergesValues(): bool;
  /** Whether values may be added up from parts of a window: they are plain bytes then. */
  slicesValues(): bool {
    return false;
  }
  /** Adds what `from` holds to `into`; `from` is dropped then. */
  abstract mergeValues(into: usize, from: usize): void;
  /**
   * Whether addRun() may stand for add(): where a row cannot be refused and nothing has to be known
   * of one before the next is looked up.
   */
  addsRuns(): bool {
    return false;
  }
  /** Adds rows [from, to), one after the other in the batch; `values` has the address of each one's value (u32), less `offset`. */
  addRun(values: usize, offset: usize, from: i32, to: i32): void {}
  /** Emits what `fired` gives. */
  abstract fire(): void;
  /** Called per batch before its rows. */
  abstract attachInput(reader: BatchReader): void;
  /** Frees what a value refers to, and zeroes what of it a purge drops. */
  abstract clearContents(value: usize): void;
  /** Length of a value in a snapshot. */
  storedBytes(value: usize): i32 {
    return this.valueBytes();
  }
  /** Writes storedBytes(value) bytes. */
  storeValue(value: usize, target: usize): void {
    memory.copy(target, value, this.valueBytes());
  }
  /** Reads what storeValue wrote into a zeroed value. */
  loadValue(value: usize, source: usize, length: i32): void {
    memory.copy(value, source, length);
  }
  /** Bytes held beside the windows' values. */
  functionStateBytes(): u64 {
    return 0;
  }
  /** Adds per-key state of a key group to a snapshot. */
  storeKeyState(keyGroup: i32, chunk: SnapshotChunk): void {}
  /** Takes a record of per-key state back. */
  loadKeyState(key: usize, keyLength: i32, flags: u32, value: usize, length: i32): void {}

  open(): i32 {
    const inputs = this.config.inputs;
    const input = inputs[0];
    const parameters = this.config.parameters;
    for (let i = 0; i < inputs.length; i++) {
      this.codecs.push(new KeyCodec(inputs[i].columns, inputs[i].keys));
    }
    this.codec = this.codecs[0];
    this.lateOutput = this.ownOutputs > 1;
    this.lateness = parameters.get("lateness").long(0);
    if (this.lateness < 0) return this.refuse("lateness: it must not be negative");
    const status = this.openFunction();
    if (status != Status.DONE) return status;
    const own = this.ownEvictor();
    const evictor = parameters.get("evictor");
    this.evictor = own !== null ? own : OneSidedEvictor.of(evictor, input);
    if (!evictor.isNull() && this.evictor === null) return this.refuse("evictor: unknown");
    if (own !== null) own.bind(this.config);
    return this.openWindowing();
  }

  private openWindowing(): i32 {
    const config = this.config;
    const own = this.ownAssigner();
    const assigner = own !== null ? own : assignerOf(config.parameters);
    if (assigner === null) return this.refuse("assigner: unknown");
    assigner.bind(config.inputs[0]);
    const fault = assigner.fault();
    if (fault !== null) return this.refuse(fault);
    this.assigner = assigner;
    const ownTrigger = this.ownTrigger();
    const endOfStream = config.parameters.get("defaultTrigger").string("") == "end_of_stream";
    const spec = config.parameters.get("trigger");
    const trigger = ownTrigger !== null ? ownTrigger : triggerOf(spec, assigner, endOfStream);
    if (trigger === null) return this.refuse("trigger: unknown");
    trigger.bind(config);
    const triggerFault = trigger.fault();
    if (triggerFault !== null) return this.refuse(triggerFault);
    this.trigger = trigger;
    // Nothing is late by a clock.
    if (!assigner.eventTime) this.lateness = 0;
    if (assigner.merges) {
      if (!trigger.canMerge()) return this.refuse("trigger: it cannot merge, but the windows do");
      if (!this.mergesValues()) return this.refuse("the function has no merge(), but the windows merge");
    }
    this.windowing = this.windowingOf();
    return Status.DONE;
  }

  /** Whether the windows have the trigger that the assigner would give them. */
  get hasDefaultTrigger(): bool {
    if (this.assigner.global) return false;
    if (this.assigner.eventTime) return this.trigger instanceof EventTimeTrigger;
    return this.trigger instanceof ProcessingTimeTrigger;
  }

  private windowingOf(): Windowing {
    const assigner = this.assigner;
    if (assigner.merges && this.hasDefaultTrigger) return new LazySessions(this);
    if (assigner.merges) return new MergingWindows(this);
    if (this.hasDefaultTrigger && assigner instanceof TumblingWindows) {
      const tumbling = assigner as TumblingWindows;
      return new PaneWindows(this, tumbling.size, tumbling.offset, tumbling.eventTime);
    }
    const sliced = this.hasDefaultTrigger && assigner.eventTime && this.slicesValues();
    if (sliced && assigner instanceof SlidingWindows) {
      const sliding = assigner as SlidingWindows;
      if (sliceWidth(sliding.size, sliding.slide) > 0) return new SlicedWindows(this, sliding);
    }
    return new TableWindows(this);
  }

  attach(reader: BatchReader): void {
    this.attachInput(reader);
    this.assigner.attach(reader);
    this.trigger.attach(reader);
    this.windowing.attach(reader);
  }

  /** Key columns of the input at hand. */
  get keyNodes(): i32[] {
    return this.config.inputs[this.side].keys;
  }

  process(input: i32, block: usize, budget: i32): i32 {
    this.side = input;
    this.codec = this.codecs[input];
    const status = super.process(input, block, budget);
    if (status == Status.DONE) this.countState();
    return status;
  }

  /** Once per batch, and when windows come or go: the host holds it against the budget. */
  countState(): void {
    this.stateBytes = this.functionStateBytes() + this.windowing.bytes;
  }

  rows(from: i32, to: i32): i32 {
    this.firedBy = FiredBy.ELEMENT;
    return this.windowing.rows(from, to);
  }

  /** Calls the function with `fired`. */
  fireWindow(): void {
    if (!this.skips) this.fire();
  }

  /** Begins the firing of a key's window; `time` is that of its timer. */
  beginWindowUnit(key: usize, keyLength: i32, time: i64): void {
    this.unitKey = key;
    this.unitKeyLength = keyLength;
    this.beginUnitOf(Unit.WINDOW, time);
  }

  protected unitUndone(): i32 {
    // Without the function it failed as well: a trigger or a merge, without which windows cannot go on.
    if (this.skips) return super.unitUndone();
    this.skips = this.windowing.undone();
    let block = this.failedKey;
    if (block === null) {
      block = new KeyBlock(this.config.inputs[0]);
      this.failedKey = block;
    }
    this.result.keyGroup = -1;
    this.result.pointer = block.of(this.unitKey, this.unitKeyLength);
    return Status.ROW_FAILED;
  }

  /** Refuses a row in rows(): answers what rows() answers then. */
  refuseRow(row: i32, i: i32, message: string): i32 {
    this.result.say(message);
    this.failedRow = row;
    return i + 1;
  }

  /** Key group of a row's key: only for new entries, which have to know it. */
  keyGroupOfRow(row: i32): i32 {
    const input = this.config.inputs[this.side];
    let hash = 0;
    for (let k = 0; k < input.keys.length; k++) {
      const node = input.keys[k];
      const part = hashValue(this.reader, node, input.columns[node], row);
      hash = k == 0 ? part : hash * 31 + part;
    }
    return keyGroupOf(hash, this.config.maxParallelism);
  }

  /** Time at which a window's contents go; MAX where that overflows (Flink: cleanupTime). */
  cleanupTime(maxTimestamp: i64): i64 {
    const time = maxTimestamp + this.lateness;
    return time >= maxTimestamp ? time : WATERMARK_MAX;
  }

  /** Whether an element that went into no window is late (wrapping, as in Flink). */
  isLate(timestamp: i64): bool {
    return this.assigner.eventTime && timestamp + this.lateness <= this.currentWatermark;
  }

  /** Counts a late element and gives it to the side output, if that is asked for. */
  late(row: i32): void {
    this.rowsFailed++;
    if (!this.lateOutput) return;
    const writer = this.writers[1];
    writer.hasTimestamp = this.reader.hasTimestamp(row);
    if (writer.hasTimestamp) writer.timestamp = this.reader.timestamp(row);
    writer.rowKind = this.reader.rowKind(row);
    copyRow(this.reader, row, writer);
    writer.endRow();
  }

  /** Gives the row in progress the window's last timestamp. */
  beginResult(): void {
    const writer = this.writers[0];
    writer.hasTimestamp = true;
    writer.timestamp = this.fired.window.maxTimestamp;
    writer.rowKind = 0;
  }

  /** The same, and the key's columns. */
  beginKeyedResult(): void {
    this.beginResult();
    this.codec.decode(this.fired.key, this.fired.keyLength, this.writers[0]);
  }

  /** Fires and cleans up what the watermark has reached, then sends it on. */
  onWatermark(timestamp: i64, budget: i32): i32 {
    if (timestamp < this.currentWatermark) return Status.DONE;
    this.currentWatermark = timestamp;
    this.firedBy = FiredBy.EVENT_TIMER;
    const status = this.windowing.fireEventTime(timestamp, budget);
    if (status != Status.DONE) return status;
    this.countState();
    this.forwardWatermark(timestamp);
    return Status.DONE;
  }

  nextTimer(domain: i32): i64 {
    return this.windowing.nextTimer(domain);
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    if (domain != PROCESSING_DOMAIN) return Status.DONE;
    this.firedBy = FiredBy.PROCESSING_TIMER;
    const status = this.windowing.fireProcessingTime(now, budget);
    if (status == Status.DONE) this.countState();
    return status;
  }

  /** By key group; the watermark is no part of a snapshot, as in Flink. */
  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    return this.windowing.snapshot();
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    this.windowing.restore(keyGroup, start, length);
    this.countState();
    return Status.DONE;
  }

  close(): void {
    this.windowing.close();
    this.currentWatermark = WATERMARK_MIN;
  }
}

const PROCESSING_DOMAIN: i32 = 1;
