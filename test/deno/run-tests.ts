/** Run by Deno with import-map.json: `run-tests.ts FILE...`. The last line printed is JSON. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runTests } from "./vitest-in-deno.ts";

for (const file of process.argv.slice(2)) await import(pathToFileURL(resolve(file)).href);
console.log(JSON.stringify(await runTests()));
