/** Conformance of the watermark valve: kind `watermark`, type `valve`, through the task's own. */
import {
  StatusWatermarkValve,
  type WatermarkEvent,
} from "../../src/taskmanager/core/watermark-coalescer.ts";
import {
  type ConformanceCase,
  firstDifference,
  integer,
  integerText,
  type Verdict,
} from "./conformance-case.ts";

/** Judges a case. */
export function judgeValve(one: ConformanceCase): Verdict {
  const valve = new StatusWatermarkValve(Number(one.spec.channels));
  const output = one.input.flatMap((step, i) =>
    eventsOf(valve, step).map((event) =>
      event.type === "watermark"
        ? { i, wm: integerText(event.timestamp) }
        : { i, status: event.idle ? "idle" : "active" },
    ),
  );
  const detail = firstDifference(output, one.output);
  const { id, kind } = one;
  return detail === undefined
    ? { id, kind, outcome: "passed" }
    : { id, kind, outcome: "failed", detail };
}

function eventsOf(
  valve: StatusWatermarkValve,
  step: Readonly<Record<string, unknown>>,
): WatermarkEvent[] {
  const channel = Number(step.c);
  if (step.op === "status") return valve.status(channel, step.idle === true);
  const timestamp = valve.watermark(channel, integer(step.t));
  return timestamp === undefined ? [] : [{ type: "watermark", timestamp }];
}
