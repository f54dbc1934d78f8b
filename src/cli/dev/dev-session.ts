/** `millrace dev`: builds, loads and runs a project's job on a cluster of this process, at every save. */
import type { MillraceClient } from "../../client/millrace-client.ts";
import { type ErrorBody, errorBodyOf } from "../../protocol/errors.ts";
import type { LoadedJob } from "../job-file.ts";
import type { BuildTarget } from "../project/project-build.ts";
import { buildIfStale } from "../project/project-build.ts";
import { JobLoader, type LoadRequest } from "./job-loader.ts";

/** Rows kept for showing; the others are counted. */
const KEPT_ROWS = 1_000;
/** A view of a job that goes on is renewed this often. */
const REFRESH_MS = 250;

export type Row = Readonly<Record<string, unknown>>;

/** One run, as far as it has come. */
export interface DevRun {
  readonly number: number;
  readonly job: string;
  readonly state: "RUNNING" | "FINISHED" | "FAILED";
  readonly rows: readonly Row[];
  /** Of each row the sink that gave it. */
  readonly sinks: readonly string[];
  readonly rowCount: number;
  readonly error?: ErrorBody;
  /** From the save to the first output (or error), ms. */
  readonly firstOutputMs?: number;
  readonly built: boolean;
  /** Places of one-file functions that are linear in text that is not ASCII. */
  readonly linear: readonly string[];
}

export interface DevSessionOptions {
  readonly client: MillraceClient;
  readonly request: LoadRequest;
  readonly target: BuildTarget | undefined;
  show(run: DevRun): void;
  /** The files that the job reads. */
  inputs(paths: readonly string[]): void;
}

export class DevSession {
  readonly #options: DevSessionOptions;
  readonly #loader = new JobLoader();
  #number = 0;
  #compilerIsWarm = false;
  #running: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;

  constructor(options: DevSessionOptions) {
    this.#options = options;
  }

  /** Ends the present run, if there is one, and begins another. */
  async restart(savedAtMs: number): Promise<void> {
    const number = ++this.#number;
    const before = this.#running;
    before?.abort.abort();
    const abort = new AbortController();
    const done = (before?.done ?? Promise.resolve()).then(() =>
      // A save during the wait has begun a later run, which takes this one's place.
      number === this.#number ? this.#run(number, savedAtMs, abort.signal) : undefined,
    );
    this.#running = { abort, done };
    await done;
  }

  async close(): Promise<void> {
    this.#number++;
    this.#running?.abort.abort();
    await this.#running?.done;
    await this.#loader.close();
  }

  async #run(number: number, savedAtMs: number, signal: AbortSignal): Promise<void> {
    const { request, target, show } = this.#options;
    const view = new RunView(number, request.file, savedAtMs, (run) => {
      show(run);
      this.#loader.prepare();
      if (!run.built) this.#warmCompiler();
    });
    let id: string | undefined;
    try {
      view.built = target !== undefined && (await buildIfStale(target)) !== undefined;
      const job = await this.#loader.load(request, signal);
      this.#options.inputs(inputsOf(job));
      if (signal.aborted) return;
      id = await this.#submit(job);
      view.job = job.spec.name;
      view.linear = job.linear ?? [];
      await this.#follow(id, job, view, signal);
      view.end();
    } catch (thrown) {
      if (!signal.aborted) view.fail(errorBodyOf(thrown));
    } finally {
      view.close();
      if (signal.aborted && id !== undefined) await this.#cancel(id);
    }
  }

  /** A kept bundle has loaded no compiler: it runs once before the first save, which it would cost 2 s. */
  #warmCompiler(): void {
    const { target } = this.#options;
    if (target === undefined || this.#compilerIsWarm) return;
    this.#compilerIsWarm = true;
    const { entry, name, optimize } = target;
    import("../../build/compile.ts")
      .then(({ buildBundle }) => buildBundle({ entry, name, optimize }))
      // What does not compile now was saved after this run: the build of that save tells.
      .catch(() => undefined);
  }

  async #submit({ spec, bundles }: LoadedJob): Promise<string> {
    const { client } = this.#options;
    for (const bytes of bundles.values()) await client.uploadBundle(bytes);
    return client.submitJob(spec);
  }

  async #follow(id: string, job: LoadedJob, view: RunView, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const collects = job.spec.vertices.some((v) => v.connector?.type === "collect");
    const rows = collects ? this.#collect(id, view, signal) : Promise.resolve();
    // Nothing will be shown before its end, which may be far.
    if (!collects) this.#loader.prepare();
    await Promise.all([client.waitForEnd(id, signal), rows]);
  }

  async #collect(id: string, view: RunView, signal: AbortSignal): Promise<void> {
    for await (const item of this.#options.client.rows(id, signal)) {
      // The job begins again: what came before is void.
      if (item.type === "restart") view.clear();
      if (item.type !== "rows") continue;
      for (const line of item.lines.split("\n")) {
        if (line !== "") view.add(parsedRow(line), item.sink);
      }
    }
  }

  async #cancel(id: string): Promise<void> {
    const { client } = this.#options;
    try {
      await client.cancel(id);
      await client.waitForEnd(id);
    } catch (thrown) {
      // It may have ended by itself in between; any other reason concerns a run nobody waits for.
      if (errorBodyOf(thrown).code === "INTERNAL") throw thrown;
    }
  }
}

/** A row whose numbers keep the digits that a double would lose: they are shown, not computed with. */
function parsedRow(line: string): Row {
  // TypeScript's library does not know ECMAScript's JSON.rawJSON and source text yet.
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  const revive = (_name: string, value: unknown, context: { source?: string }): unknown =>
    Number.isInteger(value) && !Number.isSafeInteger(value) ? rawJSON(context.source!) : value;
  return JSON.parse(line, revive as (name: string, value: unknown) => unknown);
}

/** Paths of the job's file sources. */
function inputsOf({ spec }: LoadedJob): string[] {
  return spec.vertices.flatMap(({ kind, connector }) => {
    const path = (connector as { readonly path?: unknown } | undefined)?.path;
    return kind === "source" && typeof path === "string" ? [path] : [];
  });
}

/** What is shown of a run: at once at its first output and its end, now and then in between. */
class RunView {
  job: string;
  built = false;
  linear: readonly string[] = [];
  readonly #number: number;
  readonly #savedAtMs: number;
  readonly #show: (run: DevRun) => void;
  readonly #rows: Row[] = [];
  readonly #sinks: string[] = [];
  #rowCount = 0;
  #firstOutputMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(number: number, job: string, savedAtMs: number, show: (run: DevRun) => void) {
    this.#number = number;
    this.job = job;
    this.#savedAtMs = savedAtMs;
    this.#show = show;
  }

  add(row: Row, sink: string): void {
    this.#rowCount++;
    if (this.#rows.length < KEPT_ROWS) {
      this.#rows.push(row);
      this.#sinks.push(sink);
    }
    this.#firstOutputMs ??= performance.now() - this.#savedAtMs;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#render("RUNNING");
    }, REFRESH_MS);
  }

  clear(): void {
    this.#rows.splice(0);
    this.#sinks.splice(0);
    this.#rowCount = 0;
  }

  end(): void {
    this.#render("FINISHED");
  }

  fail(error: ErrorBody): void {
    this.#render("FAILED", error);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #render(state: DevRun["state"], error?: ErrorBody): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firstOutputMs ??= performance.now() - this.#savedAtMs;
    this.#show({
      number: this.#number,
      job: this.job,
      state,
      rows: this.#rows,
      sinks: this.#sinks,
      rowCount: this.#rowCount,
      firstOutputMs: this.#firstOutputMs,
      built: this.built,
      linear: this.linear,
      ...(error === undefined ? {} : { error }),
    });
  }
}
