/** `millrace list`, `cancel` and `upload`: short calls to a running cluster. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { MillraceError } from "../../protocol/errors.ts";
import { type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { count, table } from "../terminal.ts";

interface JsonFlags extends ConnectionOptions {
  readonly json?: boolean;
}

export function registerJobs(program: Command): void {
  withConnection(program.command("list"))
    .description("list the jobs of a cluster, the newest first")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  millrace list")
    .action(list);
  withConnection(program.command("cancel"))
    .description("cancel a job")
    .argument("<job>", "its id, as `millrace list` shows it")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  millrace cancel 1f0e8a52-6f0c-4a7b-9a52-6f0c4a7b9a52")
    .action(cancel);
  withConnection(program.command("upload"))
    .description("upload a bundle")
    .argument("<bundle>", "a .wasm file made by `millrace build`")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  millrace upload words.wasm")
    .action(upload);
}

async function list(flags: JsonFlags): Promise<void> {
  const jobs = (await connect(flags).jobs()).toReversed();
  jobs.sort((a, b) => b["start-time"] - a["start-time"]);
  if (flags.json === true) {
    console.log(JSON.stringify(jobs));
    return;
  }
  const rows = jobs.map((job) => [
    job.jid,
    job.state,
    `${(job.duration / 1_000).toFixed(1)} s`,
    String(job.attempt),
    job.name,
  ]);
  console.log(table(["JOB", "STATE", "DURATION", "ATTEMPT", "NAME"], rows));
}

async function cancel(job: string, flags: JsonFlags): Promise<void> {
  await connect(flags).cancel(job);
  console.log(flags.json === true ? JSON.stringify({ jobid: job }) : `Cancelling ${job}`);
}

async function upload(path: string, flags: JsonFlags): Promise<void> {
  const answer = await connect(flags).uploadBundle(readBundle(path));
  if (flags.json === true) {
    console.log(JSON.stringify(answer));
    return;
  }
  console.log(`${answer.id}  ${answer.manifest.name}  ${count(answer.size)} bytes`);
  for (const warning of answer.warnings) console.log(`  note: ${warning}`);
}

function readBundle(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MillraceError("FILE_NOT_FOUND", `Cannot read bundle: ${path} is not there`, {
      field: "bundle",
      value: path,
      cause,
    });
  }
}
