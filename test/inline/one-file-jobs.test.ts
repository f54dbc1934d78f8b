import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/plan/job-spec.ts";
import type { ErrorBody } from "../../src/protocol/errors.ts";
import { Closers, TestCluster, temporaryFolder } from "../cluster/cluster.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const closers = new Closers();
afterEach(() => closers.close());

interface Printed {
  readonly spec: JobSpecInput;
  readonly bundles: readonly string[];
  readonly error?: ErrorBody;
}

/** A job file as `millrace run` loads it; the test runner's own module loader moves lines about. */
function load(file: string, ...args: string[]): Printed {
  const script = join(ROOT, "test/inline/jobs/print-job.ts");
  const options = { cwd: ROOT, encoding: "utf8", maxBuffer: 1e8 } as const;
  return JSON.parse(execFileSync(process.execPath, [script, join(ROOT, file), ...args], options));
}

/** Runs a job to its end; its rows, sorted. */
async function rowsOf(cluster: TestCluster, job: Printed): Promise<Record<string, unknown>[]> {
  for (const bundle of job.bundles)
    await cluster.client.uploadBundle(Buffer.from(bundle, "base64"));
  const id = await cluster.client.submitJob(job.spec);
  const { rows } = await cluster.rows<Record<string, unknown>>(id);
  expect(await cluster.end(id)).toBeUndefined();
  return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

test("the word count in one file gives what its bundle gives", { timeout: 120_000 }, async () => {
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 4);
  const text = join(temporaryFolder(closers), "text.txt");
  const line = (i: number) =>
    `The whale ${i % 7}, the "Whale's" tail; x${i % 13}y été ${"ab ".repeat(i % 5)}`;
  writeFileSync(text, Array.from({ length: 2_500 }, (_, i) => `${line(i)}\n`).join(""));
  const inline = await rowsOf(cluster, load("examples/word-count/one-file.ts", text));
  const bundled = await rowsOf(cluster, load("examples/word-count/job.ts", text));
  expect(inline.length).toBeGreaterThan(20);
  expect(inline).toEqual(bundled);
});

test("the sensor fleet in one file gives what its bundle gives", { timeout: 120_000 }, async () => {
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 4);
  const text = join(temporaryFolder(closers), "readings.jsonl");
  const reading = (i: number) => ({
    device: `d${i % 9}`,
    // Quarters: their sums are exact, in whatever order the two subtasks of the source send them.
    temperature: i % 50 === 0 ? 900 : 60 + ((i * 37) % 45) + (i % 9) / 4,
    at: 1_700_000_000_000 + i * 40,
  });
  const lines = Array.from({ length: 3_000 }, (_, i) => `${JSON.stringify(reading(i))}\n`);
  writeFileSync(text, lines.join(""));
  const inline = await rowsOf(cluster, load("examples/sensor-fleet/one-file.ts", text));
  const bundled = await rowsOf(cluster, load("examples/sensor-fleet/job.ts", text));
  expect(inline.length).toBeGreaterThan(20);
  expect(inline).toEqual(bundled);
});

test("functions stand in map, filter, keyBy, reduce and flatMap of one job", {
  timeout: 120_000,
}, async () => {
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2);
  const text = join(temporaryFolder(closers), "purchases.csv");
  const lines = [
    " Paris 1;1000;10.5;EUR",
    "PARIS 2;2000;0.25;EUR",
    "paris;3000;7;USD",
    "Rome;4000;-3;EUR",
    "Rome;bad;3;EUR",
    "Rome;3600000;1.005;EUR",
    "Oslo;5000;4;NOK",
  ];
  writeFileSync(text, `${lines.join("\n")}\n`);
  const rows = await rowsOf(cluster, load("test/inline/jobs/purchases.ts", text));
  expect(rows.map(({ window_start: _, window_end: __, ...row }) => row)).toEqual(
    [
      { amount: 10.75, currency2: "EUR", note: "par!", till: "par" },
      { amount: 7, currency2: "USD", note: "par!", till: "par" },
      { amount: 1, currency2: "EUR", note: "rom!", till: "rom" },
    ].map((row) => expect.objectContaining(row)),
  );
});

test("a program of its own runs functions in its process, again and behind a union", {
  timeout: 120_000,
}, () => {
  const script = join(ROOT, "test/inline/jobs/in-process.ts");
  const printed = execFileSync(process.execPath, [script], { cwd: ROOT, encoding: "utf8" });
  expect(JSON.parse(printed)).toEqual({
    first: [{ n: 2 }, { n: 4 }, { n: 6 }],
    second: [
      { odd: false, total: 16 },
      { odd: true, total: 11 },
    ],
    words: [
      { count: 1, word: "the" },
      { count: 2, word: "sea" },
    ],
  });
});

test("a keyed stream is reduced without a window, by functions with the job's arguments", {
  timeout: 120_000,
}, async () => {
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2);
  const text = join(temporaryFolder(closers), "sales.txt");
  writeFileSync(text, "rome;3\noslo;1\nrome;2\nrome;4\noslo;12\n");
  const job = load("test/inline/jobs/running.ts", text, "3");
  expect(job.error).toBeUndefined();
  expect(await rowsOf(cluster, job)).toEqual([
    { amount: 12, item: "<12>", shop: "oslo" },
    { amount: 3, item: "<3>", shop: "rome" },
    { amount: 5, item: "<3>", shop: "rome" },
  ]);
});
