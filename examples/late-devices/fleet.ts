/**
 * A fleet of sensors behind two gateways, one of which is often silent: averages for each device and
 * 10 s, corrected by readings that come a little late, and those that come too late apart.
 *
 * - A gateway sends readings up to 2 s out of order: bounded out-of-orderness.
 * - While one gateway says nothing, the other one's windows fire all the same: idleness. What the
 *   silent one has kept comes late when it is back.
 * - A window takes readings for 30 s of event time behind its end, and gives its average again for
 *   each: allowed lateness.
 * - Later ones belong to no window: the side output of late rows.
 *
 *     node --conditions=millrace-source examples/late-devices/main.ts
 */
import {
  avg,
  count,
  createLocalEnvironment,
  Duration,
  type MiniCluster,
  OutputTag,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "millrace";

/** What a gateway hands on. */
export interface Reading {
  readonly device: string;
  readonly celsius: number;
  /** When the device measured it, ms since 1970. */
  readonly at: number;
}

/** An average, or a reading that came too late to be in one. */
export type Report =
  | {
      readonly what: "average";
      readonly device: string;
      readonly celsius: number;
      readonly readings: number;
      /** End of the window, ms since 1970. */
      readonly at: number;
    }
  | ({ readonly what: "too late" } & Reading);

/** Settings of a run. */
export interface FleetOptions {
  /** Silence after which a gateway is waited for no more. Default 2 s. */
  readonly idleTimeout?: Duration;
  /** Default: a cluster of its own. */
  readonly cluster?: MiniCluster;
}

const READING = {
  device: "STRING NOT NULL",
  celsius: "DOUBLE NOT NULL",
  at: "TIMESTAMP(3) NOT NULL",
} as const;
const TOO_LATE = new OutputTag<Reading>("late");

/** Averages and late readings of two gateways, as they come to be known. */
export async function* fleetReports(
  gateways: readonly [AsyncIterable<Reading>, AsyncIterable<Reading>],
  { idleTimeout = Duration.ofSeconds(2), cluster }: FleetOptions = {},
): AsyncGenerator<Report> {
  await using env = createLocalEnvironment(cluster === undefined ? {} : { cluster });
  const times = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(2))
    .withTimestampField("at")
    .withIdleness(idleTimeout);
  const [first, second] = gateways.map((readings) =>
    env.fromAsyncIterable(readings, READING).assignTimestampsAndWatermarks(times),
  );

  const averages = first!
    .union(second!)
    .keyBy("device")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
    .allowedLateness(Duration.ofSeconds(30))
    .sideOutputLateData(TOO_LATE)
    .aggregate(avg("celsius").as("mean"), count().as("n"));

  const reports = averages
    .map((row) => ({
      what: "average",
      device: row.device,
      celsius: row.mean,
      readings: Number(row.n),
      at: row.window_end,
    }))
    .union(
      averages.getSideOutput(TOO_LATE).map((row) => ({
        what: "too late",
        device: row.device,
        celsius: row.celsius,
        readings: 1,
        at: row.at,
      })),
    );
  for await (const row of reports.executeAndCollect({ name: "late devices" })) {
    yield row as unknown as Report;
  }
}
