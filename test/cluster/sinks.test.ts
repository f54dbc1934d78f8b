/** What a client and a folder see of a job whose first attempt fails. */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { RowsItem } from "../../src/client/answers.ts";
import { collectSink, filesSink, text } from "../../src/plan/sinks.ts";
import {
  RestartStrategies,
  StreamExecutionEnvironment,
} from "../../src/plan/stream-environment.ts";
import { Closers, finalLines, inTime, TestCluster, temporaryFolder } from "./cluster.ts";
import { LineServer } from "./line-server.ts";

const closers = new Closers();
afterEach(() => closers.close());

const LINES = Array.from({ length: 3_000 }, (_, i) => `line ${String(i).padStart(5, "0")}`);

function linesOf(item: RowsItem): string[] {
  return item.type === "rows" ? item.lines.trimEnd().split("\n") : [];
}

test("rows of a running job stream to the client, which is told when they begin again", async () => {
  const cluster = await TestCluster.start(closers);
  const first = await cluster.worker("w1", 1);
  const server = await LineServer.start(closers, LINES, 1);
  const env = new StreamExecutionEnvironment().setRestartStrategy(
    RestartStrategies.fixedDelay(1, 0),
  );
  env.socketTextStream("127.0.0.1", server.port).sinkTo(collectSink(text()));
  const job = await cluster.client.submitJob(env.toJobSpec("rows"));
  const items = cluster.client.rows(job);
  const read = async (wanted: number): Promise<string[]> => {
    const lines: string[] = [];
    while (lines.length < wanted) {
      const { value } = await inTime("rows", items.next());
      if (value === undefined || value.type === "end") break;
      // What came before a restart is void.
      if (value.type === "restart") lines.length = 0;
      else lines.push(...linesOf(value));
    }
    return lines;
  };
  // The server holds the other half back: these rows come from a job that runs.
  expect(await read(LINES.length / 2)).toEqual(LINES.slice(0, LINES.length / 2));
  expect((await cluster.client.job(job)).state).toBe("RUNNING");
  await cluster.worker("w2", 1);
  await first.close();
  const { value: restart } = await inTime("restart", items.next());
  expect(restart).toEqual({ type: "restart", attempt: 2 });
  expect(await read(Number.POSITIVE_INFINITY)).toEqual(LINES);
  expect(await cluster.end(job)).toBeUndefined();
});

test("a cancelled job leaves nothing final in its folder, one that finishes leaves all", async () => {
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 1);
  const server = await LineServer.start(closers, LINES, 1);
  const out = join(temporaryFolder(closers), "out");
  const submit = async () => {
    const env = new StreamExecutionEnvironment();
    const lines = env.socketTextStream("127.0.0.1", server.port);
    lines.sinkTo(filesSink(out, text()));
    lines.sinkTo(collectSink(text()));
    return cluster.client.submitJob(env.toJobSpec("files"));
  };
  const cancelled = await submit();
  for await (const item of cluster.client.rows(cancelled)) {
    if (item.type === "rows") break;
  }
  await cluster.client.cancel(cancelled);
  expect(await cluster.end(cancelled)).toMatchObject({ code: "JOB_CANCELED" });
  const finished = await submit();
  const streamed: string[] = [];
  for await (const item of cluster.client.rows(finished)) streamed.push(...linesOf(item));
  expect(streamed).toEqual(LINES);
  expect(await cluster.end(finished)).toBeUndefined();
  const { names, lines } = finalLines(out);
  expect(names).not.toEqual([]);
  expect(names.every((name) => name.includes(finished.slice(0, 8)))).toBe(true);
  expect(lines).toEqual(LINES);
});
