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
  const { spec, bundles, linear = [] } = await loadJob(path, args);
  if (linear.length > 0 && flags.json !== true) {
    console.error(dim(`Linear in text that is not ASCII: ${linear.join(", ")}`));
  }
  const client = connect(flags);
  for (const bytes of bundles.values()) await client.uploadBundle(bytes);
  const id = await client.submitJob(spec);
  if (flags.json === true) console.log(JSON.stringify({ jobid: id }));
  else if (flags.detach === true) console.log(id);
  else console.error(`Job ${bold(spec.name)} ${dim(id)}`);
  if (flags.detach === true) return;
  await follow(
    client,
    id,
    spec.vertices.some((v) => v.connector?.type === "collect"),
  );
  if (flags.json === true) console.log(JSON.stringify({ jobid: id, state: "FINISHED" }));
  else console.error(`Job ${bold(spec.name)} finished`);
}

/** Shows progress on standard error and rows on standard output until the job has ended. */
async function follow(client: MillraceClient, id: string, collects: boolean): Promise<void> {
  const ended = new AbortController();
  const rows = collects ? printRows(client, id) : Promise.resolve();
  const progress = showProgress(client, id, ended.signal);
  try {
    await client.waitForEnd(id);
    await rows;
  } finally {
    ended.abort();
    await progress;
  }
}

async function printRows(client: MillraceClient, id: string): Promise<void> {
  for await (const item of client.rows(id)) {
    if (item.type === "rows") process.stdout.write(item.lines);
    else if (item.type === "restart") console.error(dim(`-- attempt ${item.attempt} begins again`));
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
    line.update(describe(details, records, rate), now);
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
    `${details.state}  ${count(records)} records in (${count(rate)}/s)  ` +
    `${details.vertices.length} vertices  busy ${(total / 1_000).toFixed(1)} s`
  );
}
