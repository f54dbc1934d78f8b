/** Process functions that run the programs of a case: on one stream, two, one and a broadcast one. */
import {
  BroadcastState,
  Collector,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedContext,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  KeyedStateFunction,
  MapStateDescriptor,
  RuntimeContext,
  TimeDomain,
} from "millrace/sdk";
import { CaseKey, ScriptEvent, ScriptResult } from "./rows";
import { floorMod, Operation, Verb } from "./script";
import { readPrograms, ScriptExtension, ScriptRunner } from "./script-runner";
import { sortedEntries } from "./script-state";

type Out = Collector<ScriptResult>;
type Context = KeyedContext<CaseKey>;

export class ScriptProcess extends KeyedProcessFunction<CaseKey, ScriptEvent, ScriptResult> {
  private runner: ScriptRunner = new ScriptRunner();
  private programs: Operation[][] = [];

  open(context: RuntimeContext): void {
    this.runner.open(context);
    this.programs = readPrograms(context, "on_element");
  }

  openProcess(context: Context): void {
    this.runner.openProcess(context);
  }

  processElement(value: ScriptEvent, context: Context, out: Out): void {
    this.runner.element(this.programs[<i32>value.f], value.v, out);
  }

  onTimer(timestamp: i64, context: Context, out: Out): void {
    this.runner.timer(timestamp, context.timeDomain == TimeDomain.EVENT_TIME, out);
  }
}

export class ScriptCoProcess extends KeyedCoProcessFunction<
  CaseKey,
  ScriptEvent,
  ScriptEvent,
  ScriptResult
> {
  private runner: ScriptRunner = new ScriptRunner();
  private first: Operation[][] = [];
  private second: Operation[][] = [];

  open(context: RuntimeContext): void {
    this.runner.open(context);
    this.first = readPrograms(context, "on_element1");
    this.second = readPrograms(context, "on_element2");
  }

  openProcess(context: Context): void {
    this.runner.openProcess(context);
  }

  processElement1(value: ScriptEvent, context: Context, out: Out): void {
    this.runner.element(this.first[<i32>value.f], value.v, out);
  }

  processElement2(value: ScriptEvent, context: Context, out: Out): void {
    this.runner.element(this.second[<i32>value.f], value.v, out);
  }

  onTimer(timestamp: i64, context: Context, out: Out): void {
    this.runner.timer(timestamp, context.timeDomain == TimeDomain.EVENT_TIME, out);
  }
}

export class ScriptBroadcast extends KeyedBroadcastProcessFunction<
  CaseKey,
  ScriptEvent,
  ScriptEvent,
  ScriptResult
> {
  private runner: ScriptRunner = new ScriptRunner();
  private extension!: BroadcastOperations;
  private first: Operation[][] = [];
  private second: Operation[][] = [];

  open(context: RuntimeContext): void {
    this.runner.open(context);
    this.first = readPrograms(context, "on_element1");
    this.second = readPrograms(context, "on_element2");
    const descriptor = new MapStateDescriptor<i64, i64>("broadcast");
    this.extension = new BroadcastOperations(context.getBroadcastState<i64, i64>(descriptor));
    this.runner.extension = this.extension;
  }

  openProcess(context: KeyedBroadcastContext<CaseKey>): void {
    this.runner.openProcess(context);
    this.extension.context = context;
  }

  processElement(value: ScriptEvent, context: Context, out: Out): void {
    this.runner.keyed = true;
    this.runner.element(this.first[<i32>value.f], value.v, out);
  }

  processBroadcastElement(
    value: ScriptEvent,
    context: KeyedBroadcastContext<CaseKey>,
    out: Out,
  ): void {
    this.runner.keyed = false;
    this.runner.element(this.second[<i32>value.f], value.v, out);
  }

  onTimer(timestamp: i64, context: Context, out: Out): void {
    this.runner.keyed = true;
    this.runner.timer(timestamp, context.timeDomain == TimeDomain.EVENT_TIME, out);
  }
}

/** What scripts do with broadcast state, and with the state of every key. */
class BroadcastOperations extends ScriptExtension {
  context!: KeyedBroadcastContext<CaseKey>;

  constructor(private state: BroadcastState<i64, i64>) {
    super();
  }

  run(runner: ScriptRunner, operation: Operation): void {
    const key = floorMod(runner.v, 3);
    const state = this.state;
    if (operation.verb == Verb.B_GET) {
      runner.emit(operation.word, state.contains(key) ? state.get(key).toString() : "null");
    } else if (operation.verb == Verb.B_ENTRIES) {
      runner.emit(operation.word, sortedEntries(state));
    } else if (operation.verb == Verb.B_PUT) {
      state.put(key, runner.v);
    } else if (operation.verb == Verb.B_REMOVE) {
      state.remove(key);
    } else if (operation.verb == Verb.B_CLEAR) {
      state.clear();
    } else {
      this.context.applyToKeyedState(new ApplyToState(runner, operation));
    }
  }
}

/** `apply_get` and `apply_clear`: for every key that has the state. */
class ApplyToState extends KeyedStateFunction<CaseKey> {
  constructor(
    private runner: ScriptRunner,
    private operation: Operation,
  ) {
    super();
  }

  process(key: CaseKey): void {
    const state = this.runner.states.get(this.operation.name);
    const content = state.get();
    if (content == "null" || content == "[]") return;
    if (this.operation.verb == Verb.APPLY_CLEAR) {
      state.clear();
      return;
    }
    this.runner.keyed = true;
    this.runner.emit(this.operation.word, content);
    this.runner.keyed = false;
  }
}
