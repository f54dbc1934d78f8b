/**
 * `npm run verify`: format and lint, types, tests (the layer and purity rules are tests). Ends with
 * the line `N passed, N failed`, which counts tests; a failed check before them counts as one.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Check {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

const bin = (name: string) => new URL(`../node_modules/${name}`, import.meta.url).pathname;
const CHECKS: readonly Check[] = [
  { name: "format and lint", script: bin("@biomejs/biome/bin/biome"), args: ["ci", "."] },
  { name: "types", script: bin("typescript/bin/tsc"), args: ["--noEmit"] },
];

function run(check: Check): boolean {
  console.log(`\n== ${check.name}`);
  const done = spawnSync(process.execPath, [check.script, ...check.args], { stdio: "inherit" });
  return done.status === 0;
}

function runTests(): { passed: number; failed: number; skipped: number } {
  const folder = mkdtempSync(join(tmpdir(), "millrace-verify-"));
  const report = join(folder, "report.json");
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const ok = run({ name: "tests", script: bin("vitest/vitest.mjs"), args });
  try {
    const counts = JSON.parse(readFileSync(report, "utf8"));
    return {
      passed: counts.numPassedTests,
      failed: ok ? counts.numFailedTests : Math.max(counts.numFailedTests, 1),
      skipped: counts.numPendingTests,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const failedChecks = CHECKS.filter((check) => !run(check)).length;
const tests = runTests();
const failed = tests.failed + failedChecks;
const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
console.log(`\n${tests.passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;
