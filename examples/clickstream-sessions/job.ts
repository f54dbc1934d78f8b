/**
 * Clickstream: clicks (JSON lines) to the visits of each user, which a pause ends that depends on what was clicked, to
 * clicks that came too late for theirs, and to statistics of each hour's visits by the page on which they began.
 *
 *     millrace run examples/clickstream-sessions/job.ts                        the clicks beside it
 *     millrace run examples/clickstream-sessions/job.ts "$PWD/mine.jsonl" 900   others, a pause of 15 minutes
 */
import {
  collectSink,
  Duration,
  EventTimeSessionWindows,
  files,
  type JobContext,
  jsonLines,
  OutputTag,
  schemaOf,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "millrace";

const CLICK = schemaOf({
  user: "STRING NOT NULL",
  page: "STRING NOT NULL",
  at: "BIGINT NOT NULL",
});

export default async function clickstreamSessions({ env, bundle, path, args }: JobContext) {
  const clickstream = await bundle("../../build/clickstream-sessions.wasm");
  const [clicks = path("clicks.jsonl"), pauseSeconds = "600"] = args;
  const pause = Duration.ofSeconds(Number(pauseSeconds)).ms;
  const byClick = WatermarkStrategy.forGenerator(clickstream.operator("ByClick"));
  const tooLate = new OutputTag("too-late");

  const sessions = env
    .setParallelism(2)
    .fromSource(jsonLines(files(clicks), CLICK), byClick.withTimestampField("at", "ms"))
    // One reader: several would share a large file, and what one reads is late for the other.
    .setParallelism(1)
    .map(clickstream.operator("KeepOpen", { page: pause }))
    .keyBy("user")
    .window(EventTimeSessionWindows.withDynamicGap("open_for"))
    .allowedLateness(Duration.ofMinutes(10))
    .sideOutputLateData(tooLate)
    .process(clickstream.operator("SummarizeSession"));

  sessions.sinkTo(collectSink()).uid("sessions");
  sessions.getSideOutput(tooLate).sinkTo(collectSink()).uid("too-late");
  sessions
    .keyBy("entry")
    .window(TumblingEventTimeWindows.of(Duration.ofHours(1)))
    .aggregate(clickstream.operator("SessionStatistics"))
    .sinkTo(collectSink())
    .uid("statistics");
}
