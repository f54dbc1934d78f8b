/** Typed client of the REST API; what the CLI and the demo use. */
import { type ErrorBody, errorFromBody, MillraceError } from "../protocol/errors.ts";
import type {
  BundleSummary,
  ClusterOverview,
  Exceptions,
  JobDetails,
  JobEvent,
  JobSummary,
  LogLine,
  RowsItem,
  TaskManager,
  UploadedBundle,
} from "./answers.ts";
import { linesOf, serverSentEvents } from "./streams.ts";

/** How to reach a JobManager. */
export interface MillraceClientOptions {
  /** `http://127.0.0.1:8081` */
  readonly url: string;
  /** The client token; the read-only one reads. */
  readonly token: string;
  /** Replaces the runtime's fetch (another CA, tests). */
  readonly fetch?: typeof fetch;
}

interface CallOptions {
  readonly method?: string;
  readonly body?: Uint8Array | string;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One JobManager, over HTTP.
 *
 * Every method throws MillraceError: what the JobManager answered, CLUSTER_UNREACHABLE where nobody
 * answers, ANSWER_INVALID where something else than a JobManager does.
 *
 * ```ts
 * const client = new MillraceClient({ url: "http://127.0.0.1:8081", token });
 * await client.uploadBundle(bytes);
 * const job = await client.submitJob(spec);
 * for await (const event of client.events(job)) console.log(event);
 * ```
 *
 * What runs, and its end:
 *
 * ```ts
 * console.log(await client.overview(), await client.taskManagers(), await client.bundles());
 * for (const { jid } of await client.jobs()) console.log(await client.job(jid));
 * const job = await client.runBundle(hash, spec);
 * for await (const item of client.rows(job)) if (item.type === "rows") process.stdout.write(item.lines);
 * await client.cancel(job);
 * try {
 *   await client.waitForEnd(job);
 * } catch {
 *   console.log(await client.exceptions(job));
 * }
 * await client.deleteBundle(hash);
 * for await (const line of client.logs()) console.log(line);
 * ```
 */
export class MillraceClient {
  readonly #url: string;
  readonly #token: string;
  readonly #fetch: typeof fetch;

  /** `new MillraceClient({ url, token })`; `fetch` may replace the runtime's own. */
  constructor(options: MillraceClientOptions) {
    this.#url = options.url.replace(/\/+$/, "");
    this.#token = options.token;
    this.#fetch = options.fetch ?? fetch;
  }

  /** Workers, slots and jobs, counted. */
  overview(): Promise<ClusterOverview> {
    return this.#json("/v1/overview");
  }

  /** The registered workers and their slots. */
  async taskManagers(): Promise<TaskManager[]> {
    const answer = await this.#json<{ taskmanagers: TaskManager[] }>("/v1/taskmanagers");
    return answer.taskmanagers;
  }

  /** Uploads a bundle, or finds it there. @param bytes of a bundle file */
  uploadBundle(bytes: Uint8Array): Promise<UploadedBundle> {
    const body = { method: "POST", body: bytes, contentType: "application/wasm" };
    return this.#json("/v1/bundles/upload", body);
  }

  /** The uploaded bundles, oldest first. */
  async bundles(): Promise<BundleSummary[]> {
    return (await this.#json<{ files: BundleSummary[] }>("/v1/bundles")).files;
  }

  /** Deletes a bundle that no job uses; else BUNDLE_IN_USE. */
  async deleteBundle(hash: string): Promise<void> {
    await this.#json(`/v1/bundles/${encodeURIComponent(hash)}`, { method: "DELETE" });
  }

  /** Submits a job spec, whose bundles are uploaded already. @returns the job's id */
  submitJob(spec: unknown): Promise<string> {
    return this.#submit("/v1/jobs", spec);
  }

  /** Submits a spec whose operators name no bundle, or "self". */
  runBundle(hash: string, spec: unknown): Promise<string> {
    return this.#submit(`/v1/bundles/${encodeURIComponent(hash)}/run`, spec);
  }

  /** The jobs that the JobManager remembers. */
  async jobs(): Promise<JobSummary[]> {
    return (await this.#json<{ jobs: JobSummary[] }>("/v1/jobs/overview")).jobs;
  }

  /** One job: state, vertices with metrics, plan, failure; JOB_NOT_FOUND. */
  job(id: string): Promise<JobDetails> {
    return this.#json(jobPath(id));
  }

  /** What failed in a job, the newest first. */
  exceptions(id: string): Promise<Exceptions> {
    return this.#json(`${jobPath(id)}/exceptions`);
  }

  /** Asks for the end of a job; `waitForEnd` waits for it. JOB_NOT_CANCELLABLE if it has ended. */
  async cancel(id: string): Promise<void> {
    await this.#json(`${jobPath(id)}/cancel`, { method: "POST" });
  }

  /** The job's status now, then every change up to its end. */
  async *events(id: string, signal?: AbortSignal): AsyncGenerator<JobEvent> {
    const response = await this.#call(`${jobPath(id)}/events`, { signal });
    for await (const data of serverSentEvents(response)) yield parseEvent<JobEvent>(data);
  }

  /** Rows of the job's collect sinks; reading slowly slows the job down. */
  async *rows(id: string, signal?: AbortSignal): AsyncGenerator<RowsItem> {
    const response = await this.#call(`${jobPath(id)}/rows`, { signal });
    for await (const line of linesOf(response)) yield JSON.parse(line) as RowsItem;
  }

  /** The last lines of the log and, while `follow`, what comes. */
  async *logs(options: { follow?: boolean; signal?: AbortSignal } = {}): AsyncGenerator<LogLine> {
    const path = `/v1/logs?follow=${options.follow ?? true}`;
    const response = await this.#call(path, { signal: options.signal });
    for await (const data of serverSentEvents(response)) yield parseEvent<LogLine>(data);
  }

  /**
   * Waits for the end of a job.
   * @throws MillraceError the job's failure, JOB_CANCELED
   */
  async waitForEnd(id: string, signal?: AbortSignal): Promise<void> {
    for await (const event of this.events(id, signal)) {
      if (event.type !== "job_status") continue;
      if (event.status === "FINISHED") return;
      if (event.status === "CANCELED") {
        throw new MillraceError("JOB_CANCELED", `Job ${id} ended: it was cancelled`);
      }
      if (event.status === "FAILED") {
        throw errorFromBody(event.error ?? { code: "JOB_FAILED", message: `Job ${id} failed` });
      }
    }
    throw new MillraceError("EVENTS_LOST", `Cannot follow job ${id}: the JobManager went away`);
  }

  async #submit(path: string, spec: unknown): Promise<string> {
    const body = JSON.stringify(spec);
    const call = { method: "POST", body, contentType: "application/json" };
    return (await this.#json<{ jobid: string }>(path, call)).jobid;
  }

  async #json<T>(path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.#call(path, options);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw this.#notAJobManager(response.status, cause);
    }
  }

  async #call(path: string, options: CallOptions): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (options.contentType !== undefined) headers["content-type"] = options.contentType;
    let response: Response;
    try {
      response = await this.#fetch(`${this.#url}${path}`, {
        method: options.method ?? "GET",
        headers,
        body: (options.body ?? null) as NonNullable<RequestInit["body"]> | null,
        signal: options.signal ?? null,
        redirect: "error",
      });
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw this.#unreachable(cause);
    }
    if (!response.ok) throw await this.#refusal(response);
    return response;
  }

  async #refusal(response: Response): Promise<MillraceError> {
    let error: ErrorBody | undefined;
    try {
      error = ((await response.json()) as { errors?: ErrorBody[] }).errors?.[0];
    } catch (cause) {
      return this.#notAJobManager(response.status, cause);
    }
    return error === undefined
      ? this.#notAJobManager(response.status, undefined)
      : errorFromBody(error);
  }

  #unreachable(cause: unknown): MillraceError {
    const root = (cause as { cause?: Error }).cause ?? (cause as Error);
    const why = (root as NodeJS.ErrnoException).code ?? root.message;
    return new MillraceError(
      "CLUSTER_UNREACHABLE",
      `Cannot reach the JobManager at ${this.#url}: ${why}`,
      {
        field: "url",
        value: this.#url,
        expected:
          "http://host:port of a running JobManager; `millrace cluster` or `millrace jobmanager` starts one",
        cause,
      },
    );
  }

  #notAJobManager(status: number, cause: unknown): MillraceError {
    const message = `Cannot understand ${this.#url}: status ${status} without a JobManager's answer`;
    return new MillraceError("ANSWER_INVALID", message, { field: "url", value: this.#url, cause });
  }
}

function jobPath(id: string): string {
  return `/v1/jobs/${encodeURIComponent(id)}`;
}

/** @throws MillraceError if the stream says that it was cut */
function parseEvent<T>(event: { readonly event: string; readonly data: string }): T {
  const data = JSON.parse(event.data) as T & { errors?: ErrorBody[] };
  if (event.event === "error" && data.errors?.[0] !== undefined)
    throw errorFromBody(data.errors[0]);
  return data;
}
