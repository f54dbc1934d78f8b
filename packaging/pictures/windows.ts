/**
 * Rows, watermarks and windows of one key: what the engine's own operators do with the rows below. Time
 * of arrival goes to the right, event time upwards.
 */
import { count, Duration, TumblingEventTimeWindows, WatermarkStrategy } from "../../src/index.ts";
import { AUTO_WATERMARK_INTERVAL_MS } from "../../src/protocol/limits.ts";
import { OperatorTestHarness, StreamRecord, Watermark } from "../../src/testing/index.ts";
import { Drawing } from "./drawing.ts";

/** Event times in seconds, in the order in which the rows come. */
const SECONDS = [1, 4, 3, 8, 6, 12, 9, 16, 5, 21, 18, 25];
const SIZE_S = 10;
const BOUND_S = 3;

interface Step {
  readonly second: number;
  /** Seconds; undefined before the first. */
  readonly watermark: number | undefined;
  readonly late: boolean;
  readonly fired: readonly { readonly end: number; readonly count: number }[];
}

/** One row after the other through assign_timestamps and window_aggregate. */
async function steps(): Promise<Step[]> {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(BOUND_S));
  const input = { at: "BIGINT NOT NULL", device: "STRING NOT NULL" };
  const times = await OperatorTestHarness.open("builtin", "assign_timestamps", {
    input,
    parameters: strategy.withTimestampField("at", "ms").toOperator().parameters,
  });
  const windows = await OperatorTestHarness.open("builtin", "window_aggregate", {
    input,
    keyBy: ["device"],
    window: TumblingEventTimeWindows.of(Duration.ofSeconds(SIZE_S)),
    parameters: { aggregates: [count().spec] },
  });
  let watermark: number | undefined;
  let late = 0;
  return SECONDS.map((second) => {
    times.clearOutput();
    windows.clearOutput();
    times.processElement({ at: second * 1_000, device: "roof" });
    // Rows come so far apart that there is time for a watermark behind each.
    times.setProcessingTime(times.getProcessingTime() + AUTO_WATERMARK_INTERVAL_MS);
    for (const element of times.getOutput()) {
      if (element instanceof StreamRecord) windows.processElement(element);
      else if (element instanceof Watermark) {
        windows.processWatermark(element);
        watermark = Number(element.timestamp) / 1_000;
      }
    }
    const before = late;
    late = windows.numRecordsFailed;
    const fired = windows.extractOutputValues().map((row) => ({
      end: Number(row.window_end) / 1_000,
      count: Number(row.count),
    }));
    return { second, watermark, late: late > before, fired };
  });
}

const LEFT = 70;
const BOTTOM = 330;
const STEP = 48;
const SECOND = 10;
const RIGHT = LEFT + SECONDS.length * STEP + 16;
const yOf = (second: number) => BOTTOM - second * SECOND;
const xOf = (index: number) => LEFT + 26 + index * STEP;

export async function windowsPicture(): Promise<string> {
  const drawing = new Drawing("Rows, the watermark, and windows of ten seconds", RIGHT + 190, 400);
  for (let start = 0; start < 30; start += SIZE_S) {
    drawing.box(
      LEFT,
      yOf(start + SIZE_S),
      RIGHT - LEFT,
      SIZE_S * SECOND,
      [],
      start % 20 === 0 ? "box" : "inner",
    );
    drawing.text(LEFT - 8, yOf(start) + 4, `${start} s`, "quiet", "end");
    drawing.text(
      RIGHT + 10,
      yOf(start + SIZE_S / 2) + 4,
      `window [${start}, ${start + SIZE_S})`,
      "quiet",
    );
  }
  const all = await steps();
  drawWatermark(drawing, all);
  for (const [i, { second, late, fired }] of all.entries()) {
    drawing.dot(xOf(i), yOf(second), late ? "late" : "accent");
    for (const { end, count } of fired) {
      drawing.line(
        [
          [xOf(i) + 12, yOf(end)],
          [xOf(i) + 12, BOTTOM + 14],
        ],
        { dashed: true },
      );
      drawing.text(xOf(i) + 12, BOTTOM + 28, `fires: ${count}`, "text", "middle");
    }
  }
  drawing.dot(LEFT + 6, 386, "accent");
  drawing.text(LEFT + 18, 390, "a row");
  drawing.dot(LEFT + 96, 386, "late");
  drawing.text(LEFT + 108, 390, "a row that comes too late");
  drawing.line(
    [
      [LEFT + 310, 386],
      [LEFT + 340, 386],
    ],
    { mark: true },
  );
  drawing.text(LEFT + 348, 390, `the watermark: ${BOUND_S} s behind the latest row`);
  drawing.text(14, 20, "event time");
  drawing.text(RIGHT + 10, BOTTOM + 4, "order of arrival");
  drawing.line(
    [
      [LEFT, BOTTOM],
      [RIGHT + 6, BOTTOM],
    ],
    { arrow: true },
  );
  return drawing.toString();
}

function drawWatermark(drawing: Drawing, all: readonly Step[]): void {
  const points: [number, number][] = [];
  for (const [i, { watermark }] of all.entries()) {
    // Behind its row, and level until the next row that raises it.
    if (watermark === undefined || watermark < 0) continue;
    const before = points.at(-1);
    points.push([xOf(i) + 12, before?.[1] ?? yOf(0)], [xOf(i) + 12, yOf(watermark)]);
  }
  points.push([RIGHT - 4, points.at(-1)![1]]);
  drawing.line(points, { mark: true });
}
