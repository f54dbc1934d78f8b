import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { judgeAll } from "./conformance.ts";
import { conformanceFolder, readCases, type Verdict } from "./conformance-case.ts";
import { NORMAL, TIGHT } from "./operator-harness.ts";

const folder = conformanceFolder();

/** Cases that must be judged, by kind: those of the public set. */
const LEAST = {
  async: 200,
  cep: 350,
  join: 500,
  keygroup: 150,
  partition: 50,
  process: 600,
  restart: 150,
  window: 996,
  watermark: 400,
} as const;

if (!existsSync(folder)) {
  console.log(`SKIPPED: conformance cases recorded from Flink are not at ${folder}`);
} else {
  describe("cases recorded from Flink", () => {
    const cases = readCases(folder);
    for (const [kind, least] of Object.entries(LEAST)) {
      for (const [name, mode] of Object.entries({ normal: NORMAL, tight: TIGHT })) {
        const usesModule = kind !== "restart";
        if (name === "tight" && !usesModule) continue;
        test(`${kind}: the engine does as Flink did, with ${name} room and budget`, async () => {
          const verdicts = await judgeAll(
            cases.filter((one) => one.kind === kind),
            mode,
          );
          const count = (outcome: Verdict["outcome"]) =>
            verdicts.filter((verdict) => verdict.outcome === outcome).length;
          expect(verdicts.filter((verdict) => verdict.outcome === "failed")).toEqual([]);
          expect(count("passed")).toBeGreaterThanOrEqual(least);
        });
      }
    }

    for (const kind of ["join", "process", "window"]) {
      test(`${kind}: the engine does as Flink did, restored from a snapshot after every step`, async () => {
        // Every third case: each is restored some 20 times.
        const some = cases.filter((one, i) => one.kind === kind && i % 3 === 0);
        const verdicts = await judgeAll(some, { ...TIGHT, restores: true });
        expect(verdicts.filter((verdict) => verdict.outcome === "failed")).toEqual([]);
        expect(verdicts.length).toBeGreaterThan(150);
      });
    }
  });
}
