/** How often each word stands in each 10 lines of a text: line n has event time n seconds. */
import {
  collectSink,
  count,
  Duration,
  files,
  type JobContext,
  TumblingEventTimeWindows,
  textLines,
  WatermarkStrategy,
} from "millrace";
// Written by `millrace build`: the operators with their types.
import * as ops from "./operators/handles.ts";

export default function job({ env, args, path }: JobContext) {
  const lines = files(path(args[0] ?? "data/lines.txt"), { lineNumbers: true });
  const times = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("line_number", "s");

  env
    .fromSource(textLines(lines, { lineNumber: true }), times)
    .flatMap(ops.splitWords({ minLength: 4 }))
    .keyBy("word")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10), Duration.ofSeconds(1)))
    .aggregate(count())
    .sinkTo(collectSink());
}
