/**
 * An HTTP application (Hono) that runs a Millrace job in its own process and streams the job's
 * aggregates to browsers as server-sent events.
 *
 * All viewers share one job. A viewer who reads slowly gets the latest window of each device, not
 * every window: so no browser holds the job back, and none fills this process.
 */
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import {
  avg,
  count,
  createLocalEnvironment,
  Duration,
  type MiniCluster,
  max,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "millrace";
import { PAGE } from "./page.ts";
import type { Reading } from "./readings.ts";

/** A second of a device. */
export interface DeviceWindow {
  readonly device: string;
  readonly avg_celsius: number;
  readonly max_celsius: number;
  readonly count: number;
  /** ms since 1970. */
  readonly window_end: number;
}

export interface DashboardOptions {
  /** Ends the job and all streams. */
  readonly signal?: AbortSignal;
  /** Default: a cluster of its own. */
  readonly cluster?: MiniCluster;
}

/** The windows of the readings, as they close. */
export async function* deviceWindows(
  readings: AsyncIterable<Reading>,
  { signal, cluster }: DashboardOptions,
): AsyncGenerator<DeviceWindow> {
  await using env = createLocalEnvironment(cluster === undefined ? {} : { cluster });
  const windows = env
    .fromAsyncIterable(readings, {
      device: "STRING NOT NULL",
      celsius: "DOUBLE NOT NULL",
      at: "TIMESTAMP_LTZ(3) NOT NULL",
    })
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofMillis(200)).withTimestampField("at"),
    )
    .keyBy("device")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(1)))
    .aggregate(avg("celsius"), max("celsius"), count());
  const options = { name: "live dashboard", ...(signal === undefined ? {} : { signal }) };
  for await (const row of windows.executeAndCollect(options)) {
    // JSON has no bigint: a count of readings fits a number.
    yield { ...row, count: Number(row.count) } as unknown as DeviceWindow;
  }
}

/** What one browser has not been sent yet. */
class Viewer {
  readonly #latest = new Map<string, DeviceWindow>();
  #wake: (() => void) | undefined;
  #closed = false;

  show(window: DeviceWindow): void {
    this.#latest.set(window.device, window);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Windows to send; undefined: the stream has ended. */
  async next(): Promise<DeviceWindow[] | undefined> {
    if (this.#latest.size === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#latest.size === 0) return undefined;
    const windows = [...this.#latest.values()];
    this.#latest.clear();
    return windows;
  }
}

/** The job and its viewers. */
export class Dashboard {
  readonly app = new Hono();
  readonly #viewers = new Set<Viewer>();
  readonly #latest = new Map<string, DeviceWindow>();

  constructor() {
    this.app.get("/", (c) => c.html(PAGE));
    this.app.get("/events", (c) =>
      streamSSE(c, async (stream) => {
        const viewer = new Viewer();
        this.#viewers.add(viewer);
        stream.onAbort(() => viewer.close());
        for (const window of this.#latest.values()) viewer.show(window);
        try {
          for (;;) {
            const windows = await viewer.next();
            if (windows === undefined || stream.aborted) return;
            for (const window of windows) {
              await stream.writeSSE({ event: "window", data: JSON.stringify(window) });
            }
          }
        } finally {
          this.#viewers.delete(viewer);
        }
      }),
    );
  }

  /** Runs the job until the readings or the signal end it. */
  async run(readings: AsyncIterable<Reading>, options: DashboardOptions = {}): Promise<void> {
    try {
      for await (const window of deviceWindows(readings, options)) {
        this.#latest.set(window.device, window);
        for (const viewer of this.#viewers) viewer.show(window);
      }
    } finally {
      for (const viewer of this.#viewers) viewer.close();
    }
  }
}
