/** `npm run demo -- --keep`: the result is checked, and the curl lines work as they are printed. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inTime } from "../cluster/cluster.ts";
import { runProgram } from "./millrace.ts";

const DEMO = fileURLToPath(new URL("../../src/cli/demo.ts", import.meta.url));
const tools = ["bash", "curl", "sed", "head"];
const missing = tools.filter((tool) => spawnSync(tool, ["--version"]).status !== 0);
if (missing.length > 0) console.log(`SKIPPED: this machine has no ${missing.join(", ")}`);

test.skipIf(missing.length > 0)(
  "the demo is checked and its curl lines work as printed",
  async () => {
    const demo = spawn(process.execPath, [DEMO, "--keep"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    const exit = once(demo, "exit");
    try {
      let printed = "";
      const kept = new Promise<void>((resolve) => {
        demo.stdout.on("data", (chunk: Buffer) => {
          printed += chunk;
          if (printed.includes("Ctrl-C stops it.")) resolve();
        });
      });
      await inTime("end of the demo", Promise.race([kept, exit]), 90_000);
      expect(printed).toContain("CHECKED");
      const shown =
        /In another terminal:\n([\s\S]*)\n\s*Ctrl-C stops it\./.exec(printed)?.[1] ?? "";
      const folder = /\/\S*millrace-demo-[^/]*/.exec(shown)?.[0] ?? "";
      expect(existsSync(folder)).toBe(true);
      const { code, out, err } = await inTime("curl", runProgram("bash", ["-c", shown]), 30_000);
      expect([code, err]).toEqual([0, ""]);
      checkAnswers(out);
      demo.kill("SIGTERM");
      expect(await inTime("end of the cluster", exit, 15_000)).toEqual([0, null]);
      expect(existsSync(folder)).toBe(false);
    } finally {
      demo.kill("SIGKILL");
    }
  },
  150_000,
);

/** What overview, upload, rows (three lines), details and cancel say, in this order. */
function checkAnswers(out: string): void {
  const answers = [...out.matchAll(/\{.*?\}(?=\s*(?:\{|$))/gs)].map(([text]) => text).join("\n");
  expect(answers).toContain('"taskmanagers":2');
  expect(answers).toContain('"slots-total":4');
  expect(answers).toMatch(/"name":"word-count"/);
  const rows = out.match(/\{"type":"rows".*?\\n"\}/g) ?? [];
  expect(rows).toHaveLength(3);
  for (const row of rows) expect(JSON.parse(row)).toMatchObject({ type: "rows", attempt: 1 });
  expect(out).toMatch(/"state":"(RUNNING|FINISHED)"/);
  expect(out).not.toContain('"errors"');
}
