/** Runs the programs of a case, whatever function they stand in. */
import { Collector, KeyedContext, RuntimeContext, Text } from "millrace/sdk";
import { CaseKey, ScriptResult, SideResult } from "./rows";
import { floorMod, Operation, readProgram, Verb } from "./script";
import { openState, ScriptState } from "./script-state";

/** What made a function emit: ScriptResult.fired_by. */
const BY_ELEMENT: i32 = 0;
const BY_EVENT_TIMER: i32 = 1;
const BY_PROC_TIMER: i32 = 2;

/** What a script may do beside state and timers of a key: a function with broadcast state says how. */
export abstract class ScriptExtension {
  abstract run(runner: ScriptRunner, operation: Operation): void;
}

export class ScriptRunner {
  states: Map<string, ScriptState> = new Map<string, ScriptState>();
  /** The element's value, or a timer's time. */
  v: i64 = 0;
  /** Whether there is a current key. */
  keyed: bool = true;
  extension: ScriptExtension | null = null;
  context!: KeyedContext<CaseKey>;
  private side!: Collector<SideResult>;
  private out!: Collector<ScriptResult>;
  private onEventTimer: Operation[] = [];
  private onProcTimer: Operation[] = [];
  private by: i32 = BY_ELEMENT;

  open(context: RuntimeContext): void {
    const spec = context.parameters.get("spec");
    const states = spec.get("state").items;
    for (let i = 0; i < states.length; i++) {
      this.states.set(states[i].get("name").string(""), openState(states[i], context));
    }
    this.onEventTimer = readProgram(spec.get("on_event_timer"));
    this.onProcTimer = readProgram(spec.get("on_proc_timer"));
  }

  openProcess(context: KeyedContext<CaseKey>): void {
    this.context = context;
    this.side = context.sideOutput<SideResult>(1);
  }

  element(program: Operation[], v: i64, out: Collector<ScriptResult>): void {
    this.v = v;
    this.by = BY_ELEMENT;
    this.out = out;
    this.run(program);
  }

  timer(timestamp: i64, isEvent: bool, out: Collector<ScriptResult>): void {
    this.v = timestamp;
    this.by = isEvent ? BY_EVENT_TIMER : BY_PROC_TIMER;
    this.out = out;
    this.run(isEvent ? this.onEventTimer : this.onProcTimer);
  }

  private run(program: Operation[]): void {
    for (let i = 0; i < program.length; i++) {
      const operation = program[i];
      if (operation.verb == Verb.IF) {
        if (floorMod(this.v, operation.a) == operation.b) this.run(operation.inner);
      } else if (operation.verb == Verb.EMIT) {
        this.emit(operation.name, this.told(operation.name));
      } else if (operation.verb == Verb.SIDE) {
        const row = this.side.row();
        if (this.keyed) row.k = this.context.getCurrentKey().k;
        row.v = this.v;
        row.fired_by = this.by;
        row.timer = this.v;
        this.side.collect();
      } else if (operation.verb <= Verb.DELETE_PROC_TIMER) {
        this.setTimer(operation);
      } else if (operation.verb < Verb.B_GET) {
        this.useState(operation);
      } else {
        this.extension!.run(this, operation);
      }
    }
  }

  private told(what: string): string {
    const context = this.context;
    if (what == "v") return this.v.toString();
    if (what == "ts") return context.hasTimestamp ? context.timestamp.toString() : "null";
    if (what == "wm") return context.timerService().currentWatermark().toString();
    return context.timerService().currentProcessingTime().toString();
  }

  private setTimer(operation: Operation): void {
    const context = this.context;
    const timers = context.timerService();
    let base: i64 = 0;
    if (operation.name == "ts") base = context.hasTimestamp ? context.timestamp : 0;
    else if (operation.name == "wm") base = timers.currentWatermark();
    else if (operation.name == "now") base = timers.currentProcessingTime();
    const time = base + operation.a;
    if (operation.verb == Verb.EVENT_TIMER) timers.registerEventTimeTimer(time);
    else if (operation.verb == Verb.DELETE_EVENT_TIMER) timers.deleteEventTimeTimer(time);
    else if (operation.verb == Verb.PROC_TIMER) timers.registerProcessingTimeTimer(time);
    else timers.deleteProcessingTimeTimer(time);
  }

  private useState(operation: Operation): void {
    const state = this.states.get(operation.name);
    const word = operation.word;
    if (operation.verb == Verb.GET) this.emit(word, state.get());
    else if (operation.verb == Verb.ADD) state.add(this.v);
    else if (operation.verb == Verb.ADD_ALL) state.addAll(this.v);
    else if (operation.verb == Verb.UPDATE) state.update(this.v);
    else if (operation.verb == Verb.REMOVE) state.remove(this.v);
    else if (operation.verb == Verb.GET_KEY) this.emit(word, state.getKey(this.v));
    else if (operation.verb == Verb.CONTAINS) {
      this.emit(word, state.contains(this.v) ? "true" : "false");
    } else if (operation.verb == Verb.IS_EMPTY) {
      this.emit(word, state.isEmpty() ? "true" : "false");
    } else {
      state.clear();
    }
  }

  emit(what: string, json: string): void {
    const row = this.out.row();
    if (this.keyed) row.k = this.context.getCurrentKey().k;
    row.op = Text.from(what);
    row.v = Text.from(json);
    row.fired_by = this.by;
    row.timer = this.v;
    this.out.collect();
  }
}

/** The programs of one input: `on_element` and its like. */
export function readPrograms(context: RuntimeContext, name: string): Operation[][] {
  const programs = context.parameters.get("spec").get(name).items;
  const read: Operation[][] = [];
  for (let i = 0; i < programs.length; i++) read.push(readProgram(programs[i]));
  return read;
}
