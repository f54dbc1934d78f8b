/** `millrace dev`: rebuilds and runs a project's job at every save, rows and errors in place. */
import { dirname } from "node:path";
import type { Command } from "commander";
import { chooseJob } from "../chosen-job.ts";
import { DevSession } from "../dev/dev-session.ts";
import { runJson, runText } from "../dev/dev-view.ts";
import { SourceWatch } from "../dev/source-watch.ts";
import {
  type HttpEndpointFlags,
  httpEndpointsOf,
  withHttpEndpoints,
} from "../http-endpoint-options.ts";
import { startLocalCluster } from "../local-cluster.ts";
import { findProject } from "../project/project.ts";
import { projectTarget, writtenSources } from "../project/project-build.ts";
import { dim } from "../terminal.ts";

interface DevFlags extends HttpEndpointFlags {
  readonly rows: string;
  readonly optimize?: boolean;
  readonly json?: boolean;
}

export function registerDev(program: Command): void {
  withHttpEndpoints(program.command("dev"))
    .description("run a job in this process, and again at every save of its sources or its input")
    .argument("[job]", "a job file; default: the project's")
    .argument("[args...]", "handed to the job file; default: the project's")
    .option("--rows <n>", "rows to show", "20")
    .option("--optimize", "build as `millrace build` does: slower to build, faster to run")
    .option("--json", "print a JSON object for each state of a run")
    .addHelpText(
      "after",
      `
Examples:
  millrace dev
  millrace dev job.ts data/other.txt --rows 50

Ctrl-C ends it. The cluster lives in this process; nothing is left behind.`,
    )
    .action(dev);
}

async function dev(path: string | undefined, args: readonly string[], flags: DevFlags) {
  const request = chooseJob("dev", path, args);
  const folder = dirname(request.file);
  const project = findProject(folder);
  const own = project === undefined ? undefined : projectTarget(project);
  const optimize = flags.optimize === true ? ("speed" as const) : ("none" as const);
  const target = own === undefined ? undefined : { ...own, optimize };
  const startedAtMs = performance.now();
  const shownRows = Number(flags.rows) || 20;
  const cluster = await startLocalCluster(httpEndpointsOf(flags));
  let watch: SourceWatch | undefined;
  const session = new DevSession({
    client: cluster.client,
    request,
    target,
    show: (run) => {
      if (flags.json === true) console.log(runJson(run));
      else console.log(runText(run, shownRows));
    },
    inputs: (paths) => watch?.setInputs(paths),
  });
  watch = new SourceWatch({
    folder: project?.folder ?? folder,
    written: target === undefined ? [] : [target.bundle, ...writtenSources(target)],
    changed: (atMs) => void session.restart(atMs),
  });
  const interrupted = untilInterrupted();
  if (flags.json !== true) console.error(dim("Watching; Ctrl-C ends."));
  void session.restart(startedAtMs);
  await interrupted;
  watch.close();
  await session.close();
  await cluster.close();
}

/** Resolves at SIGINT or SIGTERM. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
