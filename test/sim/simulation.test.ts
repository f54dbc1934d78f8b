import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { FAULTS, FaultCounts } from "../../src/sim/fault-counts.ts";
import { ModuleStock } from "../../src/sim/module-stock.ts";
import { runSeeds } from "../../src/sim/seed-run.ts";
import { simulate } from "../../src/sim/simulation.ts";
import { MUTANTS } from "./mutants.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
/** A planted defect has to be found within so many seeds. */
const MUTANT_SEEDS_MAX = 200;

const modules = new ModuleStock();

describe("the simulated cluster", () => {
  test("breaks no rule of the oracle in 50 seeds, under most of the faults", () => {
    const faults = new FaultCounts();
    const failures: string[] = [];
    let finished = 0;
    for (const seed of SEEDS) {
      const result = simulate({ seed, modules });
      faults.add(result.faults);
      finished += result.outcomes.filter((status) => status === "FINISHED").length;
      if (result.violation !== undefined) failures.push(`seed ${seed}: ${result.violation}`);
    }
    expect(failures).toEqual([]);
    expect(finished).toBeGreaterThan(SEEDS.length / 2);
    const fired = FAULTS.filter((fault) => faults.count(fault) > 0);
    expect(fired.length).toBeGreaterThan(FAULTS.length / 2);
  });

  test.each([1, 7, 310])("logs seed %i the same, byte for byte, each time", (seed) => {
    const [first, second] = [1, 2].map(() => {
      const lines: string[] = [];
      // Compiled anew: nothing that the first run leaves behind may reach the second.
      simulate({ seed, modules: new ModuleStock(), log: (line) => lines.push(line) });
      return lines;
    });
    expect(first!.length).toBeGreaterThan(100);
    expect(second).toEqual(first);
  });

  test("logs different seeds differently", () => {
    const [first, second] = [1, 2].map((seed) => {
      const lines: string[] = [];
      simulate({ seed, modules, log: (line) => lines.push(line) });
      return lines;
    });
    expect(second).not.toEqual(first);
  });
});

describe("a planted defect is found", () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))("%s", (_, mutant) => {
    let violation: string | undefined;
    const first = mutant.firstSeed ?? 1;
    const last = first + MUTANT_SEEDS_MAX - 1;
    for (let seed = first; violation === undefined && seed <= last; seed++) {
      violation = simulate({ seed, modules, cores: mutant.cores() }).violation;
    }
    expect(violation).toBeDefined();
  });
});

describe("npm run sim", () => {
  const main = fileURLToPath(new URL("../../src/sim/main.ts", import.meta.url));

  test("says how many seeds passed, how often each fault fired, and ends with 0", () => {
    const output = execFileSync(process.execPath, [main, "--seeds", "1..2"], { encoding: "utf8" });
    expect(output).toMatch(/\n2 passed, 0 failed\n$/);
    for (const fault of FAULTS) expect(output).toContain(`\n${fault} `);
  });

  test("names a failed seed, its violation and the command to repeat it, and ends with 1", () => {
    const mutant = MUTANTS.find(({ name }) => name === "a slot never gives credits back")!;
    const lines: string[] = [];
    const exitCode = runSeeds({
      seeds: { first: 1, last: 1 },
      log: false,
      cores: mutant.cores(),
      print: (line) => lines.push(...line.split("\n")),
    });
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(expect.stringMatching(/^seed 1: job .* hangs/));
    expect(lines).toContain("  repeat it: npm run sim -- --seeds 1..1 --log");
    expect(lines.at(-1)).toBe("0 passed, 1 failed");
  });

  test("refuses a range that is none", () => {
    const run = () => execFileSync(process.execPath, [main, "--seeds", "9..1"], { stdio: "pipe" });
    expect(run).toThrow("Expected N or FIRST..LAST");
  });
});
