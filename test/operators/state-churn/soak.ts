/**
 * `npm run soak:state -- [--updates N] [--seed N]`: so many changes of keyed state (default 100 M), with
 * texts that grow and shrink; the exit code is 1 if the memory grows once it is warm.
 */
import { parseArgs } from "node:util";
import { churn } from "./churn.ts";

const { values: options } = parseArgs({
  options: {
    updates: { type: "string", default: "100000000" },
    seed: { type: "string", default: "1" },
  },
});

function positive(option: "updates" | "seed"): number {
  const number = Number(options[option]);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`--${option}: ${options[option]} is not a positive whole number`);
  process.exit(2);
}

const started = performance.now();
const result = await churn({ updates: positive("updates"), keys: 5000, seed: positive("seed") });
const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
console.log(JSON.stringify({ soak: "state", ...result, seconds }));
process.exitCode = result.endPages === result.warmPages ? 0 : 1;
