/**
 * `npm pack` runs this first: what a package needs beyond the sources. Node strips no types under
 * node_modules, so `src/` becomes plain ESM in `dist/` (declarations and source maps beside it); a
 * worker has no compiler, so the engine's own operators go in as `build/builtin.wasm`; an editor
 * cannot read AssemblyScript's own typing, so the SDK gets declarations in `dist/sdk/`.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = join(ROOT, "dist");
const SDK = join(DIST, "sdk");

function run(script: string, ...args: readonly string[]): void {
  const done = spawnSync(process.execPath, [join(ROOT, script), ...args], {
    cwd: ROOT,
    // Standard output is npm's: `npm pack --json` answers there.
    stdio: ["ignore", 2, 2],
  });
  if (done.status !== 0) throw new Error(`Cannot pack: ${script} ended with ${done.status}`);
}

/** tsc writes `./x.ts` into declarations; the package has `./x.js`. */
function pointDeclarationsAtJavaScript(): void {
  for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".d.ts")) continue;
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/((?:from |import\()"\.{1,2}\/[^"]*)\.ts"/g, '$1.js"'));
  }
}

function writeSdkDeclarations(): void {
  run("node_modules/typescript/bin/tsc", "-p", "operators/sdk/tsconfig.json");
  for (const name of ["row.d.ts", "decorators.d.ts"]) {
    copyFileSync(join(ROOT, "operators/sdk/editor", name), join(SDK, name));
  }
  const index = join(SDK, "index.d.ts");
  const reference = '/// <reference path="./decorators.d.ts" />\n';
  writeFileSync(index, reference + readFileSync(index, "utf8"));
}

rmSync(DIST, { recursive: true, force: true });
run("src/build/build-operators.ts", "builtin");
run("node_modules/typescript/bin/tsc", "-p", "tsconfig.package.json");
pointDeclarationsAtJavaScript();
writeSdkDeclarations();
