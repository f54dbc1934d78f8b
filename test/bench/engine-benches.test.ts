import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { measureBoundary } from "../../bench/boundary.ts";
import { HAS_PROC } from "../../bench/engine/cpu-meter.ts";
import { compareExchange } from "../../bench/exchange-engine.ts";
import type { BenchFigures } from "../../bench/harness.ts";
import { readNovel } from "../../bench/novel.ts";
import { measureStartup } from "../../bench/startup.ts";
import { countText } from "../../bench/text.ts";

const OPTIONS = { seconds: 0.2, rounds: 1, log: () => undefined };
const FEW_EVENTS = 100_000;
/** Of the measured job. */
const EVENTS = 5 * FEW_EVENTS;
const KERNELS = { optimize: "none" } as const;

/** Figures of a measurement as they go into the JSON line. */
const SPREAD = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };

function asJson(figures: BenchFigures): unknown {
  return JSON.parse(JSON.stringify(figures));
}

// What is measured here is no speed: every run checks its own counts and throws where they differ.
describe("engine benches with few records", () => {
  test("exchange-local adds up and compares with both bare loops", async () => {
    const layout = { where: "this process", workers: 1, slots: 2 } as const;
    const figures = await compareExchange(layout, 0.5, OPTIONS, FEW_EVENTS, KERNELS);
    expect(asJson(figures)).toMatchObject({
      goal: 0.5,
      engineEventsPerCpuSecond: SPREAD,
      ofBare: { perSecond: SPREAD, perCpuSecond: SPREAD },
      ofKernels: { perSecond: SPREAD, perCpuSecond: SPREAD },
    });
    const events = figures.events as number;
    expect(events).toBeGreaterThanOrEqual(EVENTS);
    // A window is 1,024,000 rows of 10,000 keys; few rows do not have them all.
    expect(figures.windowRows).toBeGreaterThan(9_900);
    expect(figures.windowRows).toBeLessThanOrEqual(10_000 * Math.ceil(events / 1_024_000));
  });

  test.runIf(HAS_PROC)("exchange-network adds up over two worker processes", async () => {
    const layout = { where: "processes", workers: 2, slots: 1 } as const;
    const figures = await compareExchange(layout, 0.25, OPTIONS, FEW_EVENTS, KERNELS);
    expect(asJson(figures)).toMatchObject({ ofBare: { perCpuSecond: SPREAD } });
    expect(figures.events).toBeGreaterThanOrEqual(EVENTS);
  });

  test.runIf(HAS_PROC)("text counts what the bare loop counts", async () => {
    const path = join(tmpdir(), `millrace-bench-${process.pid}.txt`);
    const lines = (await readNovel()).split("\n").slice(0, 4_000);
    await writeFile(path, `${lines.join("\n")}\n`);
    const figures = await countText(path, OPTIONS, KERNELS);
    expect(asJson(figures)).toMatchObject({ windows: 4, engineMegabytesPerCpuSecond: SPREAD });
    expect(figures.workerResidentMegabytes).toBeGreaterThan(30);
  });

  test.runIf(HAS_PROC)("boundary finds both slots in the profiles", async () => {
    const figures = await measureBoundary(OPTIONS, FEW_EVENTS, KERNELS);
    expect(figures.slots).toBe(2);
    expect(figures.outsideShare).toBeGreaterThan(0);
    expect(figures.outsideShare).toBeLessThan(1);
  });

  test.runIf(HAS_PROC)("startup gives its six figures", async () => {
    const figures = await measureStartup(OPTIONS, 1, 0);
    expect(asJson(figures)).toMatchObject({
      rounds: 1,
      jobManagerReadyMs: SPREAD,
      workerJoinedMs: SPREAD,
      firstOutputMs: SPREAD,
      idleWorkerMegabytes: SPREAD,
      jobManagerCpuMs: SPREAD,
      workerCpuMs: SPREAD,
    });
  });
});
