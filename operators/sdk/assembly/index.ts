/** What an operator author imports: `import { FlatMapFunction, Text } from "millrace/sdk"`. */
export { AggregateFunction } from "./window/aggregate-function";
export { JsonValue } from "./config-json";
export {
  FilterFunction,
  FlatMapFunction,
  KeySelector,
  MapFunction,
  RichFunction,
  RuntimeContext,
} from "./functions";
export { RowKind } from "./layout";
export { PartitionFunction } from "./partition-function";
export { ProcessWindowFunction, WindowElements } from "./window/process-window-function";
export { ProcessContext, ProcessFunction } from "./process-function";
export { Collector } from "./row";
export { RecordWriter, SinkFunction } from "./sink-function";
export { SourceFunction } from "./source-function";
export { Text, TextParts, TextWords } from "./text";
export { DynamicSessionWindows, WindowAssigner } from "./window/assigner";
export { TimeWindow } from "./window/time-window";
export { Trigger, TriggerContext, TriggerResult, WindowTrigger } from "./window/trigger";
export { FiredBy, WindowContext } from "./window/window-context";
