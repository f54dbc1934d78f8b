/** The functions of the SDK that an `@operator` class extends, and what each one must have. */
import type { OperatorDescription } from "../protocol/manifest.ts";

/** What a type argument of the base class stands for. */
export type Role = "in" | "second" | "out" | "key" | "accumulator";

/** A method that the author writes; parameter types name roles or are types of the SDK. */
export interface MethodRule {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly returns: string;
}

export interface OperatorKind {
  /** Class of the SDK that the author extends. */
  readonly base: string;
  readonly kind: OperatorDescription["kind"];
  /** Roles of the base class's type arguments, in order. */
  readonly roles: readonly Role[];
  readonly method: readonly MethodRule[];
  /** Class of the SDK that runs it; its type arguments are the author's class and the roles. */
  readonly runner: string;
  readonly keyed: boolean;
  /** Whether its class may have onTimer(). */
  readonly timers?: boolean;
  /** Of a second input: whether it is keyed too, broadcast, or neither. */
  readonly second?: "keyed" | "broadcast" | "plain";
}

const method = (name: string, parameters: readonly string[], returns = "void"): MethodRule => ({
  name,
  parameters,
  returns,
});

/** In the parameter lists `$in`, `$out`, `$key`, `$accumulator` stand for the author's classes. */
export const OPERATOR_KINDS: readonly OperatorKind[] = [
  {
    base: "MapFunction",
    kind: "map",
    roles: ["in", "out"],
    method: [method("map", ["$in", "$out"])],
    runner: "MapOperator",
    keyed: false,
  },
  {
    base: "FilterFunction",
    kind: "filter",
    roles: ["in"],
    method: [method("filter", ["$in"], "bool")],
    runner: "FilterOperator",
    keyed: false,
  },
  {
    base: "FlatMapFunction",
    kind: "flat_map",
    roles: ["in", "out"],
    method: [method("flatMap", ["$in", "Collector<$out>"])],
    runner: "FlatMapOperator",
    keyed: false,
  },
  {
    base: "KeySelector",
    kind: "key_selector",
    roles: ["in", "key"],
    method: [method("getKey", ["$in", "$key"])],
    runner: "KeySelectorOperator",
    keyed: false,
  },
  {
    base: "ProcessFunction",
    kind: "process",
    roles: ["in", "out"],
    method: [method("processElement", ["$in", "ProcessContext", "Collector<$out>"])],
    runner: "ProcessOperator",
    keyed: false,
  },
  {
    base: "AsyncFunction",
    kind: "async",
    roles: ["in", "out"],
    method: [
      method("asyncInvoke", ["$in", "HttpRequest", "ResultFuture<$out>"]),
      method("onResponse", ["$in", "HttpResponse", "ResultFuture<$out>"]),
    ],
    runner: "AsyncWaitOperator",
    keyed: false,
  },
  {
    base: "CoProcessFunction",
    kind: "process",
    roles: ["in", "second", "out"],
    method: [
      method("processElement1", ["$in", "ProcessContext", "Collector<$out>"]),
      method("processElement2", ["$second", "ProcessContext", "Collector<$out>"]),
    ],
    runner: "CoProcessOperator",
    keyed: false,
    second: "plain",
  },
  {
    base: "BroadcastProcessFunction",
    kind: "process",
    roles: ["in", "second", "out"],
    method: [
      method("processElement", ["$in", "ProcessContext", "Collector<$out>"]),
      method("processBroadcastElement", ["$second", "ProcessContext", "Collector<$out>"]),
    ],
    runner: "BroadcastProcessOperator",
    keyed: false,
    second: "broadcast",
  },
  {
    base: "KeyedProcessFunction",
    kind: "process",
    roles: ["key", "in", "out"],
    method: [method("processElement", ["$in", "KeyedContext<$key>", "Collector<$out>"])],
    runner: "KeyedProcessOperator",
    keyed: true,
    timers: true,
  },
  {
    base: "KeyedCoProcessFunction",
    kind: "process",
    roles: ["key", "in", "second", "out"],
    method: [
      method("processElement1", ["$in", "KeyedContext<$key>", "Collector<$out>"]),
      method("processElement2", ["$second", "KeyedContext<$key>", "Collector<$out>"]),
    ],
    runner: "KeyedCoProcessOperator",
    keyed: true,
    timers: true,
    second: "keyed",
  },
  {
    base: "KeyedBroadcastProcessFunction",
    kind: "process",
    roles: ["key", "in", "second", "out"],
    method: [
      method("processElement", ["$in", "KeyedContext<$key>", "Collector<$out>"]),
      method("processBroadcastElement", [
        "$second",
        "KeyedBroadcastContext<$key>",
        "Collector<$out>",
      ]),
    ],
    runner: "KeyedBroadcastProcessOperator",
    keyed: true,
    timers: true,
    second: "broadcast",
  },
  {
    base: "ProcessJoinFunction",
    kind: "interval_join",
    roles: ["in", "second", "out"],
    method: [method("processElement", ["$in", "$second", "JoinContext", "Collector<$out>"])],
    runner: "IntervalJoinOperator",
    keyed: true,
    second: "keyed",
  },
  {
    base: "JoinFunction",
    kind: "join",
    roles: ["in", "second", "out"],
    method: [method("join", ["$in", "$second", "$out"])],
    runner: "CoGroupOperator",
    keyed: true,
    second: "keyed",
  },
  {
    base: "FlatJoinFunction",
    kind: "join",
    roles: ["in", "second", "out"],
    method: [method("join", ["$in", "$second", "Collector<$out>"])],
    runner: "CoGroupOperator",
    keyed: true,
    second: "keyed",
  },
  {
    base: "CoGroupFunction",
    kind: "co_group",
    roles: ["in", "second", "out"],
    method: [
      method("coGroup", ["WindowElements<$in>", "WindowElements<$second>", "Collector<$out>"]),
    ],
    runner: "CoGroupOperator",
    keyed: true,
    second: "keyed",
  },
  {
    base: "PatternProcessFunction",
    kind: "process",
    roles: ["in", "out"],
    method: [
      method("pattern", [], "Pattern<$in>"),
      method("processMatch", ["PatternMatch<$in>", "PatternContext", "Collector<$out>"]),
    ],
    runner: "CepOperator",
    keyed: true,
  },
  {
    base: "AggregateFunction",
    kind: "aggregate",
    roles: ["in", "accumulator", "out"],
    method: [method("add", ["$in", "$accumulator"]), method("getResult", ["$accumulator", "$out"])],
    runner: "AggregateOperator",
    keyed: true,
  },
  {
    base: "ReduceFunction",
    kind: "reduce",
    roles: ["in", "accumulator", "out"],
    method: [
      method("first", ["$in", "$accumulator"]),
      method("reduce", ["$accumulator", "$in"]),
      method("getResult", ["$accumulator", "$out"]),
    ],
    runner: "ReduceOperator",
    keyed: true,
  },
  {
    base: "ProcessWindowFunction",
    kind: "process_window",
    roles: ["in", "out"],
    method: [method("process", ["WindowContext", "WindowElements<$in>", "Collector<$out>"])],
    runner: "ProcessWindowOperator",
    keyed: true,
  },
  {
    base: "WatermarkStrategy",
    kind: "watermark_strategy",
    roles: ["in"],
    method: [method("createWatermarkGenerator", ["RuntimeContext"], "WatermarkGenerator<$in>")],
    runner: "TimestampsAndWatermarksOperator",
    keyed: false,
  },
  {
    base: "SourceFunction",
    kind: "source",
    roles: ["out"],
    method: [method("poll", ["Collector<$out>"], "bool")],
    runner: "SourceOperator",
    keyed: false,
  },
  {
    base: "SinkFunction",
    kind: "sink",
    roles: ["in"],
    method: [method("write", ["$in", "RecordWriter"])],
    runner: "SinkOperator",
    keyed: false,
  },
  {
    base: "PartitionFunction",
    kind: "exchange",
    roles: ["in"],
    method: [method("partition", ["$in", "i32"], "i32")],
    runner: "PartitionOperator",
    keyed: false,
  },
];
