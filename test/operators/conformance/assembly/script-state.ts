/** The states of a script: each kind of keyed state, of integers, behind one set of operations. */
import {
  AggregatingState,
  AggregatingStateDescriptor,
  JsonValue,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  newRow,
  ReducingState,
  ReducingStateDescriptor,
  RuntimeContext,
  StateAggregateFunction,
  StateReduceFunction,
  StateTtlConfig,
  StateVisibility,
  UpdateType,
  ValueState,
  ValueStateDescriptor,
} from "millrace/sdk";
import { Sum, SumAndCount } from "./rows";
import { floorMod } from "./script";

class Add extends StateReduceFunction<i64> {
  reduce(a: i64, b: i64): i64 {
    return a + b;
  }
}

class Gather extends StateAggregateFunction<i64, Sum, SumAndCount> {
  private result: SumAndCount = newRow<SumAndCount>();

  add(value: i64, accumulator: Sum): void {
    accumulator.sum += value;
    accumulator.count += 1;
  }

  getResult(accumulator: Sum): SumAndCount {
    this.result.sum = accumulator.sum;
    this.result.count = accumulator.count;
    return this.result;
  }
}

/** What a script does with a state; what a kind does not have does nothing. Contents are JSON. */
export abstract class ScriptState {
  abstract get(): string;
  abstract add(v: i64): void;
  abstract clear(): void;
  addAll(v: i64): void {}
  update(v: i64): void {}
  remove(v: i64): void {}
  getKey(v: i64): string {
    return "null";
  }
  contains(v: i64): bool {
    return false;
  }
  isEmpty(): bool {
    return true;
  }
}

class ScriptValue extends ScriptState {
  constructor(private state: ValueState<i64>) {
    super();
  }
  get(): string {
    if (this.state.isEmpty()) return "null";
    return this.state.value().toString();
  }
  add(v: i64): void {
    this.state.update(this.state.value() + v);
  }
  update(v: i64): void {
    this.state.update(v);
  }
  clear(): void {
    this.state.clear();
  }
}

class ScriptList extends ScriptState {
  constructor(private state: ListState<i64>) {
    super();
  }
  get(): string {
    const parts: string[] = [];
    const values = this.state.get();
    while (values.next()) parts.push(values.value.toString());
    return "[" + parts.join(",") + "]";
  }
  add(v: i64): void {
    this.state.add(v);
  }
  addAll(v: i64): void {
    this.state.addAll([v, v + 1]);
  }
  update(v: i64): void {
    this.state.update([v, v + 1]);
  }
  clear(): void {
    this.state.clear();
  }
}

class ScriptMap extends ScriptState {
  constructor(private state: MapState<i64, i64>) {
    super();
  }
  get(): string {
    return sortedEntries(this.state);
  }
  add(v: i64): void {
    this.state.put(floorMod(v, 3), v);
  }
  addAll(v: i64): void {
    this.state.put(floorMod(v, 3), v);
    this.state.put(floorMod(v, 3) + 1, v);
  }
  remove(v: i64): void {
    this.state.remove(floorMod(v, 3));
  }
  getKey(v: i64): string {
    if (!this.state.contains(floorMod(v, 3))) return "null";
    return this.state.get(floorMod(v, 3)).toString();
  }
  contains(v: i64): bool {
    return this.state.contains(floorMod(v, 3));
  }
  isEmpty(): bool {
    return this.state.isEmpty();
  }
  clear(): void {
    this.state.clear();
  }
}

/** A map's entries as JSON, sorted by key. */
export function sortedEntries(state: MapState<i64, i64>): string {
  const keys: i64[] = [];
  const values: i64[] = [];
  const entries = state.entries();
  while (entries.next()) {
    const key = entries.key;
    let at = keys.length;
    while (at > 0 && keys[at - 1] > key) at--;
    insert(keys, at, key);
    insert(values, at, entries.value);
  }
  const parts: string[] = [];
  for (let i = 0; i < keys.length; i++) {
    parts.push("[" + keys[i].toString() + "," + values[i].toString() + "]");
  }
  return "[" + parts.join(",") + "]";
}

function insert(list: i64[], at: i32, value: i64): void {
  list.push(value);
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1];
  list[at] = value;
}

class ScriptReducing extends ScriptState {
  constructor(private state: ReducingState<i64>) {
    super();
  }
  get(): string {
    if (this.state.isEmpty()) return "null";
    return this.state.get().toString();
  }
  add(v: i64): void {
    this.state.add(v);
  }
  clear(): void {
    this.state.clear();
  }
}

class ScriptAggregating extends ScriptState {
  constructor(private state: AggregatingState<i64, Sum, SumAndCount>) {
    super();
  }
  get(): string {
    if (this.state.isEmpty()) return "null";
    const result = this.state.get();
    return "[" + result.sum.toString() + "," + result.count.toString() + "]";
  }
  add(v: i64): void {
    this.state.add(v);
  }
  clear(): void {
    this.state.clear();
  }
}

/** Asks for the state that a case declares: `{ name, type, ttl? }`. */
export function openState(json: JsonValue, context: RuntimeContext): ScriptState {
  const name = json.get("name").string("");
  const type = json.get("type").string("");
  const ttl = readTtl(json.get("ttl"));
  if (type == "value") {
    const descriptor = new ValueStateDescriptor<i64>(name);
    if (ttl !== null) descriptor.enableTimeToLive(ttl);
    return new ScriptValue(context.getState<i64>(descriptor));
  }
  if (type == "list") {
    const descriptor = new ListStateDescriptor<i64>(name);
    if (ttl !== null) descriptor.enableTimeToLive(ttl);
    return new ScriptList(context.getListState<i64>(descriptor));
  }
  if (type == "map") {
    const descriptor = new MapStateDescriptor<i64, i64>(name);
    if (ttl !== null) descriptor.enableTimeToLive(ttl);
    return new ScriptMap(context.getMapState<i64, i64>(descriptor));
  }
  if (type == "reducing") {
    const descriptor = new ReducingStateDescriptor<i64>(name, new Add());
    if (ttl !== null) descriptor.enableTimeToLive(ttl);
    return new ScriptReducing(context.getReducingState<i64>(descriptor));
  }
  const descriptor = new AggregatingStateDescriptor<i64, Sum, SumAndCount>(name, new Gather());
  if (ttl !== null) descriptor.enableTimeToLive(ttl);
  return new ScriptAggregating(context.getAggregatingState<i64, Sum, SumAndCount>(descriptor));
}

function readTtl(json: JsonValue): StateTtlConfig | null {
  if (json.isNull()) return null;
  const ttl = new StateTtlConfig(json.get("ms").long(0));
  if (json.get("update").string("") == "on_read_and_write") {
    ttl.updateType = UpdateType.OnReadAndWrite;
  }
  if (json.get("visibility").string("") == "return_expired_if_not_cleaned_up") {
    ttl.stateVisibility = StateVisibility.ReturnExpiredIfNotCleanedUp;
  }
  return ttl;
}
