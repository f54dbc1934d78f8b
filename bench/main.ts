/** `npm run bench -- NAME [--seconds N] [--rounds N] [--json]`: figures for people, then one JSON line. */
import { Command, InvalidArgumentError } from "commander";
import { BENCHES } from "./benches.ts";
import { type Bench, machineState } from "./harness.ts";

interface Flags {
  readonly seconds: number;
  readonly rounds: number;
  readonly json?: boolean;
}

const program = new Command("bench")
  .description("Runs one bench; the last line of output is its result as JSON.")
  .argument("<name>", "which bench, see below", benchByName)
  .option("--seconds <n>", "length of one measured stretch", positive, 3)
  .option("--rounds <n>", "measured rounds of each side", positive, 3)
  .option("--json", "print nothing but the JSON line")
  .addHelpText("after", `\nBenches:\n${BENCHES.map(describe).join("\n")}`)
  .action(run);

await program.parseAsync();

function describe(bench: Bench): string {
  return `  ${bench.name.padEnd(26)} ${bench.help}`;
}

function benchByName(name: string): Bench {
  const bench = BENCHES.find((candidate) => candidate.name === name);
  if (bench !== undefined) return bench;
  const names = BENCHES.map((candidate) => candidate.name).join(", ");
  throw new InvalidArgumentError(`Expected one of: ${names}.`);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

async function run(bench: Bench, flags: Flags): Promise<void> {
  const log = (line: string) => {
    if (flags.json !== true) console.log(line);
  };
  // Before the run: the load of the bench itself is no state of the machine.
  const machine = machineState();
  log(`${bench.name}: ${bench.help}`);
  log(`machine: ${JSON.stringify(machine)}`);
  const figures = await bench.run({
    seconds: flags.seconds,
    rounds: Math.max(1, Math.round(flags.rounds)),
    log,
  });
  console.log(JSON.stringify({ bench: bench.name, ...figures, machine }));
}
