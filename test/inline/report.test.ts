import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { DevRun } from "../../src/cli/dev/dev-session.ts";
import { runText } from "../../src/cli/dev/dev-view.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = join(ROOT, "bin", "millrace.js");
const FOLDER = join(ROOT, "build", "inline-report");
const JOB = `import { files, textLines } from "millrace";
export default function job({ env }) {
  env
    .fromSource(textLines(files("a.txt")))
    .filter((r) => r.line.includes("x"))
    .map((r) => ({ first: r.line[0] ?? "", units: r.line.length }))
    .collect();
}
`;

describe("places that are linear in text that is not ASCII are said", () => {
  test("by explain, and by run as it submits", { timeout: 60_000 }, () => {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, "job.ts"), JOB);
    writeFileSync(join(FOLDER, "a.txt"), "x\n");
    const millrace = (...args: string[]) =>
      spawnSync(process.execPath, [MAIN, ...args], {
        cwd: FOLDER,
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1", MILLRACE_HOME: join(FOLDER, "home") },
      });
    const note = "Linear in text that is not ASCII: job.ts:6:27, job.ts:6:51\n";
    const explained = millrace("explain", "job.ts");
    expect(explained.stderr).toContain(note);
    expect(explained.stdout).toContain("format_json");
    const asJson = millrace("explain", "job.ts", "--json");
    expect([asJson.stderr, asJson.status]).toEqual(["", 0]);
    expect(millrace("run", "job.ts", "--local").stderr).toContain(note);
  });

  test("by dev, beneath the rows", () => {
    const run: DevRun = {
      number: 1,
      job: "job.ts",
      state: "FINISHED",
      rows: [{ first: "x" }],
      sinks: ["first"],
      rowCount: 1,
      built: false,
      linear: ["job.ts:6:26"],
    };
    expect(runText(run, 20)).toMatch(/x\s+Linear in text that is not ASCII: job\.ts:6:26$/);
    expect(runText({ ...run, linear: [] }, 20)).not.toContain("Linear");
  });
});
