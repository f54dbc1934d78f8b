/**
 * Sensor fleet: readings (JSON lines) to averages per device and 10 s window, to alerts for the
 * devices that were too warm.
 *
 *     millrace run examples/sensor-fleet/job.ts                       the readings beside it
 *     millrace run examples/sensor-fleet/job.ts "$PWD/mine.jsonl" 60   others, from 60 degrees on
 */
import {
  collectSink,
  Duration,
  files,
  type JobContext,
  jsonLines,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "millrace";

const READING = [
  { name: "device", type: { type: "STRING", nullable: false } },
  { name: "temperature", type: { type: "DOUBLE", nullable: false } },
  { name: "at", type: { type: "BIGINT", nullable: false } },
] as const;

export default async function sensorFleet({ env, bundle, path, args }: JobContext) {
  const fleet = await bundle("../../build/sensor-fleet.wasm");
  const [readings = path("readings.jsonl"), limit = "80"] = args;
  const lateBy = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(2));

  env
    .setParallelism(2)
    .fromSource(jsonLines(files(readings), READING), lateBy.withTimestampField("at", "ms"))
    .filter(fleet.operator("PlausibleReadings"))
    .keyBy("device")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
    .aggregate(fleet.operator("AverageTemperature"))
    .flatMap(fleet.operator("RaiseAlerts", { limit: Number(limit) }))
    .sinkTo(collectSink());
}
