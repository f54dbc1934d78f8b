/** A job whose output cannot be published as a whole says what is public. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { filesSink, text } from "../../../src/plan/sinks.ts";
import {
  RestartStrategies,
  StreamExecutionEnvironment,
} from "../../../src/plan/stream-environment.ts";
import { Closers, inTime, TestCluster, temporaryFolder } from "../../cluster/cluster.ts";
import { LineServer } from "../../cluster/line-server.ts";

const closers = new Closers();
afterEach(() => closers.close());

test("fails with the names of the files, is not restarted, and leaves nothing hidden", async () => {
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 1);
  const server = await LineServer.start(closers, ["one", "two", "three", "four"], 1);
  const out = temporaryFolder(closers);
  const env = new StreamExecutionEnvironment()
    .setRestartStrategy(RestartStrategies.fixedDelay(3, 0))
    .setBufferTimeout(0);
  const lines = env.socketTextStream("127.0.0.1", server.port);
  lines.sinkTo(filesSink(out, text(), { rollBytes: 1 })).uid("out");
  lines.collect();
  const job = await cluster.client.submitJob(env.toJobSpec("partly"));
  const part = (number: number) => `part-${job.slice(0, 8)}-out-a1-0-${number}`;
  // The second part's name is taken by a folder, which no file can replace.
  mkdirSync(join(out, part(1)));
  const rows = cluster.client.rows(job);
  await inTime("first rows", rows.next());
  server.release();
  for await (const item of rows) if (item.type === "end") break;
  const failure = await cluster.end(job);
  expect(failure?.code).toBe("COMMIT_INCOMPLETE");
  expect(failure?.message).toContain(`Cannot publish ${join(out, part(1))}`);
  expect(failure?.message).toContain(`1 (${join(out, part(0))}) is public`);
  expect(failure?.message).toContain("some may be public");
  expect((await cluster.client.job(job)).attempt).toBe(1);
  const names = () => readdirSync(out).sort();
  await expect.poll(names, { timeout: 5_000 }).toEqual([part(0), part(1)]);
});
