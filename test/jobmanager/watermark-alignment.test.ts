import { describe, expect, test } from "vitest";
import { WatermarkAlignment } from "../../src/jobmanager/core/watermark-alignment.ts";

const MAX = 2n ** 63n - 1n;

/** Numbers of a source's task; without a watermark it is idle. */
function source(vertex: string, watermark: bigint | undefined, maxDriftMs = 10, group = "g") {
  const counts = {
    recordsIn: 0,
    recordsOut: 0,
    stateBytes: 0,
    recordsFailed: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  return {
    vertex,
    subtask: 0,
    ...counts,
    busyMs: 0,
    backpressuredMs: 0,
    alignment: {
      group,
      maxDriftMs,
      ...(watermark === undefined ? {} : { watermark: String(watermark) }),
    },
  };
}

const allowed = (vertex: string, maxWatermark: bigint) => ({ vertex, subtask: 0, maxWatermark });

describe("WatermarkAlignment", () => {
  test("allows each source its drift from the smallest watermark of its group, and says it once", () => {
    const alignment = new WatermarkAlignment();
    expect(alignment.report([source("a", 100n), source("b", 40n, 5)])).toEqual([
      allowed("a", 50n),
      allowed("b", 45n),
    ]);
    expect(alignment.report([source("a", 100n)])).toEqual([]);
    expect(alignment.report([source("b", 60n, 5), source("c", 7n, 0, "other")])).toEqual([
      allowed("a", 70n),
      allowed("b", 65n),
      allowed("c", 7n),
    ]);
  });

  test("an idle source, and one that has ended, holds nobody back", () => {
    const alignment = new WatermarkAlignment();
    alignment.report([source("a", 100n), source("b", 40n), source("c", 70n)]);
    expect(alignment.report([source("b", undefined)])).toEqual([
      allowed("a", 80n),
      allowed("b", 80n),
      allowed("c", 80n),
    ]);
    expect(alignment.ended("c", 0)).toEqual([allowed("a", 110n), allowed("b", 110n)]);
    expect(alignment.report([source("a", undefined)])).toEqual([
      allowed("a", MAX),
      allowed("b", MAX),
    ]);
    expect(alignment.ended("nothing", 0)).toEqual([]);
  });

  test("saturates at the end of time", () => {
    const alignment = new WatermarkAlignment();
    expect(alignment.report([source("a", MAX - 3n)])).toEqual([allowed("a", MAX)]);
  });
});
