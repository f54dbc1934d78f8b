/**
 * Sensor fleet in one file: filter, aggregate and flatMap are functions, compiled to WebAssembly. The
 * same job as job.ts, whose operators are a bundle of their own.
 *
 *     millrace run examples/sensor-fleet/one-file.ts                       the readings beside it
 *     millrace run examples/sensor-fleet/one-file.ts "$PWD/mine.jsonl"     others
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

/** Degrees Celsius; what no thermometer gives is dropped. */
const LOWEST = -60;
const HIGHEST = 150;
/** Devices that are warmer on average raise an alert. */
const LIMIT = 80;

export default function sensorFleet({ env, path, args }: JobContext): void {
  const lateBy = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(2));

  env
    .setParallelism(2)
    .fromSource(
      jsonLines(files(args[0] ?? path("readings.jsonl")), READING),
      lateBy.withTimestampField("at", "ms"),
    )
    .filter((reading) => reading.temperature >= LOWEST && reading.temperature <= HIGHEST)
    .keyBy("device")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
    .aggregate({
      createAccumulator: () => ({ total: 0, readings: 0n }),
      add: (reading, { total, readings }) => ({
        total: total + reading.temperature,
        readings: readings + 1n,
      }),
      getResult: ({ total, readings }) => ({ average: total / Number(readings), readings }),
    })
    .flatMap(({ device, average, window_end: at }) =>
      average > LIMIT ? [{ device, average, excess: average - LIMIT, at }] : [],
    )
    .sinkTo(collectSink());
}
