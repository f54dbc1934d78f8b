/** What is wrong with jobs: failures, restarts, refused rows, and who holds whom back. */
import type { JobDetails } from "../../client/answers.ts";
import type { ErrorBody } from "../../protocol/errors.ts";
import { type ClusterLook, counted, type Finding, type JobLook } from "./finding.ts";

/** Failures that are longer ago are history. */
const RECENT_MS = 3_600_000;
/** A share of the time, of one subtask, from which waiting or working is what it mostly does. */
const MOSTLY = 0.5;

export function jobFindings(look: ClusterLook): Finding[] {
  return look.looks.flatMap((job) => [
    ...failureFindings(job, look),
    ...backpressureFindings(job, look),
    ...refusedRows(job),
  ]);
}

/** Whether a failed job still matters: it is recent, and no later job of that name took its place. */
export function matters(jobs: ClusterLook["jobs"], jid: string, nowMs: number): boolean {
  const job = jobs.find((one) => one.jid === jid);
  if (job === undefined || nowMs - job["end-time"] > RECENT_MS) return false;
  return !jobs.some(
    (other) =>
      other.name === job.name &&
      other["start-time"] > job["start-time"] &&
      ["CREATED", "RUNNING", "FINISHED"].includes(other.state),
  );
}

function failureFindings({ summary, details, failures }: JobLook, look: ClusterLook): Finding[] {
  const { jid, name, state, attempt } = summary;
  const [last] = failures;
  const cause = last?.error ?? details.failure;
  const where = last?.taskName === undefined ? "" : ` in ${last.taskName}`;
  const why = cause === undefined ? "" : `: ${causeText(cause)}${where}`;
  const expected = cause?.expected === undefined ? "" : ` (expected: ${cause.expected})`;
  const show = `\`millrace info ${jid}\` shows where`;
  if (state === "FAILED") {
    const problem = `Job ${name} failed${why}`;
    const next = `mend it${expected} and run it again; ${show}`;
    return [{ severity: "wrong", code: cause?.code ?? "JOB_FAILED", problem, next }];
  }
  const agoMs = last === undefined ? Number.POSITIVE_INFINITY : look.nowMs - last.timestamp;
  const again = ["FAILING", "RESTARTING"].includes(state);
  if (!again && agoMs > RECENT_MS) return [];
  const times = Math.max(1, again ? attempt : attempt - 1);
  const ago = last === undefined ? "" : `, the last time ${Math.round(agoMs / 1_000)} s ago`;
  const problem = `Job ${name} (${state}) has failed and begun again ${counted(times, "time")}${ago}${why}`;
  const next = `mend it${expected}; \`millrace cancel ${jid}\` ends it; ${show}`;
  const same = failuresAtOneRecord(failures);
  if (same < 2) return [{ severity: "wrong", code: "JOB_RESTARTS", problem, next }];
  const poisoned = `${problem}; the last ${same} times at the same record`;
  const around = `onRowError dead-letter at ${cause?.field ?? "its operator"} keeps such records apart with the reason and goes on; or ${next}`;
  return [{ severity: "wrong", code: "RECORD_POISONED", problem: poisoned, next: around }];
}

/** How many of the last failures in a row were of one operator at one record. */
function failuresAtOneRecord(failures: JobLook["failures"]): number {
  const [last] = failures;
  if (last === undefined || last.error.value === undefined) return 0;
  const { code, field, value } = last.error;
  const other = failures.findIndex(
    ({ error }) => error.code !== code || error.field !== field || error.value !== value,
  );
  return other === -1 ? failures.length : other;
}

function causeText({ message, code, value }: ErrorBody): string {
  return `${message}${value === undefined ? "" : `, at ${value}`} [${code}]`;
}

/** Names who holds a running job back, where its tasks mostly wait for room. */
function backpressureFindings(job: JobLook, look: ClusterLook): Finding[] {
  const { summary, details, before } = job;
  if (summary.state !== "RUNNING" || before === undefined) return [];
  const waiting = details.vertices.filter(
    ({ id }) => share(details, before, id, "accumulated-backpressured-time") >= MOSTLY,
  );
  const isWaiting = new Set(waiting.map(({ id }) => id));
  return waiting.flatMap(({ id }): Finding[] => {
    const consumers = details.plan.nodes.filter(({ inputs = [] }) =>
      inputs.some((i) => i.id === id),
    );
    if (consumers.length === 0) return [sinkFinding(job, id, look)];
    return consumers
      .filter((consumer) => !isWaiting.has(consumer.id))
      .map((consumer) => slowFinding(job, id, consumer.id));
  });
}

/** The last task itself waits: for its sink. */
function sinkFinding({ summary, details }: JobLook, vertex: string, look: ClusterLook): Finding {
  const node = details.plan.nodes.find(({ id }) => id === vertex);
  const sink = node?.chain.findLast(({ connector }) => connector !== undefined);
  const name = nameOf(details, vertex);
  if (sink?.connector !== "collect") {
    const problem = `Job ${summary.name} is held back by the sink of ${name}, which takes rows slower than they come`;
    const next = "look at where it writes to; more parallelism writes in more places at once";
    return { severity: "note", code: "BACKPRESSURE", problem, next };
  }
  const problem = `Job ${summary.name} waits for whoever reads the rows of its collect sink ${sink.uid}`;
  const next =
    `read them (${look.url}/v1/jobs/${summary.jid}/rows), or let it end in filesSink(...) or printSink(); ` +
    `\`millrace cancel ${summary.jid}\` ends it`;
  return { severity: "note", code: "ROWS_UNREAD", problem, next };
}

function slowFinding(
  { details, before, summary }: JobLook,
  waiting: string,
  slow: string,
): Finding {
  const busy = share(details, before!, slow, "accumulated-busy-time");
  const waits = share(details, before!, waiting, "accumulated-backpressured-time");
  const { parallelism } = details.vertices.find(({ id }) => id === slow)!;
  const problem =
    `Job ${summary.name} is held back by ${nameOf(details, slow)}, busy ${percent(busy)}: ` +
    `${nameOf(details, waiting)} waits for it ${percent(waits)} of the time`;
  const next =
    busy >= MOSTLY
      ? `raise its parallelism (now ${parallelism}), or make it cheaper; a job that reads files as fast as it can is always held back by something`
      : "it is not busy itself: look at its key (one key holds most rows?), its worker and the network";
  return { severity: "note", code: "BACKPRESSURE", problem, next };
}

/** Share of the time between two looks, of one subtask. */
function share(
  now: JobDetails,
  before: JobDetails,
  vertex: string,
  metric: "accumulated-busy-time" | "accumulated-backpressured-time",
): number {
  const ms = now.duration - before.duration;
  const at = (job: JobDetails) =>
    job.vertices.find(({ id }) => id === vertex)?.metrics[metric] ?? 0;
  const { parallelism = 1 } = now.vertices.find(({ id }) => id === vertex) ?? {};
  return ms <= 0 ? 0 : Math.min(1, Math.max(0, (at(now) - at(before)) / (ms * parallelism)));
}

function refusedRows({ summary, details }: JobLook): Finding[] {
  if (summary.state !== "RUNNING") return [];
  return details.vertices.flatMap(({ name, metrics }): Finding[] => {
    const refused = metrics["failed-records"];
    if (refused === 0) return [];
    const problem = `Job ${summary.name}: ${name} has refused or dropped ${counted(refused, "record")}`;
    const next =
      "onRowError decides: dead-letter keeps them with the reason, fail ends the job at the first; late rows go to the output late";
    return [{ severity: "note", code: "ROWS_REFUSED", problem, next }];
  });
}

function nameOf(details: JobDetails, vertex: string): string {
  return `"${details.vertices.find(({ id }) => id === vertex)?.name ?? vertex}"`;
}

function percent(value: number): string {
  return `${Math.round(value * 100)}%`;
}
