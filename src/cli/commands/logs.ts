/** `millrace logs`: the JobManager's log, where workers and jobs report too. */
import { type Command, InvalidArgumentError } from "commander";
import type { LogLine } from "../../client/answers.ts";
import { type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { dim, red } from "../terminal.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

interface LogFlags extends ConnectionOptions {
  readonly follow?: boolean;
  readonly job?: string;
  readonly worker?: string;
  readonly level: LogLine["level"];
  readonly json?: boolean;
}

export function registerLogs(program: Command): void {
  withConnection(program.command("logs"))
    .description("print the last lines of the cluster's log")
    .option("-f, --follow", "stay and print what comes")
    .option("--job <id>", "only what concerns this job (its id, or a start of it)")
    .option("--worker <name>", "only what concerns this worker")
    .option("--level <level>", `at least this: ${LEVELS.join(", ")}`, level, "info")
    .option("--json", "print a JSON object a line")
    .addHelpText(
      "after",
      `
Examples:
  millrace logs --level warn
  millrace logs --follow --job 1f0e8a52`,
    )
    .action(logs);
}

function level(text: string): LogLine["level"] {
  const found = LEVELS.find((known) => known === text);
  if (found === undefined) throw new InvalidArgumentError(`one of ${LEVELS.join(", ")}`);
  return found;
}

async function logs(flags: LogFlags): Promise<void> {
  const interrupted = new AbortController();
  const stop = () => interrupted.abort();
  process.once("SIGINT", stop);
  const least = LEVELS.indexOf(flags.level);
  const options = { follow: flags.follow === true, signal: interrupted.signal };
  try {
    for await (const line of connect(flags).logs(options)) {
      if (LEVELS.indexOf(line.level) < least) continue;
      if (flags.job !== undefined && line.job?.startsWith(flags.job) !== true) continue;
      if (flags.worker !== undefined && line.worker !== flags.worker) continue;
      console.log(flags.json === true ? JSON.stringify(line) : lineText(line));
    }
  } catch (thrown) {
    if (!interrupted.signal.aborted) throw thrown;
  } finally {
    process.off("SIGINT", stop);
  }
}

function lineText(line: LogLine): string {
  const time = new Date(line.timestamp).toISOString().replace("T", " ").replace("Z", "");
  const level = line.level === "error" ? red("error") : line.level.padEnd(5);
  const about = [line.worker, line.job?.slice(0, 8)].filter((name) => name !== undefined);
  return `${dim(time)} ${level} ${line.message}${about.length === 0 ? "" : ` ${dim(`(${about.join(", ")})`)}`}`;
}
