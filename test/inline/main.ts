/**
 * `npm run differential -- --count 10000 --seed 7`: the differential test of one-file functions at
 * full length, compiled as jobs compile them.
 */
import { parseArgs } from "node:util";
import { allCases } from "./cases.ts";
import { runCases } from "./differential.ts";
import { runStateful, statefulCases } from "./stateful.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
  },
});
const cases = (await allCases()).filter((one) => one.name.includes(values.only));
const count = Number(values.count);
const seed = Number(values.seed);
console.log(`${cases.length} functions, ${count} rows each, seed ${seed}`);
const found = cases.length === 0 ? [] : await runCases(cases, { count, seed, optimize: "speed" });
const stateful = (await statefulCases()).filter((one) => one.name.includes(values.only));
if (stateful.length > 0) {
  console.log(`${stateful.length} functions with state`);
  found.push(...(await runStateful(stateful, { count, seed, optimize: "speed" })));
}
for (const text of found) console.log(text);
console.log(found.length === 0 ? "all equal" : `${found.length} differences`);
process.exitCode = found.length === 0 ? 0 : 1;
