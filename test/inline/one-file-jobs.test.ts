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

test("arrays, rows, maps and decimals go from JSON through functions to JSON", {
  timeout: 120_000,
}, async () => {
  const text = join(temporaryFolder(closers), "orders.jsonl");
  const lines = [
    `{"id":1,"at":1000,"price":12.5,"tags":["a",null,"é"],"place":{"city":"Rome","floor":null},"items":[{"name":"nut","qty":2},{"name":"bolt","qty":1}],"attributes":{"k":[9223372036854775807,null]},"seal":"AQI="}`,
    `{"id":2,"at":2000,"price":"12.50","items":[{"name":"😀","qty":5}]}`,
    `{"id":3,"at":3000,"price":7,"place":{"city":"Nowhere"},"items":[{"name":"x","qty":1}]}`,
    `{"id":4,"at":4000,"price":7,"items":[]}`,
    `{"id":5,"at":5000,"price":7,"items":[{"name":"too long","qty":1}]}`,
    `{"id":6,"at":6000,"price":7,"tags":[],"items":[{"name":"y","qty":40000}]}`,
  ];
  writeFileSync(text, `${lines.join("\n")}\n`);
  const job = load("test/inline/jobs/orders.ts", text);
  const byPrice = load("test/inline/jobs/orders.ts", text, "prices");
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 4);
  const nut = { name: "nut", qty: 2 };
  const shared = {
    first: nut,
    label: { city: "Rome", names: ["nut", "bolt"] },
    tags: ["A", null, "É"],
    price: 12.5,
    // The client's JSON.parse rounds it; the record has all digits.
    attributes: { k: [2 ** 63, null] },
    seal: "AQI=",
  };
  const smile = { name: "😀", qty: 5 };
  const alone = { tags: null, price: 12.5, attributes: null, seal: null };
  expect(await rowsOf(cluster, job)).toEqual([
    { item: { name: "bolt", qty: 1 }, ...shared },
    { item: nut, ...shared },
    { item: smile, first: smile, label: { city: "?", names: ["😀"] }, ...alone },
  ]);
  const prices = await rowsOf(cluster, byPrice);
  expect(prices.map(({ each, orders, both }) => ({ each, orders, both }))).toEqual([
    { each: 12.5, orders: 2, both: [2, 8] },
    { each: 7, orders: 2, both: [2, 40_001] },
  ]);
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
    nested: [
      {
        first: "A",
        map: [["k", 1]],
        point: { at: 1_000, label: "p1" },
        price: "-0.05",
        seal: [1, 2],
        sizes: ["9223372036854775807"],
      },
      {
        first: "-",
        map: null,
        point: { at: 0, label: null },
        price: "3.00",
        seal: null,
        sizes: null,
      },
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

test("a throw in a window's functions undoes the row, or the window's result, where rows are dropped", {
  timeout: 120_000,
}, async () => {
  const text = join(temporaryFolder(closers), "sales.jsonl");
  const sales = [3, -1, 4].map((amount, at) => ({ shop: "rome", amount, at }));
  const lines = [...sales, { shop: "oslo", amount: 5, at: 3 }];
  writeFileSync(text, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const file = "test/inline/jobs/thrown-in-windows.ts";
  // Both at first: loading blocks this process, and an idle connection would be closed meanwhile.
  const [reduced, aggregated] = [load(file, text, "reduce"), load(file, text, "aggregate")];
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2);
  const rome = { shop: "rome", amount: 7 };
  expect(await rowsOf(cluster, reduced)).toMatchObject([{ shop: "oslo", amount: 5 }, rome]);
  expect(await rowsOf(cluster, aggregated)).toMatchObject([rome]);
});
