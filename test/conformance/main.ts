/**
 * `npm run conformance -- [--dir DIR] [--kind K] [--case ID] [--json]`: cases recorded from Flink
 * against the engine's own code. Ends `N passed, N failed`; the exit code says whether all passed.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { judgeAll } from "./conformance.ts";
import { conformanceFolder, readCases, type Verdict } from "./conformance-case.ts";

const HELP = `Judges cases recorded from Apache Flink by the engine's own code.

npm run conformance -- [options]
  --dir DIR    folder of *.jsonl files (default: MILLRACE_SHARED/conformance, else
               ../shared/conformance)
  --kind KIND  only this kind: async, cep, join, keygroup, partition, process, restart,
               watermark, window
  --case ID    only the case of this id
  --json       a line of JSON for each case: {id, kind, outcome, detail}
  --help       this text

Outcomes: passed; failed, with the first entry that differs; unspoken (the engine does not have it
yet); informative (Flink loses data by a defect). Only the first two are counted in the last line.
Exit code: 0 all passed, 1 some failed, 2 no such case or wrong usage.

Example: npm run conformance -- --kind window --json`;

const options = readOptions();

const folder = options.dir ?? conformanceFolder();
if (!existsSync(folder)) {
  console.error(`No conformance cases at ${folder}: say where with --dir DIR.`);
  process.exit(2);
}
const cases = readCases(folder).filter(
  (one) =>
    (options.kind === undefined || one.kind === options.kind) &&
    (options.case === undefined || one.id === options.case),
);
if (cases.length === 0) {
  const asked = [options.kind, options.case].filter((word) => word !== undefined).join(", ");
  console.error(`No conformance case matches ${asked || "*.jsonl"} in ${folder}.`);
  process.exit(2);
}
const verdicts = await judgeAll(cases);
const count = (outcome: Verdict["outcome"]): number =>
  verdicts.filter((verdict) => verdict.outcome === outcome).length;

if (options.json) {
  for (const verdict of verdicts) console.log(JSON.stringify(verdict));
} else {
  for (const verdict of verdicts) {
    if (verdict.outcome === "failed") console.log(`FAILED ${verdict.id}: ${verdict.detail}`);
  }
  printUnspoken();
  if (count("informative") > 0) console.log(`informative, not judged: ${count("informative")}`);
}
console.log(`${count("passed")} passed, ${count("failed")} failed`);
process.exitCode = count("failed") === 0 ? 0 : 1;

/** The options given; ends the process where they are wrong, or only ask for help. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        dir: { type: "string" },
        kind: { type: "string" },
        case: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (!values.help) return values;
    console.log(HELP);
    process.exit(0);
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : thrown}\n\n${HELP}`);
    process.exit(2);
  }
}

/** What has no answer yet counts neither as passed nor as failed. */
function printUnspoken(): void {
  const reasons = new Map<string, number>();
  for (const { outcome, kind, detail } of verdicts) {
    if (outcome !== "unspoken") continue;
    const reason = detail?.startsWith("kind ") ? kind : `${kind}, ${detail}`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  if (reasons.size === 0) return;
  console.log(`not yet spoken: ${count("unspoken")}`);
  for (const [reason, number] of reasons) console.log(`  ${reason}: ${number}`);
}
