/**
 * `npm run streams -- [--kind K] [--count N] [--seed N]`: random streams of windows, sessions and joins through
 * the engine's operators, each against a naive model. Ends `N streams, all equal`, or with the smallest stream that differs.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { STREAM_KINDS } from "./stream-kinds.ts";

const HELP = `Compares the engine's windows and joins with naive models, over random streams.

npm run streams -- [options]
  --kind KIND  only these: ${Object.keys(STREAM_KINDS).join(", ")} (windows have sessions among them)
  --count N    how many streams of all kinds together (default 100000)
  --seed N     where randomness begins (default 1); the same seed gives the same streams
  --help       this text

Exit code: 0 all equal, 1 a stream differs (it is printed, as small as it gets), 2 wrong usage.`;

const { kind, count, seed } = readOptions();
const kinds = Object.entries(STREAM_KINDS).filter(([name]) => kind === undefined || name === kind);
const share = Math.ceil(count / kinds.length);
let failed = false;
for (const [name, open] of kinds) {
  const start = performance.now();
  const result = fc.check(await open(), { numRuns: share, seed });
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  console.log(`${name}: ${result.numRuns} streams, seed ${seed}, ${seconds} s`);
  if (!result.failed) continue;
  failed = true;
  console.log(fc.defaultReportMessage(result), result.errorInstance);
}
console.log(failed ? "a stream differs" : `${share * kinds.length} streams, all equal`);
process.exitCode = failed ? 1 : 0;

/** The options given; ends the process where they are wrong, or only ask for help. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        kind: { type: "string" },
        count: { type: "string", default: "100000" },
        seed: { type: "string", default: "1" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const numbers = { count: Number(values.count), seed: Number(values.seed) };
    const known = values.kind === undefined || Object.hasOwn(STREAM_KINDS, values.kind);
    if (known && numbers.count >= 1 && Number.isInteger(numbers.seed)) {
      return { kind: values.kind, ...numbers };
    }
    throw new Error("Expected a known kind, a count of at least 1 and a whole seed.");
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : thrown}\n\n${HELP}`);
    process.exit(2);
  }
}
