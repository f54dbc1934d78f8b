/**
 * Run by Deno: the word count over two slots in one thread, through the planner, the operator host
 * and the operator chains that a worker uses. The last line printed is JSON.
 */
import { readFileSync } from "node:fs";
import { planJob } from "../../src/jobmanager/job-planner.ts";
import { inspectBundle } from "../../src/protocol/bundle/inspect.ts";
import { imposeMemoryMaximum } from "../../src/protocol/bundle/memory-limit.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../../src/protocol/limits.ts";
import type { SourceData } from "../../src/taskmanager/core/task.ts";
import type { LoadedModule } from "../../src/taskmanager/module-instance.ts";
import { OperatorHost } from "../../src/taskmanager/operator-host.ts";
import { key, SlotHarness } from "../taskmanager/task/slot-harness.ts";
import { countsOf, TEXT, WORD_COUNT, wordCountBundle, wordCountSpec } from "./word-count-job.ts";

const BUILTIN = new URL("../../build/builtin.wasm", import.meta.url);

function load(hash: string, file: string | URL): LoadedModule {
  const bytes = readFileSync(file);
  const bounded = imposeMemoryMaximum(bytes, MODULE_MEMORY_MAX_PAGES) as Uint8Array<ArrayBuffer>;
  const { manifest } = inspectBundle(bytes);
  return { hash, module: new WebAssembly.Module(bounded), manifest };
}

const words = wordCountBundle();
const modules = [load("builtin", BUILTIN), load(words.hash, WORD_COUNT)];
const planned = planJob(wordCountSpec("text.txt"), () => words.manifest);
const places = planned.vertices.flatMap(({ id, parallelism }) =>
  Array.from({ length: parallelism }, (_, subtask) => {
    return { vertex: id, subtask, worker: "w", slot: subtask, address: "ws://127.0.0.1:1" };
  }),
);
const tasks = [...planned.deployments(places).values()].flat();
const hosts = [0, 1].map(
  () =>
    new OperatorHost({
      moduleOf: (bundle) => modules.find((module) => module.hash === bundle),
      host: { processingTimeMs: () => 0, log: () => undefined },
      slice: { type: "rows", rows: 1_000 },
    }),
);
const harness = new SlotHarness(tasks, (task, deployment) =>
  hosts[task.slot]!.openChain(task, deployment),
);
const bytes = new TextEncoder().encode(TEXT);
const split = { path: "text.txt", start: 0, end: bytes.length, size: bytes.length, firstLine: 0 };
const pieces: SourceData[] = [
  { type: "split", split: new TextEncoder().encode(JSON.stringify(split)) },
  { type: "bytes", bytes, last: true },
];
harness.source = ({ subtask }) =>
  (subtask === 0 ? pieces.shift() : undefined) ?? { type: "finished" };
harness.deploy().settle();
harness.advance(10);
const states = Object.fromEntries(tasks.map((task) => [key(task), harness.states.get(key(task))]));
const lines = [...harness.written.values()].join("");
console.log(JSON.stringify({ states, counts: countsOf(lines) }));
