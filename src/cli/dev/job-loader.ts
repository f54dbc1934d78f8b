/** Loads a job file again and again, each time as it now is with all that it imports. */
import { Worker } from "node:worker_threads";
import { threadCode } from "../../protocol/entry-file.ts";
import { type ErrorBody, errorFromBody, MillraceError } from "../../protocol/errors.ts";
import type { LoadedJob } from "../job-file.ts";

export interface LoadRequest {
  readonly file: string;
  readonly args: readonly string[];
}
export type LoadResult = { readonly job: LoadedJob } | { readonly error: ErrorBody };

/** Longest time that a job file may take to make its job. */
const LOAD_TIMEOUT_MS = 30_000;

const BOOT = threadCode("./job-loader-thread", import.meta.url);

export class JobLoader {
  /** Has loaded Millrace itself and waits for a file: that is most of the time of a load. */
  #spare: Worker | undefined = startThread();

  /**
   * @param signal gives up: a job file may wait for something that never comes
   * @throws MillraceError of loadJob, JOB_FILE_INVALID; the signal's reason
   */
  async load(request: LoadRequest, signal: AbortSignal): Promise<LoadedJob> {
    const thread = this.#spare ?? startThread();
    this.#spare = undefined;
    const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
    const fail = (why: string, cause?: unknown) => {
      const message = `Cannot run ${request.file}: ${why}`;
      reject(new MillraceError("JOB_FILE_INVALID", message, { cause }));
    };
    const timer = setTimeout(
      () => fail(`it made no job within ${LOAD_TIMEOUT_MS / 1_000} s`),
      LOAD_TIMEOUT_MS,
    );
    thread.once("message", resolve);
    thread.once("error", (error) => fail(error.message, error));
    thread.once("exit", (code) => fail(`it ended its thread with code ${code}`));
    const giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp);
    thread.postMessage(request);
    try {
      signal.throwIfAborted();
      const result = await promise;
      if ("job" in result) return result.job;
      throw errorFromBody(result.error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      await thread.terminate();
    }
  }

  /** Makes the thread of the next load; while a job starts, its slots need the machine more. */
  prepare(): void {
    this.#spare ??= startThread();
  }

  async close(): Promise<void> {
    await this.#spare?.terminate();
  }
}

function startThread(): Worker {
  const thread = new Worker(BOOT, { eval: true, stdin: false });
  // A spare thread alone keeps no process alive.
  thread.unref();
  return thread;
}
