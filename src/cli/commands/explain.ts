/** `millrace explain`: a job's stream graph and job graph, without running it. */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { planJson } from "../../plan/plan-json.ts";
import { MillraceError } from "../../protocol/errors.ts";
import { chooseJob, loadChosenJob } from "../chosen-job.ts";
import { graphSvg } from "../explain/graph-svg.ts";
import { graphText } from "../explain/graph-text.ts";
import { planJob } from "../explain/planned-job.ts";
import { linearNote } from "../linear-note.ts";
import { openEndNote } from "../open-end-note.ts";

interface ExplainFlags {
  readonly svg?: string;
  readonly json?: boolean;
}

export function registerExplain(program: Command): void {
  program
    .command("explain")
    .description("show how a job would run: its stream graph and its job graph")
    .argument("[job]", "a job file or job spec; default: the project's")
    .argument("[args...]", "handed to the job file; default: the project's")
    .option("--svg <file>", "write a picture of the job graph too")
    .option("--json", "print the plan as JSON, in the shape of GET /v1/jobs/:id/plan")
    .addHelpText(
      "after",
      `
Examples:
  millrace explain
  millrace explain examples/word-count/job.ts novel.txt --svg word-count.svg

The job is checked as at submission; nothing runs and no cluster is needed.`,
    )
    .action(explain);
}

async function explain(
  path: string | undefined,
  args: readonly string[],
  flags: ExplainFlags,
): Promise<void> {
  const job = await loadChosenJob(chooseJob("explain", path, args));
  const planned = planJob(job);
  const notes = [linearNote(job.linear), openEndNote(job.spec)];
  if (flags.svg !== undefined) writePicture(flags.svg, graphSvg(planned));
  if (flags.json === true) {
    console.log(JSON.stringify({ ...planJson(planned.jobGraph), slots: planned.slots }));
  } else {
    console.log(graphText(planned));
    for (const note of notes) if (note !== undefined) console.error(note);
  }
}

function writePicture(file: string, svg: string): void {
  try {
    writeFileSync(file, svg);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MillraceError("FILE_NOT_WRITABLE", `Cannot write ${file}: ${code}`, {
      field: "--svg",
      value: file,
      expected: "a file in a folder that is there and may be written to",
      cause,
    });
  }
}
