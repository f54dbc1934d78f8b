/** `millrace run`: submits a job, shows its progress and the rows of its collect sinks. */
import type { Command } from "commander";
import type { JobDetails } from "../../client/answers.ts";
import type { MillraceClient } from "../../client/millrace-client.ts";
import { type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { loadJob } from "../job-file.ts";
import { bold, count, dim, ProgressLine } from "../terminal.ts";

const PROGRESS_MS = 500;

interface RunFlags extends ConnectionOptions {
  readonly detach?: boolean;
  readonly json?: boolean;
}

export function registerRun(program: Command): void {
  withConnection(program.command("run"))
    .description("submit a job and follow it to its end")
    .argument("<job>", "a .ts or .js file whose default export makes a job, or a job spec (.json)")
    .argument("[args...]", "handed to the job file")
    .option("-d, --detach", "submit, print the job's id, and leave it running")
    .option("--json", "print machine-readable lines only")
    .addHelpText("after", "\nExample:\n  millrace run examples/word-count/job.ts novel.txt")
    .action(run);
}

async function run(path: string, args: readonly string[], flags: RunFlags): Promise<void> {
  const { spec, bundles } = await loadJob(path, args);
  const client = connect(flags);
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
  const leave = (code: number) => {
    const stalls = sinks > 0 ? " (it will stop when its unread rows fill their buffers)" : "";
    console.error(`\nJob ${id} goes on${stalls}. End it with: millrace cancel ${id}`);
    process.exit(code);
  };
  process.once("SIGINT", () => leave(130));
  process.stdout.prependOnceListener("error", () => leave(0));
  if (flags.json !== true && spec.vertices.some((v) => v.connector?.type === "print")) {
    console.error(dim("Its print sink writes to the standard output of the workers."));
  }
  await follow(client, id, sinks);
  if (flags.json === true) console.log(JSON.stringify({ jobid: id, state: "FINISHED" }));
  else console.error(`Job ${bold(spec.name)} finished`);
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
async function follow(client: MillraceClient, id: string, sinks: number): Promise<void> {
  const ended = new AbortController();
  const rows = sinks > 0 ? printRows(client, id, sinks > 1) : Promise.resolve();
  const progress = showProgress(client, id, ended.signal);
  try {
    await Promise.all([client.waitForEnd(id), rows]);
  } finally {
    ended.abort();
    await progress;
  }
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
  let before = { records: 0, atMs: performance.now() };
  while (!end.aborted) {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        end.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, PROGRESS_MS);
      end.addEventListener("abort", wake);
    });
    if (end.aborted) break;
    const details = await client.job(id);
    const now = performance.now();
    const records = recordsRead(details);
    const rate = ((records - before.records) * 1_000) / (now - before.atMs);
    before = { records, atMs: now };
    const waits = details.state === "CREATED";
    line.update(waits ? await waiting(client) : describe(details, records, rate), now);
  }
  line.end();
}

function recordsRead(details: JobDetails): number {
  return details.vertices.reduce((sum, v) => sum + v.metrics["read-records"], 0);
}

function describe(details: JobDetails, records: number, rate: number): string {
  const busy = details.vertices.map((v) => v.metrics["accumulated-busy-time"]);
  const total = Math.max(...busy, 0);
  return (
    `${details.state}  ${count(records)} rows read by ${details.vertices.length} vertices ` +
    `(${count(rate)}/s)  busy ${(total / 1_000).toFixed(1)} s`
  );
}

/** Why a job that was taken does not run yet. */
async function waiting(client: MillraceClient): Promise<string> {
  const overview = await client.overview();
  const [free, all] = [overview["slots-available"], overview["slots-total"]];
  return `CREATED  waits for slots: ${free} of ${all} are free; \`millrace list\` shows who has them`;
}
