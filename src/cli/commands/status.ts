/** `millrace status`: how a cluster is, what is wrong with it, and what to do next. */
import type { Command } from "commander";
import type { ClusterOverview, JobSummary, TaskManager } from "../../client/answers.ts";
import type { MillraceClient } from "../../client/millrace-client.ts";
import { errorBodyOf } from "../../protocol/errors.ts";
import { METRICS_INTERVAL_MS } from "../../protocol/limits.ts";
import { type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { type ClusterLook, counted, type Finding, type JobLook } from "../status/finding.ts";
import { jobFindings, matters } from "../status/job-findings.ts";
import { workerFindings } from "../status/worker-findings.ts";
import { bold, dim, green, red, table } from "../terminal.ts";

const SHOWN_JOBS = 10;
/** Jobs that are looked at more closely, the newest: each costs two requests. */
const LOOKED_AT_JOBS = 20;
/** Between two looks at what a job does with its time; tasks tell it each METRICS_INTERVAL_MS. */
const BETWEEN_LOOKS_MS = 2 * METRICS_INTERVAL_MS;

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

Ends with 0 where all is well, with 1 where something is wrong; a note is no wrong. Takes two seconds
where jobs run, to see what they do with their time.`,
    )
    .action(status);
}

async function status(flags: ConnectionOptions & { readonly json?: boolean }): Promise<void> {
  let look: ClusterLook;
  try {
    look = await lookAt(connect(flags), flags.url);
  } catch (thrown) {
    report(flags, { url: flags.url, findings: [unreachable(flags.url, thrown)] }, []);
    return;
  }
  const { overview, workers, jobs } = look;
  const findings = [...workerFindings(look), ...jobFindings(look)];
  report(flags, { url: flags.url, findings, overview, workers, jobs }, [
    "",
    workers.length === 0 ? "no workers" : workerTable(workers),
    "",
    jobs.length === 0 ? "no jobs" : jobTable(jobs),
  ]);
}

async function lookAt(client: MillraceClient, url: string): Promise<ClusterLook> {
  const [overview, workers, jobs] = await Promise.all([
    client.overview(),
    client.taskManagers(),
    client.jobs(),
  ]);
  const nowMs = Date.now();
  const newest = [...jobs].sort((a, b) => b["start-time"] - a["start-time"]);
  const chosen = newest
    .filter(({ state, jid }) => {
      const over = ["FINISHED", "CANCELED", "CANCELLING"].includes(state);
      return !over && (state !== "FAILED" || matters(jobs, jid, nowMs));
    })
    .slice(0, LOOKED_AT_JOBS);
  const running = chosen.filter(({ state }) => state === "RUNNING");
  const before = await Promise.all(running.map(({ jid }) => client.job(jid)));
  if (running.length > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  const looks = await Promise.all(
    chosen.map(async (summary): Promise<JobLook> => {
      const [details, exceptions] = await Promise.all([
        client.job(summary.jid),
        client.exceptions(summary.jid),
      ]);
      const failures = exceptions.exceptionHistory.entries;
      const earlier = before[running.indexOf(summary)];
      return { summary, details, failures, ...(earlier === undefined ? {} : { before: earlier }) };
    }),
  );
  return { url, nowMs: Date.now(), overview, workers, jobs: newest, looks };
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
  const ok = findings.every(({ severity }) => severity !== "wrong");
  if (!ok) process.exitCode = 1;
  if (flags.json === true) {
    console.log(JSON.stringify({ ok, ...answer }));
    return;
  }
  if (overview !== undefined) {
    const { taskmanagers, "slots-total": total, "slots-available": free } = overview;
    console.log(
      `${bold(answer.url)}  ${counted(taskmanagers, "worker")}, ${free} of ${counted(total, "slot")} free, ` +
        `${counted(overview["jobs-running"], "job")} running  ${dim(`Millrace ${overview["millrace-version"]}`)}`,
    );
  }
  for (const { severity, problem, next } of findings) {
    console.log(`${severity === "wrong" ? red("wrong") : bold("note ")}  ${problem}`);
    console.log(`  next: ${next}`);
  }
  if (ok) console.log(green("All is well."));
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
  return { severity: "wrong", code, problem: message, next };
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
  const more = jobs.length - rows.length;
  const shown = table(["JOB", "STATE", "DURATION", "NAME"], rows);
  return more <= 0 ? shown : `${shown}\nand ${more} more (millrace list)`;
}
