import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobContext } from "../../src/cli/job-file.ts";
import { files, jsonLines, schemaOf } from "../../src/index.ts";
import { expectRows, MiniCluster, runJob } from "../../src/testing/index.ts";

const ITEM = schemaOf({ name: "STRING NOT NULL", n: "BIGINT NOT NULL" });

let cluster: MiniCluster;
beforeAll(async () => {
  cluster = await MiniCluster.start();
});
afterAll(() => cluster.close());

const lines = (...texts: string[]) => texts.map((line, i) => ({ line, line_number: i + 1 }));

describe("runJob", () => {
  test("runs the word count on rows instead of its file", async () => {
    const { rows } = await runJob("examples/word-count/job.ts", {
      cluster,
      inputs: lines("The whale", "the sea"),
    });
    const window = { window_start: 1_000, window_end: 1_001_000 };
    expectRows(
      rows,
      [
        { word: "the", count: 2, ...window },
        { word: "whale", count: 1, ...window },
        { word: "sea", count: 1, ...window },
      ],
      { order: "any" },
    );
  });

  test("runs the sensor fleet with an argument", async () => {
    const { rows } = await runJob(new URL("../../examples/sensor-fleet/job.ts", import.meta.url), {
      cluster,
      args: ["none.jsonl", "30"],
      inputs: {
        json_lines: [
          { device: "a", temperature: 31, at: 1_000 },
          { device: "a", temperature: 32, at: 2_000 },
          { device: "a", temperature: 900, at: 3_000 },
          { device: "b", temperature: 20, at: 3_000 },
        ],
      },
    });
    expectRows(rows, [{ device: "a", average: 31.5, excess: 1.5, at: 10_000 }]);
  });

  test("runs a job function with two sources and two sinks, on a cluster of its own", async () => {
    async function twoWays({ env, bundle }: JobContext) {
      const words = await bundle("build/word-count.wasm");
      const first = env.readTextFile("first.txt").name("first");
      const second = env.readTextFile("second.txt").uid("second");
      const split = first.union(second).flatMap(words.operator("SplitWords"));
      split.collect().name("words");
      second.collect().uid("lines");
    }
    const result = await runJob(twoWays, {
      inputs: { first: [{ line: "a b" }], second: [{ line: "c" }] },
    });
    expectRows(
      result.sinks.get("words")!,
      ["a", "b", "c"].map((word) => ({ word })),
      {
        order: "any",
      },
    );
    expectRows(result.sinks.get("lines")!, [{ line: "c" }]);
    expect(() => result.rows).toThrow(/several collect sinks/);
  });

  test("tells the failure of the job with the operator and the author's line", async () => {
    async function shares({ env, bundle }: JobContext) {
      const items = await bundle("./assembly/index.ts");
      env
        .fromSource(jsonLines(files("items.jsonl"), ITEM))
        .map(items.operator("Share"))
        .collect();
    }
    const options = { cluster, folder: import.meta.url };
    const { rows } = await runJob(shares, { ...options, inputs: [{ name: "whale", n: 2 }] });
    expectRows(rows, [{ name: "whale", n: 50 }]);
    const failing = runJob(shares, { ...options, inputs: [{ name: "ship", n: 7 }] });
    await expect(failing).rejects.toThrow(
      /Share failed at index\.ts:17: Index out of range.*record 1 of its input/,
    );
  });

  test("says what is wrong with inputs and results", async () => {
    const text = ({ env }: JobContext) => void env.readTextFile("items.txt").collect();
    await expect(runJob(text, { cluster, inputs: [{ line: 5 }] })).rejects.toThrow(
      /column line STRING NOT NULL has 5 \(number\), it takes a string \(row 1 of/,
    );
    await expect(runJob(text, { cluster, inputs: { nowhere: [] } })).rejects.toThrow(
      /Cannot give input nowhere: the job has no such source/,
    );
    const none = ({ env }: JobContext) => void env.readTextFile("x").discard();
    const result = await runJob(none, { cluster, inputs: [{ line: "x" }] });
    expect(() => result.rows).toThrow(/no collect sink/);
  });
});
