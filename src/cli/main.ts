/** The command line. Exit codes: 0 done, 1 the job or the call failed, 2 wrong usage. */
import { Command, CommanderError } from "commander";
import { errorBodyOf } from "../protocol/errors.ts";
import { registerBuild } from "./commands/build.ts";
import { registerJobs } from "./commands/jobs.ts";
import { registerRun } from "./commands/run.ts";
import { registerServers } from "./commands/servers.ts";
import { describeError } from "./terminal.ts";

const VERSION = "0.1.0";

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
  millrace run examples/word-count/job.ts

or all in one process:
  millrace cluster --workers 2 --slots 2`,
);
registerServers(program);
registerRun(program);
registerJobs(program);
registerBuild(program);

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  } else {
    const error = errorBodyOf(thrown);
    if (process.argv.includes("--json")) console.log(JSON.stringify({ errors: [error] }));
    else console.error(describeError(error));
    process.exitCode = 1;
  }
}
