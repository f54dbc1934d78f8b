/**
 * Runs a whole job in this process, for tests: its sources are replaced by rows, the rows of its
 * collect sinks are the result.
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunctions } from "../cli/inline-functions.ts";
import { type JobContext, loadJob } from "../cli/job-file.ts";
import type { CollectionInput } from "../embedded/collection-feeder.ts";
import { JobRun } from "../embedded/job-run.ts";
import { MiniCluster } from "../embedded/mini-cluster.ts";
import type { PlainRow } from "../embedded/plain-row.ts";
import { checkJsonColumns, RowLineReader } from "../embedded/row-json.ts";
import type { JobSpecInput } from "../plan/job-spec.ts";
import { Bundle } from "../plan/operator-handle.ts";
import { StreamExecutionEnvironment } from "../plan/stream-environment.ts";
import type { StreamGraph, StreamNode } from "../plan/stream-graph.ts";
import { validateJob } from "../plan/validate-job.ts";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { HttpEndpoints } from "../protocol/http-endpoint.ts";
import { loadTestBundle } from "./test-bundle.ts";

/** Makes a job from a context, as the default export of a job file. */
export type TestJob = (context: JobContext) => unknown;

type Rows = Iterable<object> | AsyncIterable<object>;

/** How a job is run in a test. */
export interface RunJobOptions {
  /**
   * Rows instead of what the sources would read: of the only source, or by a source's uid, name or
   * id. A source without rows here reads as the job says.
   */
  readonly inputs?: Rows | Readonly<Record<string, Rows>>;
  /** Arguments of the job. */
  readonly args?: readonly string[];
  /**
   * Folder of the bundles that a job function names, or `import.meta.url`; default: the working
   * folder. It may name sources (`operators/index.ts`) instead of a bundle.
   */
  readonly folder?: string | URL;
  /** A cluster that several tests share; default: one for this job. */
  readonly cluster?: MiniCluster;
  /** What asynchronous functions may reach, if there is no `cluster`: see MiniClusterOptions. */
  readonly httpEndpoints?: HttpEndpoints;
  /** Cancels the job; `runJob` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Where print sinks write, if there is no `cluster`. Default: nowhere. */
  readonly print?: (text: string) => void;
}

/** What a job gave. */
export interface JobResult {
  /** Rows of the only collect sink. */
  readonly rows: PlainRow[];
  /** Rows of each collect sink by uid, name or id, whichever the job has given it. */
  readonly sinks: ReadonlyMap<string, PlainRow[]>;
}

/**
 * Runs a job to its end. Its sources have to end: inputs do.
 *
 *     const { rows } = await runJob("job.ts", { inputs: [{ line: "the whale" }] });
 *
 * @param job path of a job file, its function, or a job spec
 * @throws MillraceError of the job file, the validation, the job's failure; RUN_JOB_INPUT_UNKNOWN,
 *   RUN_JOB_SINKS (from `rows`, where there is not exactly one collect sink)
 */
export async function runJob(
  job: string | URL | TestJob | JobSpecInput,
  options: RunJobOptions = {},
): Promise<JobResult> {
  const { spec, bundles } = await load(job, options);
  const manifests = new Map([...bundles].map(([hash, b]) => [hash, inspectBundle(b).manifest]));
  const graph = validateJob(spec, (hash) => manifests.get(hash));
  const collections = inputsOf(graph, options.inputs);
  const collects = graph.nodes.filter((node) => node.connector?.type === "collect");
  const readers = new Map(
    collects.map((node) => [node.uid, new RowLineReader(node.inputs[0]!.schema)]),
  );
  const found = new Map<string, PlainRow[]>(collects.map((node) => [node.uid, []]));
  const cluster =
    options.cluster ??
    (await MiniCluster.start({
      slots: 1,
      print: options.print ?? (() => undefined),
      ...(options.httpEndpoints === undefined ? {} : { httpEndpoints: options.httpEndpoints }),
    }));
  try {
    const run = await JobRun.submit(cluster, {
      spec: withInputs(spec, graph, collections),
      bundles,
      collections,
      signal: options.signal,
    });
    if (collects.length === 0) await run.end();
    else {
      for await (const { sink, lines } of run.lines()) {
        found.get(sink)!.push(...readers.get(sink)!.rows(lines));
      }
    }
  } finally {
    if (options.cluster === undefined) await cluster.close();
  }
  const sinks = new Map(collects.map((node) => [titleOf(node), found.get(node.uid)!]));
  return {
    sinks,
    get rows(): PlainRow[] {
      const [only, ...others] = sinks.values();
      if (only !== undefined && others.length === 0) return only;
      throw sinkCount([...sinks.keys()]);
    },
  };
}

async function load(
  job: string | URL | TestJob | JobSpecInput,
  options: RunJobOptions,
): Promise<{ spec: JobSpecInput; bundles: ReadonlyMap<string, Uint8Array> }> {
  if (typeof job === "string") return loadJob(job, options.args ?? []);
  if (job instanceof URL) return loadJob(fileURLToPath(job), options.args ?? []);
  if (typeof job !== "function") return { spec: job, bundles: new Map() };
  const env = new StreamExecutionEnvironment();
  const bundles = new Map<string, Uint8Array>();
  const path = (relative: string) => resolve(folderOf(options.folder), relative);
  const bundle: JobContext["bundle"] = async (file) => {
    const { hash, manifest, bytes } = await loadTestBundle(path(file));
    if (bytes !== undefined) bundles.set(hash, bytes);
    return new Bundle(hash, manifest);
  };
  const context = { env, bundle, path, args: Object.freeze([...(options.args ?? [])]) };
  const made = await job(context);
  const isSpec = typeof made === "object" && made !== null && "vertices" in made;
  const name = job.name === "" ? "test job" : job.name;
  if (!isSpec) await compileFunctions(env, context.args);
  const spec = isSpec ? (made as JobSpecInput) : env.toJobSpec(name);
  // Those that were opened here, and those that typed handles bring.
  return { spec, bundles: new Map([...bundles, ...env.bundles()]) };
}

/** A folder as a path, or as the address of a file in it (`import.meta.url`). */
function folderOf(folder: string | URL = "."): string {
  const text = String(folder);
  if (!text.startsWith("file:")) return text;
  const path = fileURLToPath(text);
  return text.endsWith("/") ? path : dirname(path);
}

function inputsOf(
  graph: StreamGraph,
  inputs: RunJobOptions["inputs"],
): Map<string, CollectionInput> {
  const sources = graph.nodes.filter((node) => node.kind === "source");
  const collections = new Map<string, CollectionInput>();
  for (const [name, rows] of inputEntries(sources, inputs ?? {})) {
    const named = sources.filter(({ uid, id, ...node }) => [uid, node.name, id].includes(name));
    const [source] = named;
    if (source === undefined || named.length > 1) throw unknownInput(name, named.length, sources);
    const { schema } = source.outputs[0]!;
    checkJsonColumns(schema);
    collections.set(source.id, { schema, rows });
  }
  return collections;
}

function inputEntries(
  sources: readonly StreamNode[],
  inputs: NonNullable<RunJobOptions["inputs"]>,
): [string, Rows][] {
  if (!(Symbol.iterator in inputs) && !(Symbol.asyncIterator in inputs)) {
    return Object.entries(inputs as Readonly<Record<string, Rows>>);
  }
  if (sources.length !== 1) throw unknownInput("(rows without a name)", sources.length, sources);
  return [[sources[0]!.id, inputs as Rows]];
}

/** Sources that have rows here read those. */
function withInputs(
  spec: JobSpecInput,
  graph: StreamGraph,
  collections: ReadonlyMap<string, CollectionInput>,
): JobSpecInput {
  const vertices = spec.vertices.map((vertex): JobSpecInput["vertices"][number] => {
    const input = collections.get(vertex.id);
    if (input === undefined) return vertex;
    const time = graph.nodes.find((node) => node.id === vertex.id)?.outputs[0]?.timeAttribute;
    const main = { name: "main", schema: [...input.schema] };
    return {
      ...vertex,
      operator: { bundle: "builtin", name: "json_lines" },
      outputs: [time === undefined || time === null ? main : { ...main, timeAttribute: time }],
    };
  });
  // A failure is what a test wants to see, not its repetition.
  return { ...spec, vertices, restartStrategy: { type: "none" } };
}

function titleOf({ uid, id, name, operator }: StreamNode): string {
  if (uid !== id) return uid;
  return name === operator ? id : name;
}

function unknownInput(name: string, found: number, sources: readonly StreamNode[]): MillraceError {
  const state = found === 0 ? "the job has no such source" : `${found} sources could be meant`;
  const names = sources.map((node) => (node.name === node.operator ? node.id : node.name));
  return new MillraceError("RUN_JOB_INPUT_UNKNOWN", `Cannot give input ${name}: ${state}`, {
    field: "inputs",
    value: name,
    expected: names.length === 0 ? "no inputs" : `by name: ${names.join(", ")}`,
  });
}

function sinkCount(names: readonly string[]): MillraceError {
  const state = names.length === 0 ? "the job has no collect sink" : "it has several collect sinks";
  return new MillraceError("RUN_JOB_SINKS", `Cannot tell the rows of the job: ${state}`, {
    field: "rows",
    value: names.join(", "),
    expected: names.length === 0 ? "a job with collect()" : `sinks.get(${names.join(" | ")})`,
  });
}
