/** `npm run sim`: simulated clusters with injected faults, one for each seed. */
import { Command, InvalidArgumentError } from "commander";
import { runSeeds, type SeedRange } from "./seed-run.ts";

interface Options {
  readonly seeds: SeedRange;
  readonly log: boolean;
}

function parseRange(text: string): SeedRange {
  const match = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last < first) {
    throw new InvalidArgumentError("Expected N or FIRST..LAST, as in 1..1000.");
  }
  return { first, last };
}

const command = new Command("sim")
  .description(
    "Runs whole clusters in one thread under virtual time: JobManager, TaskManagers, links, a disk,\n" +
      "real WebAssembly operators; with faults. The same seed gives the same run.",
  )
  .option("--seeds <range>", "seeds to run: N or FIRST..LAST", parseRange, { first: 1, last: 100 })
  .option("--log", "print every input that a core was given, with its actions", false)
  .action((options: Options) => {
    process.exitCode = runSeeds({ ...options, print: console.log });
  });
command.parse();
