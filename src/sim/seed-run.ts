/** Runs many seeds one after the other and says what came of them. */
import type { CoreMakers } from "./cluster.ts";
import { FAULTS, FaultCounts } from "./fault-counts.ts";
import { ModuleStock } from "./module-stock.ts";
import { type SimulationResult, simulate } from "./simulation.ts";

export type Print = (line: string) => void;

export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

export interface SeedRun {
  readonly seeds: SeedRange;
  /** Print every input that a core was given, with its actions. */
  readonly log: boolean;
  /** Cores in the place of the ones of production. */
  readonly cores?: CoreMakers;
  readonly print: Print;
}

function printViolation(result: SimulationResult, logged: boolean, print: Print): void {
  const { seed, violation, tail } = result;
  print(`\nseed ${seed}: ${violation}`);
  if (!logged) for (const line of tail) print(`  ${line}`);
  print(`  repeat it: npm run sim -- --seeds ${seed}..${seed} --log\n`);
}

function printFaults(faults: FaultCounts, print: Print): void {
  const column = (text: string | number) => String(text).padStart(10);
  print(`${"fault".padEnd(36)}${column("fired")}${column("in a job")}`);
  for (const fault of FAULTS) {
    const counts = column(faults.count(fault)) + column(faults.countBusy(fault));
    print(fault.padEnd(36) + counts);
  }
}

function printOutcomes(outcomes: ReadonlyMap<string, number>, print: Print): void {
  const parts = [...outcomes].sort().map(([status, count]) => `${count} ${status}`);
  print(`jobs: ${parts.join(", ")}`);
}

/** Runs seeds and prints what came of them. @returns the exit code: 1 if one failed */
export function runSeeds({ seeds, log, cores, print }: SeedRun): number {
  const modules = new ModuleStock();
  const faults = new FaultCounts();
  const outcomes = new Map<string, number>();
  let passed = 0;
  let failed = 0;
  for (let seed = seeds.first; seed <= seeds.last; seed++) {
    const result = simulate({ seed, modules, ...(cores && { cores }), ...(log && { log: print }) });
    faults.add(result.faults);
    for (const status of result.outcomes) outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    if (result.violation === undefined) {
      passed++;
      continue;
    }
    failed++;
    printViolation(result, log, print);
  }
  printFaults(faults, print);
  printOutcomes(outcomes, print);
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
