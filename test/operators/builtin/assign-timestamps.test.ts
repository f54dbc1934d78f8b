import { describe, expect, test } from "vitest";
import {
  type HarnessOptions,
  MAX_WATERMARK,
  OperatorTestHarness,
  StreamRecord,
  Watermark,
} from "../../../src/testing/index.ts";

const MODES: Readonly<Record<string, HarnessOptions>> = {
  "ample room and budget": {},
  "one-row room and zero budget": { outputRoom: 1, budget: 0 },
};
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

describe.each(Object.entries(MODES))("assign_timestamps with %s", (_, mode) => {
  const open = (
    parameters: Readonly<Record<string, unknown>>,
    input: HarnessOptions["input"] = { ts: "BIGINT" },
    rest: HarnessOptions = {},
  ) =>
    OperatorTestHarness.open("builtin", "assign_timestamps", {
      input: input!,
      parameters,
      ...mode,
      ...rest,
    });
  const rows = (...times: (bigint | number | null)[]) => times.map((ts) => ({ ts }));
  /** What came out since the last look: a row as its timestamp, `w24`, `idle`, `active`. */
  const out = (harness: OperatorTestHarness) => {
    const texts = harness.getOutput().map((element) => {
      if (element instanceof StreamRecord) return `${element.timestamp}`;
      if (element instanceof Watermark) return `w${element.timestamp}`;
      return element.idle ? "idle" : "active";
    });
    harness.clearOutput();
    return texts;
  };

  test("sends the highest time - bound - 1 at the interval, where it grew", async () => {
    const harness = await open({ field: "ts", maxOutOfOrdernessMs: 5 });
    harness.processElements(rows(10, 30, 20));
    harness.setProcessingTime(199);
    expect(out(harness)).toEqual(["10", "30", "20"]);
    harness.setProcessingTime(200);
    expect(out(harness)).toEqual(["w24"]);
    harness.processElements(rows(25));
    harness.setProcessingTime(900);
    expect(out(harness)).toEqual(["25"]);
    harness.processElements(rows(40));
    harness.setProcessingTime(1000);
    expect(out(harness)).toEqual(["40", "w34"]);
    harness.endInput();
    expect(out(harness)).toEqual([`w${MAX_WATERMARK}`]);
  });

  test("monotonous allows none out of order, none sends no watermark, interval 0 neither", async () => {
    for (const [parameters, expected] of [
      [{ strategy: "monotonous" }, ["5", "w4"]],
      [{ strategy: "none" }, ["5"]],
      [{ strategy: "bounded", autoWatermarkIntervalMs: 0 }, ["5"]],
    ] as const) {
      const harness = await open({ field: "ts", ...parameters });
      harness.processElements(rows(5));
      harness.setProcessingTime(1_000);
      expect(out(harness)).toEqual(expected);
    }
  });

  test("knows units, rounds down before 1970 and saturates at the ends of the range", async () => {
    const of = async (unit: string, ...times: bigint[]) => {
      const harness = await open({ field: "ts", unit });
      harness.processElements(rows(...times));
      return out(harness);
    };
    expect(await of("s", 7n, LONG_MAX, LONG_MIN)).toEqual(["7000", `${LONG_MAX}`, `${LONG_MIN}`]);
    expect(await of("us", 1999n, -1n)).toEqual(["1", "-1"]);
    expect(await of("ns", -1_000_001n)).toEqual(["-2"]);
    const lowest = await open({ field: "ts", maxOutOfOrdernessMs: 9 });
    lowest.processElements(rows(LONG_MIN, LONG_MIN + 8n));
    lowest.setProcessingTime(200);
    expect(out(lowest)).toEqual([`${LONG_MIN}`, `${LONG_MIN + 8n}`]);
    lowest.processElements(rows(LONG_MIN + 11n));
    lowest.setProcessingTime(400);
    expect(out(lowest).at(-1)).toBe(`w${LONG_MIN + 1n}`);
  });

  test("takes TIMESTAMP columns by their precision", async () => {
    const harness = await open({ field: "at" }, { at: "TIMESTAMP(6)" });
    harness.processElement({ at: 1_577_836_800_123_456n });
    expect(out(harness)).toEqual(["1577836800123"]);
  });

  test("watermarks, statuses and timestamps of the input end here", async () => {
    const harness = await open({ field: "ts" });
    harness.processElement({ ts: 8 }, 99);
    harness.processWatermark(98);
    harness.processWatermarkStatus("idle");
    harness.processWatermarkStatus("active");
    harness.processElement({ ts: 9 }, 100);
    harness.setProcessingTime(200);
    expect(out(harness)).toEqual(["8", "9", "w8"]);
    harness.processWatermark(MAX_WATERMARK);
    expect(out(harness)).toEqual([`w${MAX_WATERMARK}`]);
  });

  test("a row without event time fails, the others go on", async () => {
    const harness = await open({ field: "ts" }, undefined, { onRowError: "drop" });
    harness.processElements(rows(1, null, 3));
    harness.setProcessingTime(200);
    expect(out(harness)).toEqual(["1", "3", "w2"]);
    expect(harness.numRecordsFailed).toBe(1);
  });

  test("keeps the record's timestamp where no field is named, and refuses a row without one", async () => {
    const harness = await open({ strategy: "monotonous" }, undefined, { onRowError: "drop" });
    harness.processElements([new StreamRecord({ ts: 1 }, 70), new StreamRecord({ ts: 1 })]);
    harness.setProcessingTime(200);
    expect(out(harness)).toEqual(["70", "w69"]);
    expect(harness.numRecordsFailed).toBe(1);
  });

  test("ingestion time is the clock's", async () => {
    const harness = await open({ ingestionTime: true, strategy: "monotonous" });
    harness.processElement({ ts: 1 }, 5);
    harness.setProcessingTime(150);
    harness.processElement({ ts: 1 });
    harness.setProcessingTime(200);
    expect(out(harness)).toEqual(["0", "150", "w149"]);
  });

  test("turns idle after the silence, and active with its next watermark", async () => {
    const harness = await open({ field: "ts", idlenessMs: 500 });
    harness.processElement({ ts: 1_000 });
    harness.setProcessingTime(200);
    expect(out(harness)).toEqual(["1000", "w999"]);
    // The check at 400 finds silence, that at 1000 finds that it has lasted longer than 500.
    harness.setProcessingTime(999);
    expect(out(harness)).toEqual([]);
    harness.setProcessingTime(1_000);
    expect(out(harness)).toEqual(["idle"]);
    harness.processElement({ ts: 900 });
    harness.setProcessingTime(1_200);
    expect(out(harness), "a row without a new watermark").toEqual(["900"]);
    harness.processElement({ ts: 2_000 });
    harness.setProcessingTime(1_400);
    expect(out(harness)).toEqual(["2000", "active", "w1999"]);
  });

  test("time in which the outputs were blocked is no silence", async () => {
    const harness = await open({ field: "ts", idlenessMs: 500 });
    harness.processElement({ ts: 1_000 });
    harness.setProcessingTime(400);
    harness.backPressure(10_000);
    harness.setProcessingTime(10_900);
    expect(out(harness)).toEqual(["1000", "w999"]);
    harness.setProcessingTime(11_000);
    expect(out(harness)).toEqual(["idle"]);
  });

  test("an idle strategy is active again before the end of event time", async () => {
    const harness = await open({ field: "ts", idlenessMs: 1 });
    harness.setProcessingTime(1_000);
    expect(out(harness)).toEqual(["idle"]);
    harness.endInput();
    expect(out(harness)).toEqual(["active", `w${MAX_WATERMARK}`]);
  });

  test("with perSplit each split begins anew, and its watermark counts when it is higher", async () => {
    const harness = await open({ field: "ts", perSplit: true, strategy: "monotonous" });
    harness.nextSplit();
    harness.processElements(rows(100, 200));
    harness.setProcessingTime(200);
    expect(out(harness)).toEqual(["100", "200", "w199"]);
    harness.processElements(rows(900));
    harness.nextSplit();
    harness.processElements(rows(150));
    harness.setProcessingTime(400);
    expect(out(harness), "what the first split had last is not this one's").toEqual(["900", "150"]);
    harness.processElements(rows(300));
    harness.setProcessingTime(600);
    expect(out(harness)).toEqual(["300", "w299"]);
  });
});

test.each([
  [{ field: "nothing" }, "JOB_FIELD_UNKNOWN"],
  [{ field: "id" }, "JOB_FIELD_TYPE"],
  [{ field: "ts", unit: "min" }, "JOB_PARAMETER_INVALID"],
  [{ field: "ts", strategy: "periodic" }, "JOB_PARAMETER_INVALID"],
  [{ field: "ts", maxOutOfOrdernessMs: -1 }, "JOB_PARAMETER_INVALID"],
  [{ field: "ts", idlenessMs: 0 }, "JOB_PARAMETER_INVALID"],
  [{ field: "ts", autoWatermarkIntervalMs: -1 }, "JOB_PARAMETER_INVALID"],
  [{ field: "ts", ingestionTime: true }, "JOB_PARAMETER_INVALID"],
])("assign_timestamps refuses the parameters %j", async (parameters, code) => {
  const input = { id: "STRING", ts: "BIGINT" };
  const opened = OperatorTestHarness.open("builtin", "assign_timestamps", { input, parameters });
  await expect(opened).rejects.toThrow(expect.objectContaining({ code }));
});
