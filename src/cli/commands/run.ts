/** `millrace run`: submits a job, shows its progress and the rows of its collect sinks. */
import { type Command, Option } from "commander";
import type { JobDetails } from "../../client/answers.ts";
import type { MillraceClient } from "../../client/millrace-client.ts";
import { errorBodyOf, MillraceError } from "../../protocol/errors.ts";
import { cancelAndWait } from "../cancel-job.ts";
import { chooseJob, loadChosenJob } from "../chosen-job.ts";
import { type ConnectionOptions, connect, DEFAULT_URL, withConnection } from "../connection.ts";
import {
  type HttpEndpointFlags,
  httpEndpointsOf,
  withHttpEndpoints,
} from "../http-endpoint-options.ts";
import type { LoadedJob } from "../job-file.ts";
import { describeProgress, type ProgressCounts, progressCounts } from "../job-progress.ts";
import { Leaving } from "../leaving.ts";
import { linearNote } from "../linear-note.ts";
import { startLocalCluster } from "../local-cluster.ts";
import { openEndNote } from "../open-end-note.ts";
import { bold, count, dim, ProgressLine } from "../terminal.ts";

const PROGRESS_MS = 500;

interface RunFlags extends ConnectionOptions, HttpEndpointFlags {
  readonly detach?: boolean;
  readonly cancelOnExit?: boolean;
  readonly local?: boolean;
  readonly json?: boolean;
}

export function registerRun(program: Command): void {
  withHttpEndpoints(withConnection(program.command("run")))
    .description("submit a job and follow it to its end")
    .argument(
      "[job]",
      "a .ts or .js file whose default export makes a job, or a job spec (.json); default: the project's",
    )
    .argument("[args...]", "handed to the job file; default: the project's")
    .option("-d, --detach", "submit, print the job's id, and leave it running")
    .option("--cancel-on-exit", "cancel the job where this command is ended before it (Ctrl-C)")
    .addOption(
      new Option("--local", "run in this process, on a cluster that ends with the job").conflicts(
        "detach",
      ),
    )
    .option("--json", "print machine-readable lines only")
    .addHelpText(
      "after",
      `
Examples:
  millrace run                                          in a project: its job
  millrace run examples/word-count/job.ts novel.txt
  millrace run --detach --url http://gateway:8081 job.ts

Without --url, where no cluster answers on this host, the job runs in this process (as --local).
Ctrl-C leaves a job of a cluster running, unless --cancel-on-exit is given (Flink's
-sae, --shutdownOnAttachedExit). A project's operators are built first where they have changed. Rows of collect sinks come on
standard output, a JSON object a line; progress and notes on standard error. HTTP endpoints are granted
here to a job that runs in this process; a cluster has its own grants.`,
    )
    .action(run);
}

async function run(
  path: string | undefined,
  args: readonly string[],
  flags: RunFlags,
  command: Command,
): Promise<void> {
  const job = await loadChosenJob(chooseJob("run", path, args));
  const named = command.getOptionValueSource("url") !== "default" || flags.url !== DEFAULT_URL;
  const local = flags.local === true || (!named && flags.detach !== true && (await isAlone(flags)));
  if (!local) return submit(connect(flags), job, flags);
  if (flags.local !== true && flags.json !== true) {
    console.error(dim(`No cluster at ${flags.url}: running in this process`));
  }
  const cluster = await startLocalCluster(httpEndpointsOf(flags));
  try {
    await submit(cluster.client, job, flags, () => cluster.close());
  } finally {
    await cluster.close();
  }
}

/** Nobody has started a cluster on this host: no answer, or not even a token. */
async function isAlone(flags: RunFlags): Promise<boolean> {
  try {
    await connect(flags).overview();
    return false;
  } catch (thrown) {
    const { code } = errorBodyOf(thrown);
    if (code === "CLUSTER_UNREACHABLE" || code === "TOKEN_MISSING") return true;
    throw thrown;
  }
}

/** @param closeLocal Ends the cluster, where it is this process's own. */
async function submit(
  client: MillraceClient,
  job: LoadedJob,
  flags: RunFlags,
  closeLocal?: () => Promise<void>,
): Promise<void> {
  const { spec, bundles } = job;
  for (const note of [linearNote(job.linear), openEndNote(spec)]) {
    if (note !== undefined && flags.json !== true) console.error(note);
  }
  for (const bytes of bundles.values()) await client.uploadBundle(bytes);
  const id = await client.submitJob(spec);
  if (flags.json === true) console.log(JSON.stringify({ jobid: id }));
  else if (flags.detach === true) console.log(id);
  else console.error(`Job ${bold(spec.name)} ${dim(id)}`);
  const sinks = spec.vertices.filter((v) => v.connector?.type === "collect").length;
  if (flags.detach === true) {
    if (sinks > 0) console.error(dim(unreadNote(flags.url, id)));
    return;
  }
  const leaving = new Leaving(
    closeLocal ?? (() => (flags.cancelOnExit ? cancel(client, id) : goesOn(id, sinks))),
  );
  if (
    closeLocal === undefined &&
    flags.json !== true &&
    spec.vertices.some((v) => v.connector?.type === "print")
  ) {
    console.error(dim("Its print sink writes to the standard output of the workers."));
  }
  let details: string | undefined;
  try {
    details = await follow(client, id, sinks, flags.json === true);
  } catch (thrown) {
    // What leaving does to the job is no news.
    await leaving.gone;
    throw thrown;
  } finally {
    leaving.close();
  }
  if (flags.json === true) console.log(JSON.stringify({ jobid: id, state: "FINISHED" }));
  else
    console.error(`Job ${bold(spec.name)} finished${details === undefined ? "" : `: ${details}`}`);
}

async function cancel(client: MillraceClient, id: string): Promise<void> {
  console.error(`\nCancelling ${id}`);
  await cancelAndWait(client, id);
}

async function goesOn(id: string, sinks: number): Promise<void> {
  const stalls = sinks > 0 ? " (it will stop when its unread rows fill their buffers)" : "";
  console.error(`\nJob ${id} goes on${stalls}. End it with: millrace cancel ${id}`);
}

/** A job whose collect sink nobody reads stops, and keeps its slots: who detaches should know. */
function unreadNote(url: string, id: string): string {
  return (
    "Its collect sink waits for a reader; until one comes the job stops, and holds its slots:\n" +
    `  curl -sN -H "Authorization: Bearer $TOKEN" ${url}/v1/jobs/${id}/rows   # TOKEN: the client token\n` +
    "A job that is to run by itself ends in filesSink(...) or printSink()."
  );
}

/** Shows progress on standard error and rows on standard output until the job has ended. */
async function follow(
  client: MillraceClient,
  id: string,
  sinks: number,
  quiet: boolean,
): Promise<string | undefined> {
  const ended = new AbortController();
  const rows = sinks > 0 ? printRows(client, id, sinks > 1) : Promise.resolve();
  const progress = quiet ? Promise.resolve() : showProgress(client, id, ended.signal);
  try {
    await Promise.all([client.waitForEnd(id), rows]);
  } catch (thrown) {
    throw await withTask(client, id, thrown);
  } finally {
    ended.abort();
    await progress;
  }
  return quiet ? undefined : summary(await client.job(id));
}

function summary(details: JobDetails): string {
  const { recordsIn, recordsOut } = progressCounts(details, 0);
  const seconds = (details.duration / 1_000).toFixed(1);
  // A source that makes its rows reads none.
  const read = recordsIn === 0 ? "" : `${count(recordsIn)} records in, `;
  return `${read}${count(recordsOut)} records out, ${seconds} s`;
}

/** The failure with the task and worker it came from, which only the exception history knows. */
async function withTask(client: MillraceClient, id: string, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof MillraceError) || thrown.field !== undefined) return thrown;
  const entry = (await client.exceptions(id)).exceptionHistory.entries[0];
  if (entry?.taskName === undefined) return thrown;
  const worker = entry.taskManagerId === undefined ? "" : ` on worker ${entry.taskManagerId}`;
  return new MillraceError(thrown.code, thrown.message, {
    field: "task",
    value: `${entry.taskName}${worker}`,
    ...(thrown.expected === undefined ? {} : { expected: thrown.expected }),
    cause: thrown,
  });
}

/** @param named each line begins with its sink's uid: there are several */
async function printRows(client: MillraceClient, id: string, named: boolean): Promise<void> {
  for await (const item of client.rows(id)) {
    if (item.type === "rows") {
      const { sink, lines } = item;
      process.stdout.write(named ? lines.replaceAll(/^(?=.)/gm, () => `${sink}> `) : lines);
    } else if (item.type === "restart")
      console.error(dim(`-- attempt ${item.attempt} begins again`));
  }
}

async function showProgress(client: MillraceClient, id: string, end: AbortSignal): Promise<void> {
  const line = new ProgressLine();
  let before: ProgressCounts | undefined;
  while (!end.aborted) {
    await pause(PROGRESS_MS, end);
    if (end.aborted) break;
    const details = await client.job(id);
    const now = performance.now();
    const counts = progressCounts(details, now);
    const waits = details.state === "CREATED";
    line.update(waits ? await waiting(client) : describeProgress(details, counts, before), now);
    before = counts;
  }
  line.end();
}

/** Waits, or less where the signal comes first. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener("abort", wake);
  });
}

/** Why a job that was taken does not run yet. */
async function waiting(client: MillraceClient): Promise<string> {
  const overview = await client.overview();
  const [free, all] = [overview["slots-available"], overview["slots-total"]];
  return `CREATED  waits for slots: ${free} of ${all} are free; \`millrace list\` shows who has them`;
}
