import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type {
  ConnectorSpec,
  Deployment,
  TaskDescriptor,
} from "../../../src/protocol/deployment.ts";
import {
  startTaskManager,
  type TaskManager,
} from "../../../src/taskmanager/task-manager-process.ts";
import { FakeJobManager } from "./fake-job-manager.ts";

const JOB = "00112233-4455-6677-8899-aabbccddeeff";
const folder = mkdtempSync(join(tmpdir(), "millrace-task-manager-"));
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
  rmSync(folder, { recursive: true, force: true });
});

async function cluster(slots: Record<string, number>) {
  const jobManager = await FakeJobManager.start();
  open.push(jobManager);
  const workers = new Map<string, TaskManager>();
  for (const [name, count] of Object.entries(slots)) {
    const options = { jobManager: jobManager.url, token: "t", name, slots: count };
    const worker = await startTaskManager({ ...options, log: () => undefined });
    open.push(worker);
    await worker.registered;
    workers.set(name, worker);
  }
  return { jobManager, workers };
}

type Place = readonly [worker: string, slot: number];

const string = { type: "STRING" as const, nullable: false };
const stream = (name: string) => {
  const changeMode = { mode: "insert-only" as const };
  return { name: "main", schema: [{ name, type: string }], changeMode, keys: [] };
};
const operator = (name: string, connector: ConnectorSpec) => ({
  uid: name,
  name,
  bundle: "builtin",
  operator: name,
  parameters: {},
  connector,
  onRowError: "fail" as const,
});

/** Lines of a file, read by one source at each place, gathered by one sink. */
function gather(
  workers: Map<string, TaskManager>,
  source: ConnectorSpec,
  sink: ConnectorSpec,
  sources: Place[],
  sinkAt: Place,
): Map<string, Deployment> {
  const peer = ([worker, slot]: Place) => {
    return { worker, slot, address: workers.get(worker)!.dataAddress };
  };
  const place = { parallelism: sources.length, maxParallelism: 128 };
  const tasks: [Place, TaskDescriptor][] = sources.map((at, subtask) => {
    const chain = [{ ...operator("text_lines", source), inputs: [], outputs: [stream("line")] }];
    const channels = [{ channel: subtask, peer: peer(sinkAt) }];
    const edge = { from: 0, output: 0, partitioner: "global" as const, keys: [], channels };
    const of = { vertex: "source", name: "source", subtask, slot: at[1], ...place };
    return [at, { ...of, chain, gates: [], outputs: [edge] }];
  });
  const format = { ...operator("format_text", sink), inputs: [stream("line")] };
  const channels = sources.map((at, channel) => ({ channel, peer: peer(at) }));
  const at = { vertex: "sink", name: "sink", subtask: 0, slot: sinkAt[1] };
  const sizes = { parallelism: 1, maxParallelism: 128 };
  const chain = [{ ...format, outputs: [stream("record")] }];
  tasks.push([sinkAt, { ...at, ...sizes, chain, gates: [{ input: 0, channels }], outputs: [] }]);
  const deployments = new Map<string, Deployment>();
  for (const worker of new Set(tasks.map(([[name]]) => name))) {
    const own = tasks.filter(([[name]]) => name === worker).map(([, task]) => task);
    const options = { bufferTimeoutMs: 10, batchRows: 4096, memoryMaxPages: 4096 };
    deployments.set(worker, { job: JOB, jobName: "gather", attempt: 1, ...options, tasks: own });
  }
  return deployments;
}

function deploy(jobManager: FakeJobManager, deployments: Map<string, Deployment>): void {
  for (const [worker, deployment] of deployments) {
    jobManager.send(worker, { type: "deploy", deployment });
  }
}

const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);

function input(): string {
  const path = join(mkdtempSync(join(tmpdir(), "millrace-input-")), "lines.txt");
  writeFileSync(path, `${lines.join("\n")}\n`);
  open.push({ close: async () => rmSync(path) });
  return path;
}

const sorted = (text: string[]) => [...text].sort();

describe("TaskManager process", () => {
  test.each([
    ["two tasks of one slot", [["a", 0]], ["a", 0]],
    ["two slots of one worker", [["a", 0]], ["a", 1]],
    ["two workers", [["b", 0]], ["a", 0]],
    [
      "all three ways at once",
      [
        ["a", 0],
        ["a", 1],
        ["b", 0],
        ["b", 1],
      ],
      ["a", 1],
    ],
  ] as [string, Place[], Place][])("carries every line between %s", async (_name, from, to) => {
    const { jobManager, workers } = await cluster({ a: 2, b: 2 });
    const printed = gather(
      workers,
      { type: "file", path: input(), splitBytes: 30_000 },
      { type: "collect" },
      from,
      to,
    );
    deploy(jobManager, printed);
    const sink = { vertex: "sink", subtask: 0, sink: "format_text" };
    const credit = { job: JOB, attempt: 1, ...sink, messages: 100_000 };
    const running = () => jobManager.of("task_state").some((m) => m.vertex === "sink");
    await jobManager.until(running);
    jobManager.send("a", { type: "rows_credit", ...credit });
    await jobManager.until(() => jobManager.of("attempt_released").length === printed.size);
    const states = jobManager.of("task_state").map((message) => message.state);
    expect(states.filter((state) => state === "FINISHED")).toHaveLength(from.length + 1);
    const rows = jobManager.of("rows").flatMap((message) => message.lines.trimEnd().split("\n"));
    expect(rows).toHaveLength(lines.length);
    expect(sorted(rows).join() === sorted(lines).join()).toBe(true);
  });

  test("keeps files hidden until commit", async () => {
    const { jobManager, workers } = await cluster({ a: 1 });
    const path = join(folder, "out");
    const sink = { type: "files", path };
    deploy(
      jobManager,
      gather(workers, { type: "file", path: input() }, sink, [["a", 0]], ["a", 0]),
    );
    await jobManager.until(() => jobManager.of("attempt_released").length === 1);
    expect(readdirSync(path).every((name) => name.startsWith("."))).toBe(true);
    jobManager.send("a", { type: "commit", job: JOB, attempt: 1 });
    await jobManager.until(() => jobManager.of("committed").length === 1);
    expect(jobManager.of("committed")[0]?.error).toBeUndefined();
    const text = readdirSync(path).map((name) => readFileSync(join(path, name), "utf8"));
    const written = text.join("").trimEnd().split("\n");
    expect([written.length, written.at(-1)]).toEqual([lines.length, lines.at(-1)]);
  });

  test("fails the task that reads a missing file, with the path", async () => {
    const { jobManager, workers } = await cluster({ a: 1 });
    const source = { type: "file", path: join(folder, "nowhere.txt") };
    deploy(jobManager, gather(workers, source, { type: "blackhole" }, [["a", 0]], ["a", 0]));
    const failed = () => jobManager.of("task_state").find((message) => message.state === "FAILED");
    await jobManager.until(() => failed() !== undefined);
    expect(failed()?.error).toMatchObject({ code: "FILE_NOT_FOUND", value: source.path });
  });

  test("cancels a job that waits for its client, and frees its slots for the next attempt", async () => {
    const { jobManager, workers } = await cluster({ a: 1 });
    const source = { type: "file", path: input() };
    const deployments = gather(workers, source, { type: "collect" }, [["a", 0]], ["a", 0]);
    deploy(jobManager, deployments);
    await jobManager.until(() => jobManager.of("task_state").length === 2);
    jobManager.send("a", { type: "cancel", job: JOB, attempt: 1 });
    await jobManager.until(() => jobManager.of("attempt_released").length === 1);
    const states = jobManager.of("task_state").map((message) => message.state);
    expect(states.slice(2)).not.toContain("FAILED");
    jobManager.send("a", { type: "deploy", deployment: { ...deployments.get("a")!, attempt: 2 } });
    await jobManager.until(() => jobManager.of("task_state").some((m) => m.attempt === 2));
    const second = jobManager.of("task_state").find((message) => message.attempt === 2);
    expect(second?.state).toBe("RUNNING");
  });

  test("fails the tasks that need a worker that is gone", async () => {
    const { jobManager, workers } = await cluster({ a: 1, b: 1 });
    const source = { type: "file", path: input() };
    deploy(jobManager, gather(workers, source, { type: "collect" }, [["b", 0]], ["a", 0]));
    await jobManager.until(() => jobManager.of("task_state").length === 2);
    const startedMs = performance.now();
    await workers.get("b")!.close();
    const failed = () => jobManager.of("task_state").find((message) => message.state === "FAILED");
    await jobManager.until(() => failed() !== undefined);
    expect(failed()?.error?.code).toMatch(/^DATA_LINK_/);
    console.log(`lost peer noticed after ${Math.round(performance.now() - startedMs)} ms`);
  });

  test("registers again after its link was cut", async () => {
    const { jobManager } = await cluster({ a: 1 });
    jobManager.cut("a");
    await jobManager.until(() => jobManager.of("register").length === 2);
    const [first, second] = jobManager.of("register");
    expect(second?.incarnation).toBe(first?.incarnation);
  });
});
