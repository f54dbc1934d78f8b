/** The demo's cluster: a JobManager and two workers, each a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MillraceError } from "../../protocol/errors.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** A process that has said what was waited for. */
export interface StartedProcess {
  readonly child: ChildProcess;
  /** The line waited for. */
  readonly line: string;
}

/**
 * Runs `millrace ARGS` and waits for a line of its output.
 * @throws MillraceError DEMO_PROCESS_ENDED with what it printed
 */
export async function startMillrace(
  args: readonly string[],
  awaited: RegExp,
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...environment },
  });
  let printed = "";
  const timer = setTimeout(() => child.kill(), START_TIMEOUT_MS);
  try {
    return await new Promise<StartedProcess>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        printed += chunk.toString();
        const line = printed.split("\n").find((text) => awaited.test(text));
        if (line !== undefined) resolve({ child, line });
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("exit", () => {
        const message = `Cannot start millrace ${args[0]}: it ended\n${printed.trim()}`;
        reject(new MillraceError("DEMO_PROCESS_ENDED", message));
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a process and waits for it. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await exited;
  clearTimeout(hard);
}
