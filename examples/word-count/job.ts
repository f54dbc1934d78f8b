/**
 * Word count: how often each word stands in each 1,000 lines of a text. Line n has event time n
 * seconds, so windows of 1,000 s (from second 1 on) hold 1,000 lines each.
 *
 *     millrace run examples/word-count/job.ts novel.txt
 */
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

export default async function wordCount({ env, bundle, args }: JobContext) {
  const words = await bundle("../../build/word-count.wasm");
  const lines = files(args[0] ?? "novel.txt", { lineNumbers: true, splittable: false });
  const times = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("line_number", "s");

  env
    .setParallelism(4)
    .fromSource(textLines(lines, { lineNumber: true }))
    .setParallelism(1)
    .assignTimestampsAndWatermarks(times)
    .setParallelism(1)
    .rebalance()
    .flatMap(words.operator("SplitWords"))
    .keyBy("word")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(1_000), Duration.ofSeconds(1)))
    .aggregate(count())
    .sinkTo(collectSink());
}
