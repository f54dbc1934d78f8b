/** Processing-time timers of a planned job, under a clock that only the test moves. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { buildBundle } from "../../../src/build/compile.ts";
import { planJob } from "../../../src/jobmanager/job-planner.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { schemaOf } from "../../../src/plan/schema-match.ts";
import { jsonLines, socket } from "../../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../../src/plan/stream-environment.ts";
import { inspectBundle } from "../../../src/protocol/bundle/inspect.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../../../src/protocol/limits.ts";
import type { SourceData } from "../../../src/taskmanager/core/task.ts";
import type { LoadedModule } from "../../../src/taskmanager/module-instance.ts";
import { OperatorHost } from "../../../src/taskmanager/operator-host.ts";
import { SlotHarness } from "../task/slot-harness.ts";

const ADDRESS = "ws://127.0.0.1:1";
const EVENT = schemaOf({ name: "STRING NOT NULL", n: "BIGINT NOT NULL", at: "BIGINT NOT NULL" });

function loaded(hash: string, bytes: Uint8Array<ArrayBuffer>): LoadedModule {
  const { manifest } = inspectBundle(bytes, MODULE_MEMORY_MAX_PAGES);
  return { hash, module: new WebAssembly.Module(bytes), manifest };
}

test("timers of the clock wake their slot when they are due, in both subtasks, and not before", async () => {
  const entry = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
  const built = await buildBundle({ entry, name: "keyed", optimize: "none" });
  const bundle = new Bundle(built.report.hash, built.manifest);
  const builtin = new Uint8Array(
    readFileSync(new URL("../../../build/builtin.wasm", import.meta.url)),
  );
  const modules = new Map([
    ["builtin", loaded("builtin", builtin)],
    [bundle.hash, loaded(bundle.hash, new Uint8Array(built.bytes))],
  ]);

  const env = new StreamExecutionEnvironment().setParallelism(2).setBufferTimeout(0);
  env
    .fromSource(jsonLines(socket("host", 1), EVENT))
    .setParallelism(1)
    .keyBy("name")
    .process(bundle.operator("CountFor50Ms"))
    .collect();
  const planned = planJob(env.toJobSpec("clock"), () => built.manifest);
  const places = planned.vertices.flatMap(({ id, parallelism }) =>
    Array.from({ length: parallelism }, (_, subtask) => {
      return { vertex: id, subtask, worker: "w", slot: subtask, address: ADDRESS };
    }),
  );
  const [tasks] = planned.deployments(places).values();
  const host = new OperatorHost({
    moduleOf: (hash) => modules.get(hash),
    host: { processingTimeMs: () => slots.nowMs, log: () => undefined },
    slice: { type: "rows", rows: 100 },
  });
  const slots: SlotHarness = new SlotHarness([...tasks!], (task, d) => host.openChain(task, d), {
    bufferTimeoutMs: 0,
  });
  slots.source = () => undefined;
  slots.deploy().settle();
  const source = planned.vertices[0]!.id;
  const give = (data: SourceData) => {
    slots.step(0, { type: "source_data", task: { vertex: source, subtask: 0 }, data });
    slots.settle();
  };
  const rows = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({ name: `k${(from + i) % 9}`, n: 1, at: 0 }))
      .map((row) => `${JSON.stringify(row)}\n`)
      .join("");
  const written = () =>
    [...slots.written.values()]
      .flatMap((text) => text.trimEnd().split("\n"))
      .map(
        (line) => JSON.parse(line) as { name: string; at: number; first: number; second: number },
      )
      .sort((a, b) => a.at - b.at || a.name.localeCompare(b.name));

  give({ type: "split", split: new TextEncoder().encode("{}") });
  const start = slots.nowMs;
  give({ type: "bytes", bytes: new TextEncoder().encode(rows(0, 5)), last: false });
  slots.advance(20);
  give({ type: "bytes", bytes: new TextEncoder().encode(rows(5, 27)), last: false });
  slots.advance(29);
  expect(slots.written.size).toBe(0);
  // The slots ask to be woken at the millisecond of the first timer.
  const wakes = slots.slots.map((slot) => slot.nextDeadlineMs()).filter((at) => at !== undefined);
  expect(Math.min(...wakes)).toBe(start + 50);
  slots.advance(1);
  const first = [0, 1, 2, 3, 4].map((k) => {
    return { name: `k${k}`, at: start + 50, first: 3, second: start + 50 };
  });
  expect(written()).toEqual(first);
  // Late to wake up, as a busy machine is: timers keep the time they were set for.
  slots.advance(70);
  const later = [5, 6, 7, 8].map((k) => {
    return { name: `k${k}`, at: start + 70, first: 3, second: start + 120 };
  });
  expect(written()).toEqual([...first, ...later]);
  const subtasks = [...slots.written.values()].map((text) => text.trimEnd().split("\n").length);
  expect(subtasks).toHaveLength(2);
  // What is not due when the input ends never fires (Flink: timers are quiesced).
  give({ type: "bytes", bytes: new TextEncoder().encode(rows(0, 5)), last: true });
  give({ type: "finished" });
  slots.advance(1_000);
  expect([...new Set(slots.states.values())]).toEqual(["FINISHED"]);
  expect(written()).toHaveLength(9);
});
