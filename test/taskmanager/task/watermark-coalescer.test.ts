import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WATERMARK_MAX } from "../../../src/taskmanager/core/element.ts";
import {
  StatusWatermarkValve,
  WatermarkCoalescer,
  type WatermarkEvent,
} from "../../../src/taskmanager/core/watermark-coalescer.ts";

const shared =
  process.env.MILLRACE_SHARED ?? fileURLToPath(new URL("../../../../shared", import.meta.url));
const file = join(shared, "conformance", "watermark.jsonl");

interface ValveCase {
  id: string;
  spec: { type: string; channels: number };
  input: { op: "w" | "status"; c: number; t?: number | string; idle?: boolean }[];
  output: { i: number; wm?: number | string; status?: string }[];
}

function runValve(conformanceCase: ValveCase): { i: number; wm?: string; status?: string }[] {
  const valve = new StatusWatermarkValve(conformanceCase.spec.channels);
  return conformanceCase.input.flatMap((step, i) => {
    const events: WatermarkEvent[] = [];
    if (step.op === "status") events.push(...valve.status(step.c, step.idle === true));
    else {
      const timestamp = valve.watermark(step.c, BigInt(step.t!));
      if (timestamp !== undefined) events.push({ type: "watermark", timestamp });
    }
    return events.map((event) =>
      event.type === "watermark"
        ? { i, wm: String(event.timestamp) }
        : { i, status: event.idle ? "idle" : "active" },
    );
  });
}

describe("StatusWatermarkValve", () => {
  if (!existsSync(file)) {
    console.log(`SKIPPED: conformance cases of the watermark valve are not at ${file}`);
  } else {
    const cases = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as ValveCase)
      .filter((c) => c.spec.type === "valve");

    test(`behaves as Flink's in ${cases.length} recorded cases`, () => {
      expect(cases.length).toBeGreaterThan(50);
      for (const c of cases) {
        const expected = c.output.map((o) => (o.wm === undefined ? o : { ...o, wm: String(o.wm) }));
        expect(runValve(c), c.id).toEqual(expected);
      }
    });
  }
});

describe("WatermarkCoalescer", () => {
  test("sends on the smaller watermark of two inputs, and only when it grows", () => {
    const coalescer = new WatermarkCoalescer([1, 1]);
    expect(coalescer.watermark(0, 0, 10n)).toBeUndefined();
    expect(coalescer.watermark(1, 0, 4n)).toBe(4n);
    expect(coalescer.watermark(1, 0, 12n)).toBe(10n);
    expect(coalescer.watermark(1, 0, 13n)).toBeUndefined();
  });

  test("leaves an idle input out, and says idle only when every input is", () => {
    const coalescer = new WatermarkCoalescer([1, 1]);
    coalescer.watermark(0, 0, 10n);
    coalescer.watermark(1, 0, 4n);
    expect(coalescer.status(1, 0, true)).toEqual([{ type: "watermark", timestamp: 10n }]);
    expect(coalescer.status(0, 0, true)).toEqual([{ type: "status", idle: true }]);
    expect(coalescer.status(1, 0, false)).toEqual([{ type: "status", idle: false }]);
  });

  test("an ended channel does not hold the others back", () => {
    const coalescer = new WatermarkCoalescer([2]);
    expect(coalescer.watermark(0, 0, 7n)).toBeUndefined();
    expect(coalescer.end(0, 1)).toEqual([{ type: "watermark", timestamp: 7n }]);
    expect(coalescer.end(0, 0)).toEqual([{ type: "watermark", timestamp: WATERMARK_MAX }]);
  });

  test("event time ends with the last channel, also where all of them had gone idle", () => {
    const coalescer = new WatermarkCoalescer([2, 1]);
    const idle: [number, number][] = [
      [0, 0],
      [0, 1],
      [1, 0],
    ];
    for (const [input, channel] of idle) coalescer.status(input, channel, true);
    expect(coalescer.end(0, 0), "the others may be active again").toEqual([]);
    expect(coalescer.end(1, 0)).toEqual([]);
    expect(coalescer.end(0, 1)).toEqual([
      { type: "status", idle: false },
      { type: "watermark", timestamp: WATERMARK_MAX },
    ]);
  });

  test("an idle channel that ended does not stop one that is active again", () => {
    const coalescer = new WatermarkCoalescer([2]);
    coalescer.status(0, 0, true);
    coalescer.end(0, 0);
    expect(coalescer.watermark(0, 1, 5n)).toBe(5n);
    expect(coalescer.end(0, 1)).toEqual([{ type: "watermark", timestamp: WATERMARK_MAX }]);
  });

  test("never lets a watermark fall, whatever the channels say", () => {
    const step = fc.record({
      input: fc.nat(1),
      channel: fc.nat(2),
      idle: fc.option(fc.boolean()),
      timestamp: fc.bigInt(-50n, 50n),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const coalescer = new WatermarkCoalescer([3, 3]);
        let last = -(2n ** 63n);
        for (const s of steps) {
          const events =
            s.idle === null
              ? [coalescer.watermark(s.input, s.channel, s.timestamp)]
              : coalescer
                  .status(s.input, s.channel, s.idle)
                  .map((e) => (e.type === "watermark" ? e.timestamp : undefined));
          for (const timestamp of events) {
            if (timestamp === undefined) continue;
            expect(timestamp > last).toBe(true);
            last = timestamp;
          }
        }
      }),
    );
  });
});
