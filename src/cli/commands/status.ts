/** `millrace status`: how a cluster is, what is wrong with it, and what to do next. */
import type { Command } from "commander";
import type { ClusterOverview, JobSummary, TaskManager } from "../../client/answers.ts";
import type { MillraceClient } from "../../client/millrace-client.ts";
import { errorBodyOf } from "../../protocol/errors.ts";
import { type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { bold, dim, green, red, table } from "../terminal.ts";

/** Something wrong, and the way out. */
interface Finding {
  readonly code: string;
  readonly problem: string;
  readonly next: string;
}

const SHOWN_JOBS = 10;
/** Jobs that ended longer ago are history. */
const RECENT_MS = 3_600_000;
/** Three missed heartbeats at the default interval; the JobManager gives a worker up later. */
const SILENT_MS = 30_000;

export function registerStatus(program: Command): void {
  withConnection(program.command("status"))
    .description("say how the cluster is, what is wrong, and what to do next")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  millrace status
  millrace status --json | jq -r '.findings[].next'

Ends with 0 where all is well, with 1 where something is wrong.`,
    )
    .action(status);
}

async function status(flags: ConnectionOptions & { readonly json?: boolean }): Promise<void> {
  let overview: ClusterOverview;
  let workers: TaskManager[];
  let jobs: JobSummary[];
  let client: MillraceClient;
  try {
    client = connect(flags);
    [overview, workers, jobs] = await Promise.all([
      client.overview(),
      client.taskManagers(),
      client.jobs(),
    ]);
  } catch (thrown) {
    report(flags, { url: flags.url, findings: [unreachable(flags.url, thrown)] }, []);
    return;
  }
  const findings = [
    ...workerFindings(flags.url, overview, workers, jobs),
    ...(await jobFindings(client, jobs)),
  ];
  report(flags, { url: flags.url, findings, overview, workers, jobs }, [
    "",
    workers.length === 0 ? "no workers" : workerTable(workers),
    "",
    jobs.length === 0 ? "no jobs" : jobTable(jobs),
  ]);
}

function report(
  flags: { readonly json?: boolean },
  answer: {
    readonly url: string;
    readonly findings: readonly Finding[];
    overview?: ClusterOverview;
    workers?: readonly TaskManager[];
    jobs?: readonly JobSummary[];
  },
  lines: readonly string[],
): void {
  const { findings, overview } = answer;
  if (findings.length > 0) process.exitCode = 1;
  if (flags.json === true) {
    console.log(JSON.stringify({ ok: findings.length === 0, ...answer }));
    return;
  }
  if (overview !== undefined) {
    const { taskmanagers, "slots-total": total, "slots-available": free } = overview;
    console.log(
      `${bold(answer.url)}  ${taskmanagers} workers, ${free} of ${total} slots free, ` +
        `${overview["jobs-running"]} jobs running  ${dim(`Millrace ${overview["millrace-version"]}`)}`,
    );
  }
  for (const { problem, next } of findings) {
    console.log(`${red("wrong")}  ${problem}`);
    console.log(`  next: ${next}`);
  }
  if (findings.length === 0) console.log(green("All is well."));
  if (lines.length > 0) console.log(lines.join("\n"));
}

function unreachable(url: string, thrown: unknown): Finding {
  const { code, message } = errorBodyOf(thrown);
  const nexts: Readonly<Record<string, string>> = {
    CLUSTER_UNREACHABLE:
      "start one with `millrace cluster` (or `millrace jobmanager`), or name another with --url",
    TOKEN_MISSING:
      "start one on this host with `millrace cluster`, or give --token and --url of another",
    UNAUTHORIZED:
      "give the client token that the JobManager printed when it first started (--token)",
    ANSWER_INVALID: "something else listens there: give the JobManager's address with --url",
  };
  const next = nexts[code] ?? `see what the JobManager at ${url} says in its log`;
  return { code, problem: message, next };
}

function workerFindings(
  url: string,
  overview: ClusterOverview,
  workers: readonly TaskManager[],
  jobs: readonly JobSummary[],
): Finding[] {
  const start = `\`millrace taskmanager --jobmanager ${url} --slots 4\``;
  if (workers.length === 0) {
    const problem = "No worker has joined: jobs wait for slots";
    return [{ code: "NO_WORKERS", problem, next: `start one with ${start}` }];
  }
  const findings: Finding[] = [];
  const waiting = jobs.filter((job) => job.state === "CREATED");
  if (waiting.length > 0 && overview["slots-available"] === 0) {
    const problem = `${waiting.map((job) => job.name).join(", ")}: no slot is free`;
    const next = `add a worker with ${start}, lower the job's parallelism, or cancel another job`;
    findings.push({ code: "SLOTS_MISSING", problem, next });
  }
  for (const worker of workers) {
    const silentMs = Date.now() - worker.timeSinceLastHeartbeat;
    if (worker.timeSinceLastHeartbeat === 0 || silentMs < SILENT_MS) continue;
    const problem = `Worker ${worker.id} has been silent for ${Math.round(silentMs / 1_000)} s`;
    const next =
      "look at its process and its network; its jobs restart elsewhere when it is given up";
    findings.push({ code: "WORKER_SILENT", problem, next });
  }
  return findings;
}

async function jobFindings(
  client: MillraceClient,
  jobs: readonly JobSummary[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const job of jobs) {
    const failing = ["FAILING", "RESTARTING"].includes(job.state);
    const failed = job.state === "FAILED" && Date.now() - job["end-time"] < RECENT_MS;
    if (!failing && !failed) continue;
    const entry = (await client.exceptions(job.jid)).exceptionHistory.entries[0];
    const cause = entry?.error ?? (await client.job(job.jid)).failure;
    const where = entry?.taskName === undefined ? "" : ` in ${entry.taskName}`;
    const why = cause === undefined ? "" : `: ${cause.message} [${cause.code}]${where}`;
    const problem = `Job ${job.name} ${failed ? "failed" : `restarts (attempt ${job.attempt})`}${why}`;
    const expected = cause?.expected === undefined ? "" : `expected: ${cause.expected}; `;
    const again = failed ? "mend it and run it again" : `\`millrace cancel ${job.jid}\` ends it`;
    findings.push({ code: cause?.code ?? "JOB_FAILED", problem, next: `${expected}${again}` });
  }
  return findings;
}

function workerTable(workers: readonly TaskManager[]): string {
  const rows = workers.map((worker) => [
    worker.id,
    `${worker.freeSlots} of ${worker.slotsNumber}`,
    worker.runtime,
    worker.path,
  ]);
  return table(["WORKER", "FREE SLOTS", "RUNTIME", "DATA ADDRESS"], rows);
}

function jobTable(jobs: readonly JobSummary[]): string {
  const rows = jobs
    .slice(0, SHOWN_JOBS)
    .map((job) => [job.jid, job.state, `${(job.duration / 1_000).toFixed(1)} s`, job.name]);
  return table(["JOB", "STATE", "DURATION", "NAME"], rows);
}
