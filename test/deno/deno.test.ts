/**
 * The engine under Deno: the ABI's tests as they are, the word count in one thread and over a whole
 * cluster. Deno cannot stop an isolate that is stuck (design: one process a slot there), so nothing
 * here asks for that.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { expectedCounts } from "./word-count-job.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DENO = fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url));
const hasDeno = existsSync(DENO);
if (!hasDeno) console.log("SKIPPED: tests under Deno, because the npm package deno is not there");

/** Runs a script of the project; answers the JSON of the last line it prints. */
async function deno(...args: string[]): Promise<unknown> {
  const flags = ["run", "-A", "--no-lock", "--node-modules-dir=manual"];
  const { stdout } = await promisify(execFile)(DENO, [...flags, ...args], {
    cwd: ROOT,
    timeout: 50_000,
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

describe.skipIf(!hasDeno)("under Deno", () => {
  test.each(["test/protocol/abi.test.ts", "test/operators/abi-module/abi-module.test.ts"])(
    "%s passes",
    async (file) => {
      const result = (await deno(
        "--import-map=test/deno/import-map.json",
        "test/deno/run-tests.ts",
        file,
      )) as { passed: number; failed: string[] };
      expect(result.failed).toEqual([]);
      expect(result.passed).toBeGreaterThan(5);
    },
  );

  test("the word count runs over two slots in one thread", async () => {
    const { states, counts } = (await deno("test/deno/slots-in-one-thread.ts")) as {
      states: Record<string, string>;
      counts: Record<string, number>;
    };
    expect(new Set(Object.values(states))).toEqual(new Set(["FINISHED"]));
    expect(counts).toEqual(expectedCounts());
  });

  test("the word count runs over a JobManager and two workers, and a worker says what it is", async () => {
    const result = (await deno("test/deno/embedded-cluster.ts")) as Record<string, unknown>;
    expect(result.runtime).toMatch(/^deno \d/);
    expect(result.counts).toEqual(expectedCounts());
  });
});
