/** Windows of the builder: what they become, and what is refused when a job is submitted. */
import { describe, expect, test } from "vitest";
import { Duration } from "../../src/plan/duration.ts";
import { OutputTag } from "../../src/plan/output-tag.ts";
import { schemaOf, schemaText } from "../../src/plan/schema-match.ts";
import { datagen } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { WatermarkStrategy } from "../../src/plan/watermark-strategy.ts";
import * as windows from "../../src/plan/window-assigners.ts";
import type { WindowedStream } from "../../src/plan/windowed-stream.ts";
import { count } from "../../src/plan/windows.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import { manifestOf } from "./sample-manifest.ts";

const { SlidingEventTimeWindows, EventTimeSessionWindows, GlobalWindows } = windows;

function stream() {
  const columns = schemaOf({
    word: "STRING NOT NULL",
    n: "BIGINT NOT NULL",
    maybe: "BIGINT",
    at: "BIGINT NOT NULL",
  });
  return new StreamExecutionEnvironment()
    .setParallelism(4)
    .fromSource(datagen(columns))
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at"),
    );
}

/** The window operator as it is planned. */
function planned(windowed: WindowedStream) {
  const result = windowed.aggregate(count()).uid("windows");
  result.print();
  const { env } = result as unknown as { env: StreamExecutionEnvironment };
  const graph = validateJob(JSON.parse(JSON.stringify(env.toJobSpec("job"))), manifestOf);
  return graph.nodes.find((node) => node.uid === "windows")!;
}

const window = (assigner: windows.WindowAssigner) => stream().keyBy("word").window(assigner);

describe("windows", () => {
  test("every assigner becomes parameters of the operator", () => {
    const seconds = Duration.ofSeconds;
    expect(planned(window(SlidingEventTimeWindows.of(seconds(10), 1_000, -500)))).toMatchObject({
      parameters: { assigner: "sliding", size: 10_000, slide: 1_000, offset: -500 },
    });
    expect(planned(window(windows.SlidingProcessingTimeWindows.of(5, 5))).parameters).toMatchObject(
      {
        time: "processing",
      },
    );
    expect(planned(window(EventTimeSessionWindows.withGap(seconds(3)))).parameters).toMatchObject({
      assigner: "session",
      gap: 3_000,
    });
    expect(planned(window(EventTimeSessionWindows.withDynamicGap("n"))).parameters).toMatchObject({
      gapField: "n",
    });
    expect(planned(window(windows.CumulativeEventTimeWindows.of(2, 6))).parameters).toMatchObject({
      assigner: "cumulative",
      step: 2,
      size: 6,
    });
    expect(planned(window(GlobalWindows.createWithEndOfStreamTrigger())).parameters).toMatchObject({
      assigner: "global",
      defaultTrigger: "end_of_stream",
    });
  });

  test("countWindow is a global window with a trigger, and with a slide an evictor", () => {
    const keyed = stream().keyBy("word");
    const counted = planned(keyed.countWindow(3));
    expect(counted.parameters.trigger).toEqual({
      type: "purging",
      inner: { type: "count", n: 3 },
    });
    // A global window has no bounds.
    expect(schemaText(counted.outputs[0]!.schema)).toBe(
      "(word STRING NOT NULL, count BIGINT NOT NULL)",
    );
    expect(planned(stream().keyBy("word").countWindow(3, 2)).parameters).toMatchObject({
      trigger: { type: "count", n: 2 },
      evictor: { type: "count", n: 3, after: false },
    });
  });

  test("windowAll is one task over the whole stream, and its result has no key", () => {
    const node = planned(stream().windowAll(SlidingEventTimeWindows.of(10, 5)));
    expect([node.parallelism, node.inputs[0]!.keys]).toEqual([1, []]);
    expect(schemaText(node.outputs[0]!.schema)).toBe(
      "(count BIGINT NOT NULL, window_start TIMESTAMP(3) NOT NULL, window_end TIMESTAMP(3) NOT NULL)",
    );
  });

  const { DeltaTrigger, PurgingTrigger, CountTrigger, DeltaEvictor } = windows;
  const session = EventTimeSessionWindows.withGap(10);
  test.each<[string, () => WindowedStream, string]>([
    ["size 0", () => window(SlidingEventTimeWindows.of(0, 1)), "size"],
    ["a negative size", () => window(windows.TumblingEventTimeWindows.of(-1)), "size"],
    ["slide 0", () => window(SlidingEventTimeWindows.of(10, 0)), "slide"],
    [
      "an offset as long as the slide",
      () => window(SlidingEventTimeWindows.of(10, 5, 5)),
      "offset",
    ],
    ["gap 0", () => window(EventTimeSessionWindows.withGap(0)), "gap"],
    ["a nullable gap", () => window(EventTimeSessionWindows.withDynamicGap("maybe")), "gapField"],
    [
      "a size that no step divides",
      () => window(windows.CumulativeEventTimeWindows.of(4, 6)),
      "step",
    ],
    [
      "a merging assigner with a non-merging trigger",
      () => window(session).trigger(PurgingTrigger.of(DeltaTrigger.of(3, "n"))),
      "trigger.type",
    ],
    ["a count of 0", () => window(session).trigger(CountTrigger.of(0)), "trigger.n"],
    [
      "a delta of text",
      () => window(GlobalWindows.create()).trigger(DeltaTrigger.of(3, "word")),
      "trigger.field",
    ],
    [
      "an evictor of an unknown column",
      () => window(GlobalWindows.create()).evictor(DeltaEvictor.of(3, "there-is-none")),
      "evictor.field",
    ],
  ])("refuses %s", (_, build, path) => {
    let refusal: unknown;
    try {
      planned(build());
    } catch (thrown) {
      refusal = thrown;
    }
    expect(refusal).toBeInstanceOf(MillraceError);
    const { code, field, expected } = refusal as MillraceError;
    expect(code).toBe("JOB_PARAMETER_INVALID");
    expect(field).toMatch(new RegExp(`operator\\.parameters\\.${path.replace(".", "\\.")}$`));
    expect(expected).toBeTruthy();
  });
});

describe("what is given where nobody checks types", () => {
  const absent = undefined as never;
  test.each([
    ["no handle", () => stream().process(absent), "JOB_OPERATOR_KIND", "operator"],
    [
      "no aggregate",
      () => window(SlidingEventTimeWindows.of(10, 5)).aggregate(...([] as unknown as [never])),
      "JOB_OPERATOR_KIND",
      "operator",
    ],
    ["no slide", () => SlidingEventTimeWindows.of(10, absent), "DURATION_INVALID", "window slide"],
    ["a side output without a name", () => new OutputTag(""), "JOB_UNKNOWN_OUTPUT", "id"],
  ])("refuses %s", (_, build, code, field) => {
    let refusal: unknown;
    try {
      build();
    } catch (thrown) {
      refusal = thrown;
    }
    expect(refusal).toMatchObject({ code, field, expected: expect.any(String) });
  });
});
