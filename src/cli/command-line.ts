/** Parses the command line and runs its command; what becomes of errors. main.ts starts it. */
import { CommanderError, InvalidArgumentError } from "commander";
import { errorBodyOf } from "../protocol/errors.ts";
import { createProgram, serverProgram } from "./program.ts";
import { describeError, endWithReader } from "./terminal.ts";

const SERVERS = new Set(["jobmanager", "taskmanager", "cluster"]);

endWithReader();
try {
  // A server loads nothing of the clients' commands, which bring the job planner and the compiler.
  const server = SERVERS.has(process.argv[2] ?? "");
  await (server ? serverProgram() : await createProgram()).parseAsync();
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
