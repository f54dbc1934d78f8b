/** Node as a reader starts it, in a checkout. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { ROOT } from "./pages.ts";

/** @returns standard output; standard error is shown. */
export async function runNode(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ["--conditions=millrace-source", ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const printed = await text(child.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${printed}`);
  return printed;
}
