/** The package's public entry: the job builder and the client. */
export type { JobContext, JobFunction } from "./cli/job-file.ts";
export { MillraceClient } from "./client/millrace-client.ts";
export {
  createLocalEnvironment,
  type JobClient,
  type LocalEnvironmentOptions,
  LocalStreamEnvironment,
} from "./embedded/local-environment.ts";
export { MiniCluster, type MiniClusterOptions } from "./embedded/mini-cluster.ts";
export type { PlainRow, PlainValue } from "./embedded/plain-row.ts";
export {
  AsyncDataStream,
  AsyncRetryStrategies,
  type AsyncWaitOptions,
  RetryPredicates,
} from "./plan/async-data-stream.ts";
export type { AsyncRetryStrategy } from "./plan/async-parameters.ts";
export { openBundle } from "./plan/bundle-file.ts";
export {
  BroadcastConnectedStream,
  ConnectedStreams,
  KeyedConnectedStreams,
} from "./plan/connected-streams.ts";
export {
  BroadcastStream,
  DataStream,
  SingleOutputStreamOperator,
} from "./plan/data-stream.ts";
export { Duration } from "./plan/duration.ts";
export { IntervalJoin, IntervalJoined } from "./plan/interval-join.ts";
export { IterativeStream } from "./plan/iterative-stream.ts";
export type { JobSpec, JobSpecInput } from "./plan/job-spec.ts";
export {
  type CoGroupedStreams,
  JoinedStreams,
  JoinedWindows,
  KeyedPair,
  KeyedSide,
} from "./plan/joined-streams.ts";
export { KeyedStream } from "./plan/keyed-stream.ts";
export { Bundle, type OperatorHandle } from "./plan/operator-handle.ts";
export { OutputTag } from "./plan/output-tag.ts";
export type { AnyRow, Columns, RowOf, SchemaOf } from "./plan/row-type.ts";
export { schemaOf } from "./plan/schema-match.ts";
export {
  blackholeSink,
  collectSink,
  csvRecords,
  filesSink,
  json,
  printSink,
  text,
} from "./plan/sinks.ts";
export { csv, datagen, files, generated, jsonLines, socket, textLines } from "./plan/sources.ts";
export { RestartStrategies, StreamExecutionEnvironment } from "./plan/stream-environment.ts";
export { WatermarkStrategy } from "./plan/watermark-strategy.ts";
export {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountEvictor,
  CountTrigger,
  CumulativeEventTimeWindows,
  DeltaEvictor,
  DeltaTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  type Evictor,
  GlobalWindows,
  ProcessingTimeoutTrigger,
  ProcessingTimeSessionWindows,
  ProcessingTimeTrigger,
  PurgingTrigger,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TimeEvictor,
  type Trigger,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
} from "./plan/window-assigners.ts";
export { WindowedStream } from "./plan/windowed-stream.ts";
export {
  avg,
  count,
  max,
  min,
  sum,
} from "./plan/windows.ts";
export { inspectBundle } from "./protocol/bundle/inspect.ts";
export { MillraceError } from "./protocol/errors.ts";
export type { HttpEndpointInput, HttpEndpoints } from "./protocol/http-endpoint.ts";
export { parseType } from "./protocol/type-text.ts";
