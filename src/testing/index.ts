/** The package's entry `millrace/testing`. */

export type { JobContext } from "../cli/job-file.ts";
export { MiniCluster, type MiniClusterOptions } from "../embedded/mini-cluster.ts";
export type { PlainRow, PlainValue } from "../embedded/plain-row.ts";
export { AsyncRequests, type PendingRequest, type TestResponse } from "./async-requests.ts";
export { type ExpectRowsOptions, expectRows } from "./expect-rows.ts";
export type { LoggedLine } from "./logged-line.ts";
export type { Columns, HarnessOptions, OperatorSetup } from "./operator-plan.ts";
export type { OperatorSnapshot } from "./operator-snapshot.ts";
export type { StateChunk } from "./operator-subtask.ts";
export { OperatorTestHarness } from "./operator-test-harness.ts";
export { formatRows } from "./row-table.ts";
export { type JobResult, type RunJobOptions, runJob, type TestJob } from "./run-job.ts";
export {
  type InputRow,
  MAX_WATERMARK,
  type OutputRow,
  type RowKind,
  StreamRecord,
  type Timestamp,
  Watermark,
  WatermarkStatus,
} from "./stream-element.ts";
export type { BundleSource } from "./test-bundle.ts";
