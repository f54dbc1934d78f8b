/** The commands, and what becomes of their errors; main.ts starts it. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { errorBodyOf } from "../protocol/errors.ts";
import { registerServers } from "./commands/servers.ts";
import { describeError, endWithReader } from "./terminal.ts";

const VERSION = "0.1.0";
const SERVERS = new Set(["jobmanager", "taskmanager", "cluster"]);

endWithReader();
const program = new Command("millrace")
  .description("Stream processing with Flink's semantics; operators are WebAssembly modules.")
  .version(VERSION)
  .showHelpAfterError("(add --help for the options and an example)")
  .exitOverride();
program.addHelpText(
  "after",
  `
Example, in three terminals:
  millrace jobmanager
  millrace taskmanager --slots 4
  millrace run examples/word-count/job.ts "$PWD/novel.txt"

or JobManager and workers in one process:
  millrace cluster --workers 2 --slots 2

In a checkout, write \`npm run millrace --\` for \`millrace\`.`,
);
registerServers(program);
// A server loads nothing of the clients' commands, which bring the job planner and the compiler.
if (!SERVERS.has(process.argv[2] ?? "")) {
  const { registerRun } = await import("./commands/run.ts");
  const { registerJobs } = await import("./commands/jobs.ts");
  const { registerBuild } = await import("./commands/build.ts");
  registerRun(program);
  registerJobs(program);
  registerBuild(program);
}

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof InvalidArgumentError) {
    // Found by a command itself: commander has not said it yet.
    console.error(`error: ${thrown.message}`);
    process.exitCode = 2;
  } else if (thrown instanceof CommanderError) {
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  } else {
    const error = errorBodyOf(thrown);
    if (process.argv.includes("--json")) console.log(JSON.stringify({ errors: [error] }));
    else console.error(describeError(error));
    process.exitCode = 1;
  }
}
