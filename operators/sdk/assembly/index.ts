/** What an operator author imports: `import { FlatMapFunction, Text } from "millrace/sdk"`. */
export { AsyncFunction } from "./async/async-function";
export { HttpRequest } from "./async/http-request";
export { HttpResponse } from "./async/http-response";
export { ResultFuture } from "./async/result-future";
export { JsonPath } from "./json-path-reader";
export { BroadcastState } from "./broadcast-state";
export {
  Condition,
  IterativeCondition,
  SimpleCondition,
} from "./cep/condition";
export { ConditionContext } from "./cep/condition-context";
export { Pattern, WithinType } from "./cep/pattern";
export { MatchedEvents, PatternMatch } from "./cep/pattern-match";
export { PatternContext, PatternProcessFunction } from "./cep/pattern-process-function";
export { AfterMatchSkipStrategy } from "./cep/skip-strategy";
export { JoinContext, ProcessJoinFunction } from "./interval-join";
export { BroadcastProcessFunction } from "./broadcast-process-function";
export { CoProcessFunction } from "./co-process-function";
export { AggregateFunction } from "./window/aggregate-function";
export { CoGroupFunction } from "./window/co-group-function";
export { FlatJoinFunction, JoinFunction } from "./window/join-function";
export { JsonValue } from "./config-json";
export {
  FilterFunction,
  FlatMapFunction,
  KeySelector,
  MapFunction,
  RichFunction,
  RuntimeContext,
} from "./functions";
export { KeyedBroadcastContext, KeyedBroadcastProcessFunction, KeyedStateFunction } from "./keyed-broadcast-process-function";
export { KeyedCoProcessFunction } from "./keyed-co-process-function";
export { KeyedContext, KeyedProcessFunction, TimeDomain } from "./keyed-process-function";
export { RowKind } from "./layout";
export { Logger } from "./logger";
export { Counter, Gauge, Histogram, Metric, MetricGroup } from "./metrics";
export { newRow } from "./new-row";
export { PartitionFunction } from "./partition-function";
export { ProcessWindowFunction, WindowElements } from "./window/process-window-function";
export {
  FunctionInitializationContext,
  FunctionSnapshotContext,
  OperatorStateStore,
} from "./operator-state-store";
export { ProcessContext, ProcessFunction } from "./process-function";
export { ReduceFunction } from "./reduce-function";
export { Collector } from "./row";
export { RecordWriter, SinkFunction } from "./sink-function";
export { SourceFunction } from "./source-function";
export {
  AggregatingState,
  AggregatingStateDescriptor,
  StateAggregateFunction,
} from "./state/aggregating-state";
export { ListState, ListStateDescriptor, ListValues } from "./state/list-state";
export { MapEntries, MapState, MapStateDescriptor } from "./state/map-state";
export { OperatorListState, UnionListState } from "./state/operator-list-state";
export { ReducingState, ReducingStateDescriptor, StateReduceFunction } from "./state/reducing-state";
export { StateTtlConfig, StateVisibility, UpdateType } from "./state/state-ttl";
export { ValueState, ValueStateDescriptor } from "./state/value-state";
export { Text, TextParts, TextWords } from "./text";
export {
  IngestionTimeAssigner,
  RecordTimestampAssigner,
  TimestampAssigner,
} from "./time/timestamp-assigner";
export {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  NoWatermarksGenerator,
  WatermarkGenerator,
  WatermarksWithIdleness,
} from "./time/watermark-generator";
export { WatermarkOutput } from "./time/watermark-output";
export { WatermarkOutputMultiplexer } from "./time/watermark-output-multiplexer";
export { WatermarkStrategy } from "./time/watermark-strategy";
export { TimerService } from "./timer-service";
export { Value } from "./value";
export { ValueWriter } from "./value-writer";
export { DynamicSessionWindows, WindowAssigner } from "./window/assigner";
export { TimeWindow } from "./window/time-window";
export { EvictableElements, Evictor, EvictorContext } from "./window/row-evictor";
export { Trigger, TriggerContext, TriggerResult, WindowTrigger } from "./window/trigger";
export { FiredBy, WindowContext } from "./window/window-context";
export { WindowEvictor } from "./window/evictor";
export { WindowFunction } from "./window/window-function";
