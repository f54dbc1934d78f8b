/**
 * Word count in one file: the function given to flatMap is compiled to WebAssembly. The same job as
 * job.ts, whose operator is a bundle of its own.
 *
 *     millrace run examples/word-count/one-file.ts novel.txt
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
import { words } from "millrace/text";

export default function wordCount({ env, args }: JobContext): void {
  const lines = files(args[0] ?? "novel.txt", { lineNumbers: true, splittable: false });
  const times = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("line_number", "s");

  env
    .setParallelism(4)
    .fromSource(textLines(lines, { lineNumber: true }))
    .setParallelism(1)
    .assignTimestampsAndWatermarks(times)
    .setParallelism(1)
    .rebalance()
    .flatMap((row) => words(row.line.toLowerCase()).map((word) => ({ word })))
    .keyBy("word")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(1_000), Duration.ofSeconds(1)))
    .aggregate(count())
    .sinkTo(collectSink());
}
