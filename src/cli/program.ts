/** The command line's commands: what command-line.ts runs, and what completion and docs/cli.md come from. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { registerServers } from "./commands/servers.ts";

/** What a script may rely on. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, "done; of `status`: all is well"],
  [1, "the job or the call failed; of `status`: something is wrong"],
  [2, "wrong usage: an unknown command or option, a missing argument, Node too old"],
];

/** Known to who works on Millrace itself: there is no `millrace` on the path. */
const CHECKOUT = import.meta.url.endsWith(".ts")
  ? "\n\nIn a checkout, write `npm run millrace --` for `millrace`."
  : "";

const EXAMPLES = `
Examples, from nothing:
  millrace new my-job && cd my-job && npm install
  millrace dev                     rebuild and run on every save
  millrace run                     run the project's job

A cluster, in three terminals:
  millrace jobmanager
  millrace taskmanager --slots 4
  millrace run job.ts

or all in one process:
  millrace cluster --workers 2 --slots 2`;

/** The version of this Millrace. */
export function ownVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** The program with the commands that stay until they are stopped; it loads little. */
export function serverProgram(): Command {
  const program = emptyProgram();
  registerServers(program);
  return program;
}

/** The program with all commands, in the order of the help. */
export async function createProgram(): Promise<Command> {
  const program = emptyProgram();
  (await import("./commands/new.ts")).registerNew(program);
  (await import("./commands/build.ts")).registerBuild(program);
  (await import("./commands/inspect.ts")).registerInspect(program);
  (await import("./commands/dev.ts")).registerDev(program);
  (await import("./commands/run.ts")).registerRun(program);
  (await import("./commands/explain.ts")).registerExplain(program);
  registerServers(program);
  (await import("./commands/jobs.ts")).registerJobs(program);
  (await import("./commands/status.ts")).registerStatus(program);
  (await import("./commands/logs.ts")).registerLogs(program);
  (await import("./commands/completion.ts")).registerCompletion(program);
  return program;
}

function emptyProgram(): Command {
  const program = new Command("millrace")
    .description("Stream processing with Flink's semantics; operators are WebAssembly modules.")
    .version(ownVersion())
    .showHelpAfterError("(add --help for the options and an example)")
    .exitOverride();
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`).join("\n");
  return program.addHelpText("after", `${EXAMPLES}${CHECKOUT}\n\nExit codes:\n${codes}`);
}
