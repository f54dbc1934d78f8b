/** What an operator author imports: `import { FlatMapFunction, Text } from "millrace/sdk"`. */
export { AggregateFunction } from "./aggregate-function";
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
export { ProcessWindowFunction, WindowElements } from "./process-window-function";
export { ProcessContext, ProcessFunction } from "./process-function";
export { ReduceFunction } from "./reduce-function";
export { Collector } from "./row";
export { RecordWriter, SinkFunction } from "./sink-function";
export { SourceFunction } from "./source-function";
export { Text, TextParts, TextWords } from "./text";
export { Value } from "./value";
export { ValueWriter } from "./value-writer";
export { FiredBy, WindowContext } from "./window-context";
