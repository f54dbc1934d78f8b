/** Loads a job file in a thread of its own: modules are cached for ever, a thread's end with it. */
import { parentPort } from "node:worker_threads";
import { errorBodyOf } from "../../protocol/errors.ts";
import { loadJob } from "../job-file.ts";
import type { LoadRequest, LoadResult } from "./job-loader.ts";

parentPort?.once("message", async ({ file, args }: LoadRequest) => {
  let result: LoadResult;
  try {
    result = { job: await loadJob(file, args) };
  } catch (thrown) {
    result = { error: errorBodyOf(thrown) };
  }
  parentPort?.postMessage(result);
});
