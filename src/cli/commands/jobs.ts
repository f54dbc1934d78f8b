/** `millrace list`, `info`, `cancel` and `upload`: short calls to a running cluster. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { MillraceError } from "../../protocol/errors.ts";
import { cancelAndWait } from "../cancel-job.ts";
import { type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { jobIdOf } from "../job-id.ts";
import { jobText } from "../job-text.ts";
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
  withConnection(program.command("info"))
    .description("show a job: its state, its vertices, and why it failed")
    .argument(
      "<job>",
      "its name, its id, as `millrace list` shows them, or a start of the id that no other has",
    )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  millrace info 1f0e8a52")
    .action(info);
  withConnection(program.command("cancel"))
    .description("cancel a job, and wait for its end")
    .argument(
      "<job>",
      "its name, its id, as `millrace list` shows them, or a start of the id that no other has",
    )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  millrace cancel 1f0e8a52")
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

async function info(job: string, flags: JsonFlags): Promise<void> {
  const client = connect(flags);
  const id = await jobIdOf(client, job);
  const [details, exceptions] = await Promise.all([client.job(id), client.exceptions(id)]);
  if (flags.json === true) console.log(JSON.stringify({ ...details, exceptions }));
  else console.log(jobText(details, exceptions));
}

async function cancel(job: string, flags: JsonFlags): Promise<void> {
  const client = connect(flags);
  const id = await jobIdOf(client, job);
  const state = await cancelAndWait(client, id);
  console.log(flags.json === true ? JSON.stringify({ jobid: id, state }) : `${id} ${state}`);
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
