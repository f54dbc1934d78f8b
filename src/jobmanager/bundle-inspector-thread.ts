/** Entry of the thread that parses one bundle (see bundle-inspector.ts). */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { errorBodyOf } from "../protocol/errors.ts";
import type { InspectionResult } from "./bundle-inspector.ts";

function inspect(path: string, budgetPages: number): InspectionResult {
  try {
    return { info: inspectBundle(readFileSync(path), budgetPages) };
  } catch (thrown) {
    return { error: errorBodyOf(thrown) };
  }
}

const { path, budgetPages } = workerData as { path: string; budgetPages: number };
parentPort?.postMessage(inspect(path, budgetPages));
