/** The examples as they are, on an embedded cluster, against plain TypeScript. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadJob } from "../../src/cli/job-file.ts";
import { runJob } from "../../src/testing/index.ts";
import { Closers, TestCluster, temporaryFolder } from "../cluster/cluster.ts";

const closers = new Closers();
let cluster: TestCluster;
let folder: string;

beforeAll(async () => {
  folder = temporaryFolder(closers);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2);
  await cluster.worker("w2", 2);
});
afterAll(() => closers.close());

/** Runs an example over an input; its rows. */
async function run<T>(example: string, input: string, ...args: string[]): Promise<T[]> {
  const file = join(folder, `${example}.txt`);
  writeFileSync(file, input);
  const path = fileURLToPath(new URL(`../../examples/${example}/job.ts`, import.meta.url));
  const { spec, bundles } = await loadJob(path, [file, ...args]);
  for (const bytes of bundles.values()) await cluster.client.uploadBundle(bytes);
  const job = await cluster.client.submitJob(spec);
  const { rows } = await cluster.rows<T>(job);
  expect(await cluster.end(job)).toBeUndefined();
  return rows;
}

/** Numbers below `below` that look random and are the same each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

const timeOf = (text: string) => Date.parse(`${text.replace(" ", "T")}Z`);

describe("examples/word-count", () => {
  test("counts the words of each 1,000 lines", async () => {
    const random = numbers(7);
    const words = ["Whale", "sea", "the", "don't", "Ahab!", "sea-chest", "ÜBER", "x1y", "--", ""];
    const lines = Array.from({ length: 3_456 }, () =>
      Array.from({ length: random(9) }, () => words[random(words.length)]).join(" "),
    );
    const expected = new Map<string, number>();
    for (const [i, line] of lines.entries()) {
      for (const [word] of line.matchAll(/[A-Za-z]+/g)) {
        const key = `${Math.floor(i / 1_000) * 1_000 + 1} ${word.toLowerCase()}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
    }
    type Count = { word: string; count: number; window_start: string };
    const rows = await run<Count>("word-count", `${lines.join("\n")}\n`);
    const counts = rows.map(({ word, count, window_start }): [string, number] => [
      `${timeOf(window_start) / 1_000} ${word}`,
      count,
    ]);
    expect(new Map(counts)).toEqual(expected);
    expect(rows).toHaveLength(expected.size);
  });

  test("runs on the readings beside it: one boiler gets too warm", async () => {
    const { rows } = await runJob(new URL("../../examples/sensor-fleet/job.ts", import.meta.url));
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => row.device))).toEqual(new Set(["boiler-1"]));
  });
});

describe("examples/sensor-fleet", () => {
  interface Reading {
    readonly device: string;
    readonly temperature: number;
    readonly at: number;
  }
  interface Alert {
    readonly device: string;
    readonly average: number;
    readonly excess: number;
    readonly at: string;
  }
  const LIMIT = 60;

  /** Two minutes of eight devices, up to 1.9 s out of order, some readings broken. */
  function readings(): Reading[] {
    const random = numbers(11);
    return Array.from({ length: 4_000 }, (_, i) => {
      const device = `device-${random(8)}`;
      // Quarters: their sums are exact in any order.
      const warm = device === "device-3" ? 40 : 0;
      const temperature = random(50) === 0 ? 900.25 : 20 + warm + random(200) / 4;
      return { device, temperature, at: 1_700_000_000_000 + i * 30 - random(1_900) };
    });
  }

  function alertsOf(all: readonly Reading[]): Map<string, { average: number; excess: number }> {
    const windows = new Map<string, number[]>();
    for (const { device, temperature, at } of all) {
      if (temperature < -60 || temperature > 150) continue;
      const key = `${device} ${Math.floor(at / 10_000) * 10_000 + 10_000}`;
      const list = windows.get(key) ?? [];
      windows.set(key, list);
      list.push(temperature);
    }
    const alerts = new Map<string, { average: number; excess: number }>();
    for (const [key, list] of windows) {
      const average = list.reduce((a, b) => a + b, 0) / list.length;
      if (average > LIMIT) alerts.set(key, { average, excess: average - LIMIT });
    }
    return alerts;
  }

  test("alerts of the devices whose window average is above the limit", async () => {
    const all = readings();
    const expected = alertsOf(all);
    expect(expected.size).toBeGreaterThan(10);
    const text = all.map((reading) => `${JSON.stringify(reading)}\n`).join("");
    const rows = await run<Alert>("sensor-fleet", text, String(LIMIT));
    const alerts = rows.map(({ device, average, excess, at }) => {
      return [`${device} ${timeOf(at)}`, { average, excess }] as const;
    });
    expect(new Map(alerts)).toEqual(expected);
    expect(rows).toHaveLength(expected.size);
  });

  test("runs on the readings beside it: one boiler gets too warm", async () => {
    const { rows } = await runJob(new URL("../../examples/sensor-fleet/job.ts", import.meta.url));
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => row.device))).toEqual(new Set(["boiler-1"]));
  });
});
