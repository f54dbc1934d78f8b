/** Judges a run: what must hold whatever has failed. */
import { restartStrategyOf } from "../jobmanager/core/restart-strategy.ts";
import { assert } from "../protocol/errors.ts";
import { type SimClient, type StatusChange, type Submission, statusOf } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { comparable } from "./reference.ts";
import { Violation } from "./violation.ts";

/** Failures after which a job does not start again, whatever its strategy says. */
const FINAL_CODES: ReadonlySet<string> = new Set(["COMMIT_INCOMPLETE", "SLOTS_INSUFFICIENT"]);

/**
 * Judges the end of a run.
 * @throws Violation saying what does not hold
 */
export function judge(cluster: Cluster, expected: ReadonlyMap<SimClient, readonly string[]>): void {
  for (const client of cluster.clients) {
    for (const submission of client.submissions) {
      judgeStatus(cluster, client, submission);
      judgeFiles(cluster, client, submission, expected.get(client)!);
    }
    judgeRows(client, expected.get(client)!);
  }
  judgeSlots(cluster);
}

function judgeStatus(cluster: Cluster, client: SimClient, submission: Submission): void {
  const { changes, cancelRequested, lost } = submission;
  const status = statusOf(submission);
  const name = `job ${client.job.spec.name} (${submission.id})`;
  if (status === "CANCELED" && !cancelRequested) {
    throw new Violation(`${name} is CANCELED, but nobody asked for it`);
  }
  if (cancelRequested && status !== "CANCELED" && !lost) {
    throw new Violation(`${name} was cancelled, but is ${status}`);
  }
  if (cluster.world.faults.calm && status !== "FINISHED") {
    throw new Violation(`${name} is ${status}, although nothing failed`);
  }
  judgeStrategy(name, client, changes);
}

/** The job started again if and only if its strategy says so. */
function judgeStrategy(name: string, client: SimClient, changes: readonly StatusChange[]): void {
  const strategy = restartStrategyOf(client.planned.restartStrategy);
  for (const { status, atMs, error } of changes) {
    if (status !== "RESTARTING" && status !== "FAILING") continue;
    if (error === undefined) throw new Violation(`${name} is ${status} without a reason`);
    if (FINAL_CODES.has(error.code)) continue;
    const { restart } = strategy.notifyFailure(atMs, 0);
    if (restart === (status === "RESTARTING")) continue;
    throw new Violation(`${name} is ${status}, but its strategy says restart = ${restart}`);
  }
  const last = changes.at(-1);
  if (last?.status !== "FAILED") return;
  const before = changes.at(-2)?.status;
  const byStrategy = before === "FAILING" || FINAL_CODES.has(last.error?.code ?? "");
  if (!byStrategy) throw new Violation(`${name} went from ${before} to FAILED`);
}

/** Files show under their final names only for a job that has finished, and then all of them. */
function judgeFiles(
  cluster: Cluster,
  client: SimClient,
  submission: Submission,
  expected: readonly string[],
): void {
  const { folder, spec } = client.job;
  if (folder === undefined) return;
  const files = cluster.world.disk.published(`${folder}/part-${submission.id}-`);
  const name = `job ${spec.name} (${submission.id})`;
  const attempts = new Set(files.map((file) => /-a(\d+)-\d+-\d+$/.exec(file.name)?.[1]));
  if (attempts.size > 1) {
    throw new Violation(`${name} shows files of the attempts ${[...attempts].join(", ")}`);
  }
  const status = statusOf(submission);
  const last = submission.changes.at(-1);
  if (status === "FINISHED") {
    const wrong = [...attempts].find((attempt) => attempt !== String(last?.attempt));
    if (wrong !== undefined) {
      throw new Violation(`${name} shows files of attempt ${wrong}, but ${last?.attempt} finished`);
    }
    compare(name, comparable(client.job, linesOf(files)), expected);
    return;
  }
  // Cut off in the middle of publishing; the job says so, or went down with its JobManager.
  const partly = submission.lost || last?.error?.code === "COMMIT_INCOMPLETE";
  if (files.length > 0 && !partly) {
    throw new Violation(`${name} is ${status}, but ${files[0]!.name} shows as final`);
  }
}

function linesOf(files: readonly { readonly text: string }[]): string[] {
  return files.flatMap((file) => file.text.split("\n")).filter((line) => line !== "");
}

function judgeRows(client: SimClient, expected: readonly string[]): void {
  const last = client.submissions.at(-1);
  if (client.job.folder !== undefined || last === undefined) return;
  if (statusOf(last) !== "FINISHED") return;
  const name = `job ${client.job.spec.name} (${last.id})`;
  compare(name, comparable(client.job, last.lines), expected);
}

/** Both are sorted. */
function compare(name: string, sorted: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, index) => sorted[index] !== line);
  if (at === -1 && sorted.length === expected.length) return;
  const index = at === -1 ? expected.length : at;
  throw new Violation(
    `${name} gives ${sorted.length} rows, the reference ${expected.length}; ` +
      `row ${index} is ${sorted[index] ?? "missing"}, the reference has ${expected[index] ?? "none"}`,
  );
}

function judgeSlots(cluster: Cluster): void {
  const { jobManager } = cluster;
  assert(jobManager !== undefined, "the JobManager runs at the end");
  const { slots } = jobManager.core;
  for (const name of cluster.workerNames) {
    const running = cluster.runningWorkers(name);
    if (running.length !== 1) {
      throw new Violation(`${running.length} processes run as ${name}, not one`);
    }
    const worker = running[0]!;
    const entry = slots.worker(name);
    if (entry === undefined) throw new Violation(`${name} runs, but is not registered`);
    const held = entry.holders.find((holder) => holder !== undefined);
    if (held !== undefined) {
      throw new Violation(
        `the JobManager holds a slot of ${name} for attempt ${held.attempt} of ${held.job}`,
      );
    }
    const attempt = worker.core.attempts()[0];
    if (attempt !== undefined) {
      throw new Violation(
        `${name} still has attempt ${attempt.attempt} of ${attempt.job}: ${attempt.phase}`,
      );
    }
    if (worker.liveAttempts.length > 0) {
      throw new Violation(`${name} has not ended the isolates of ${worker.liveAttempts[0]}`);
    }
    if (worker.heldFiles.length > 0) {
      throw new Violation(`${name} neither published nor removed ${worker.heldFiles[0]}`);
    }
  }
}
