/** Functions with state of a subtask. */
import {
  CoProcessFunction,
  Collector,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  KeyedContext,
  KeyedProcessFunction,
  ListStateDescriptor,
  MapFunction,
  OperatorListState,
  ProcessContext,
  ProcessFunction,
  RuntimeContext,
  SourceFunction,
  Text,
  UnionListState,
  ValueState,
  ValueStateDescriptor,
} from "millrace/sdk";

@row
export class Word {
  word!: Text;
}

@row
export class Told {
  text!: Text;
}

/** Keeps words in a field until there are three, as Flink's BufferingSink; tells them then. */
@operator
export class Buffering extends ProcessFunction<Word, Told> {
  private buffered: string[] = [];
  private checkpointed!: OperatorListState<Text>;

  initializeState(context: FunctionInitializationContext): void {
    const store = context.getOperatorStateStore();
    this.checkpointed = store.getListState(new ListStateDescriptor<Text>("buffered"));
    if (!context.isRestored) return;
    const words = this.checkpointed.get();
    while (words.next()) this.buffered.push(words.value.toString());
  }

  snapshotState(context: FunctionSnapshotContext): void {
    this.checkpointed.clear();
    for (let i = 0; i < this.buffered.length; i++) this.checkpointed.add(Text.from(this.buffered[i]));
  }

  processElement(value: Word, context: ProcessContext, out: Collector<Told>): void {
    this.buffered.push(value.word.toString());
    if (this.buffered.length < 3) return;
    out.row().text = Text.from(this.buffered.join(" "));
    out.collect();
    this.buffered = [];
  }
}

/** Two lists by decorator, of different kinds; tells both. */
@operator
export class Lists extends MapFunction<Word, Told> {
  @state own!: OperatorListState<i64>;
  @state("everybody's") all!: UnionListState<Word>;

  map(value: Word, out: Told): void {
    let text = "";
    const own = this.own.get();
    while (own.next()) text += own.value.toString() + " ";
    text += "|";
    const all = this.all.get();
    while (all.next()) text += " " + all.value.word.toString();
    this.own.add(value.word.length);
    this.all.add(value);
    out.text = Text.from(text);
  }
}

/** Numbers from where it stood. */
@operator
export class Numbers extends SourceFunction<Told> {
  @state offset!: OperatorListState<i32>;
  private next: i32 = 0;

  initializeState(context: FunctionInitializationContext): void {
    const restored = this.offset.get();
    while (restored.next()) this.next = max(this.next, restored.value);
  }

  snapshotState(context: FunctionSnapshotContext): void {
    this.offset.clear();
    this.offset.add(this.next);
  }

  poll(out: Collector<Told>): bool {
    if (this.next == 5) return false;
    out.row().text = Text.from((this.next++).toString());
    out.collect();
    return true;
  }
}

/** Keyed state and a list of the subtask in one function; what of keyed state a hook sees. */
@operator
export class Both extends KeyedProcessFunction<Word, Word, Told> {
  @parameter writes: bool = false;
  @state count!: ValueState<i64>;
  @state snapshots!: OperatorListState<i64>;

  snapshotState(context: FunctionSnapshotContext): void {
    if (this.writes) this.count.update(9);
    this.snapshots.add(context.checkpointId * 100 + this.count.value());
  }

  processElement(value: Word, context: KeyedContext<Word>, out: Collector<Told>): void {
    this.count.update(this.count.value() + 1);
    let text = value.word.toString() + " " + this.count.value().toString() + ":";
    const seen = this.snapshots.get();
    while (seen.next()) text += " " + seen.value.toString();
    out.row().text = Text.from(text);
    out.collect();
  }
}

/** Asks for a list on a co-process function, and never for the one of the snapshot. */
@operator
export class Other extends CoProcessFunction<Word, Word, Told> {
  open(context: RuntimeContext): void {
    const store = context.getOperatorStateStore();
    store.getListState(new ListStateDescriptor<i64>("other"));
  }
  processElement1(value: Word, context: ProcessContext, out: Collector<Told>): void {}
  processElement2(value: Word, context: ProcessContext, out: Collector<Told>): void {}
}

/** Asks for the same name twice, or for keyed state: names that the compiler does not see. */
@operator
export class Wrong extends MapFunction<Word, Told> {
  @parameter what: string;

  open(context: RuntimeContext): void {
    const name = this.what + "!";
    const store = context.getOperatorStateStore();
    if (this.what == "keyed") {
      context.getState(new ValueStateDescriptor<i64>(name));
    } else {
      store.getListState(new ListStateDescriptor<i64>(name));
      store.getUnionListState(new ListStateDescriptor<Text>(name));
    }
  }
  map(value: Word, out: Told): void {}
}
