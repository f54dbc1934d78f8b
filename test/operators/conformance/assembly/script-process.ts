/** A keyed process function that runs the programs of a case. */
import {
  Collector,
  KeyedContext,
  KeyedProcessFunction,
  RuntimeContext,
  Text,
  TimeDomain,
} from "millrace/sdk";
import { CaseKey, ScriptEvent, ScriptResult, SideResult } from "./rows";
import { floorMod, Operation, readProgram, Verb } from "./script";
import { openState, ScriptState } from "./script-state";

/** What made a function emit: ScriptResult.fired_by. */
const BY_ELEMENT: i32 = 0;
const BY_EVENT_TIMER: i32 = 1;
const BY_PROC_TIMER: i32 = 2;

export class ScriptProcess extends KeyedProcessFunction<CaseKey, ScriptEvent, ScriptResult> {
  private onElement: Operation[][] = [];
  private onEventTimer: Operation[] = [];
  private onProcTimer: Operation[] = [];
  private states: Map<string, ScriptState> = new Map<string, ScriptState>();
  private side!: Collector<SideResult>;
  /** The element's value, or a timer's time. */
  private v: i64 = 0;
  private by: i32 = BY_ELEMENT;

  open(context: RuntimeContext): void {
    const spec = context.parameters.get("spec");
    const states = spec.get("state").items;
    for (let i = 0; i < states.length; i++) {
      this.states.set(states[i].get("name").string(""), openState(states[i], context));
    }
    const programs = spec.get("on_element").items;
    for (let i = 0; i < programs.length; i++) this.onElement.push(readProgram(programs[i]));
    this.onEventTimer = readProgram(spec.get("on_event_timer"));
    this.onProcTimer = readProgram(spec.get("on_proc_timer"));
  }

  openProcess(context: KeyedContext<CaseKey>): void {
    this.side = context.sideOutput<SideResult>(1);
  }

  processElement(
    value: ScriptEvent,
    context: KeyedContext<CaseKey>,
    out: Collector<ScriptResult>,
  ): void {
    this.v = value.v;
    this.by = BY_ELEMENT;
    this.run(this.onElement[<i32>value.f], context, out);
  }

  onTimer(timestamp: i64, context: KeyedContext<CaseKey>, out: Collector<ScriptResult>): void {
    const event = context.timeDomain == TimeDomain.EVENT_TIME;
    this.v = timestamp;
    this.by = event ? BY_EVENT_TIMER : BY_PROC_TIMER;
    this.run(event ? this.onEventTimer : this.onProcTimer, context, out);
  }

  private run(
    program: Operation[],
    context: KeyedContext<CaseKey>,
    out: Collector<ScriptResult>,
  ): void {
    for (let i = 0; i < program.length; i++) {
      const operation = program[i];
      if (operation.verb == Verb.IF) {
        if (floorMod(this.v, operation.a) == operation.b) this.run(operation.inner, context, out);
      } else if (operation.verb == Verb.EMIT) {
        this.emit(context, out, operation.name, this.told(context, operation.name));
      } else if (operation.verb == Verb.SIDE) {
        const row = this.side.row();
        row.k = context.getCurrentKey().k;
        row.v = this.v;
        row.fired_by = this.by;
        row.timer = this.v;
        this.side.collect();
      } else if (operation.verb <= Verb.DELETE_PROC_TIMER) {
        this.timer(context, operation);
      } else {
        this.state(context, out, operation);
      }
    }
  }

  private told(context: KeyedContext<CaseKey>, what: string): string {
    if (what == "v") return this.v.toString();
    if (what == "ts") return context.hasTimestamp ? context.timestamp.toString() : "null";
    if (what == "wm") return context.timerService().currentWatermark().toString();
    return context.timerService().currentProcessingTime().toString();
  }

  private timer(context: KeyedContext<CaseKey>, operation: Operation): void {
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

  private state(
    context: KeyedContext<CaseKey>,
    out: Collector<ScriptResult>,
    operation: Operation,
  ): void {
    const state = this.states.get(operation.name);
    const word = operation.word;
    if (operation.verb == Verb.GET) this.emit(context, out, word, state.get());
    else if (operation.verb == Verb.ADD) state.add(this.v);
    else if (operation.verb == Verb.ADD_ALL) state.addAll(this.v);
    else if (operation.verb == Verb.UPDATE) state.update(this.v);
    else if (operation.verb == Verb.REMOVE) state.remove(this.v);
    else if (operation.verb == Verb.GET_KEY) this.emit(context, out, word, state.getKey(this.v));
    else if (operation.verb == Verb.CONTAINS) {
      this.emit(context, out, word, state.contains(this.v) ? "true" : "false");
    } else if (operation.verb == Verb.IS_EMPTY) {
      this.emit(context, out, word, state.isEmpty() ? "true" : "false");
    } else {
      state.clear();
    }
  }

  private emit(
    context: KeyedContext<CaseKey>,
    out: Collector<ScriptResult>,
    what: string,
    json: string,
  ): void {
    const row = out.row();
    row.k = context.getCurrentKey().k;
    row.op = Text.from(what);
    row.v = Text.from(json);
    row.fired_by = this.by;
    row.timer = this.v;
    out.collect();
  }
}
