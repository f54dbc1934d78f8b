/**
 * What a job's result is to be: the rows of its sources, made once without a cluster, and a naive
 * model of the rest.
 */

import { planJob } from "../jobmanager/job-planner.ts";
import type { JobSpecInput } from "../plan/job-spec.ts";
import type { TaskDescriptor } from "../protocol/deployment.ts";
import { assert } from "../protocol/errors.ts";
import type { ChainOutput } from "../taskmanager/core/task-chain.ts";
import { OperatorHost } from "../taskmanager/operator-host.ts";
import { comparableKeyed, keyedLines } from "./keyed-jobs.ts";
import type { ModuleStock } from "./module-stock.ts";
import type { SimJob, Workload } from "./workload.ts";

/** A row of the data generator, as timedRows of workload.ts declares it. */
export interface GeneratedRow {
  readonly id: number;
  readonly key: string;
  readonly value: number;
  /** Event time of disorderedRows. */
  readonly at?: number;
}

/** A row of a window, as far as it is looked at. */
interface WindowRow {
  readonly key: string;
  readonly n: number;
  readonly total: number;
  readonly window_start: string;
}

/** Lines that the sinks are to hold, sorted. */
export function expectedLines(job: SimJob, workload: Workload, modules: ModuleStock): string[] {
  const { type, copies } = job.expectation;
  const lines = type === "words" ? wordLines(job, workload) : generatedLines(job, modules);
  return lines.flatMap((line) => Array.from({ length: copies }, () => line)).sort();
}

function generatedLines(job: SimJob, modules: ModuleStock): string[] {
  const sources = job.spec.vertices.filter((vertex) => vertex.kind === "source");
  const linesOf = sources.map((source) => generate(source, modules));
  const { type, sizeMs } = job.expectation;
  if (type === "rows") return linesOf.flat();
  const rowsOf = linesOf.map((lines) => lines.map((line) => JSON.parse(line) as GeneratedRow));
  if (type === "connect" || type === "broadcast" || type === "clock") {
    return keyedLines(job.expectation, rowsOf);
  }
  const rows = rowsOf.flat();
  return type === "late" ? sumLines([], rows, sizeMs) : windowLines(rows, sizeMs);
}

/**
 * Lines of the sinks in a form that can be compared with the expected ones, sorted. What is late
 * depends on the run, but each row is in its window's last result or in the side output, once.
 */
export function comparable(job: SimJob, lines: readonly string[]): string[] {
  const { type, sizeMs } = job.expectation;
  if (type === "clock") return comparableKeyed(job.expectation, lines);
  if (type !== "late") return [...lines].sort();
  const rows = lines.map((line) => JSON.parse(line) as GeneratedRow | WindowRow);
  const fired = rows.filter((row) => "window_start" in row);
  const late = rows.filter((row): row is GeneratedRow => !("window_start" in row));
  return sumLines(fired, late, sizeMs).sort();
}

/** Rows and their sum by window and key: of a window's last result and of single rows. */
function sumLines(
  fired: readonly WindowRow[],
  single: readonly GeneratedRow[],
  sizeMs: number,
): string[] {
  const last = new Map<string, WindowRow>();
  for (const row of fired) {
    const at = `${row.window_start} ${row.key}`;
    // An element within the allowed lateness fires its window again, with one row more.
    if (row.n > (last.get(at)?.n ?? 0)) last.set(at, row);
  }
  const sums = new Map([...last].map(([at, { n, total }]) => [at, { n, total }]));
  for (const row of single) {
    const start = Math.floor((row.at ?? row.id) / sizeMs) * sizeMs;
    const at = `${timestampText(start)} ${row.key}`;
    const { n, total } = sums.get(at) ?? { n: 0, total: 0 };
    sums.set(at, { n: n + 1, total: total + row.value });
  }
  return [...sums].map(([at, { n, total }]) => `${at} ${n} ${total}`);
}

function windowLines(rows: readonly GeneratedRow[], sizeMs: number): string[] {
  const windows = new Map<string, GeneratedRow[]>();
  for (const row of rows) {
    const at = `${Math.floor(row.id / sizeMs) * sizeMs} ${row.key}`;
    const group = windows.get(at);
    if (group === undefined) windows.set(at, [row]);
    else group.push(row);
  }
  return [...windows].map(([at, group]) => {
    const start = Number(at.slice(0, at.indexOf(" ")));
    const values = group.map((row) => row.value);
    const total = values.reduce((sum, value) => sum + value, 0);
    return JSON.stringify({
      key: group[0]!.key,
      n: group.length,
      total,
      low: Math.min(...values),
      high: Math.max(...values),
      mean: total / group.length,
      ...bounds(start, sizeMs),
    });
  });
}

function wordLines(job: SimJob, workload: Workload): string[] {
  const { sizeMs } = job.expectation;
  const source = job.spec.vertices.find((vertex) => vertex.kind === "source");
  const counts = new Map<string, number>();
  for (const [path, text] of workload.inputs) {
    if (!path.startsWith(`${source?.connector?.path}/`)) continue;
    for (const [index, line] of text.split("\n").entries()) {
      const start = Math.floor(((index + 1) * 1_000) / sizeMs) * sizeMs;
      for (const word of line.toLowerCase().match(/[a-z]+/g) ?? []) {
        const at = `${start} ${word}`;
        counts.set(at, (counts.get(at) ?? 0) + 1);
      }
    }
  }
  return [...counts].map(([at, n]) => {
    const [start, word] = at.split(" ");
    return JSON.stringify({ word, n, ...bounds(Number(start), sizeMs) });
  });
}

function bounds(startMs: number, sizeMs: number) {
  return { window_start: timestampText(startMs), window_end: timestampText(startMs + sizeMs) };
}

/** TIMESTAMP(3) as format_json writes it. */
function timestampText(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}

/** The rows of a data generator as JSON lines, straight from its operator. */
function generate(source: JobSpecInput["vertices"][number], modules: ModuleStock): string[] {
  const parallelism = source.parallelism ?? 1;
  const sink = {
    id: "sink",
    kind: "sink" as const,
    operator: { bundle: "builtin" as const, name: "format_json" },
    connector: { type: "collect" },
    parallelism,
  };
  const spec: JobSpecInput = {
    version: 1,
    name: "reference",
    vertices: [{ ...source, chaining: "always" }, sink],
    edges: [{ from: source.id, to: "sink" }],
  };
  const planned = planJob(spec, (hash) => modules.manifestOf(hash));
  const vertex = planned.vertices[0]!;
  const places = Array.from({ length: parallelism }, (_, subtask) => {
    return { vertex: vertex.id, subtask, worker: "reference", slot: subtask, address: "" };
  });
  const tasks = planned.deployments(places).get("reference") ?? [];
  return tasks.flatMap((task) => runSource(task, modules));
}

/** Polls a source until it is at its end. */
function runSource(task: TaskDescriptor, modules: ModuleStock): string[] {
  const host = new OperatorHost({
    moduleOf: (bundle) => modules.get(bundle),
    host: { processingTimeMs: () => 0, log: () => undefined },
    slice: { type: "rows", rows: 1_000_000 },
  });
  const chain = host.openChain(task, {
    job: "00000000-0000-4000-8000-000000000000",
    jobName: "reference",
    attempt: 1,
    bufferTimeoutMs: -1,
    batchRows: 4096,
    memoryMaxPages: 256,
    tasks: [task],
  });
  let text = "";
  const output: ChainOutput = {
    heldUpMs: 0,
    hasRoom: () => true,
    sendBatch: () => undefined,
    sendWatermark: () => undefined,
    sendStatus: () => undefined,
    sinkHasRoom: () => true,
    writeSink: (_operator, bytes) => {
      text += new TextDecoder().decode(bytes);
    },
    sendRequest: () => undefined,
  };
  const calls = ["source_poll", "end_input", "end_chain"] as const;
  for (const type of calls) {
    chain.begin(type === "end_input" ? { type, input: 0 } : { type });
    while (chain.run(output) !== "done");
    assert(type !== "source_poll" || chain.finished, "the data generator is bounded");
  }
  chain.close();
  return text.split("\n").filter((line) => line !== "");
}
