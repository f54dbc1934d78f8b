/**
 * `npm pack` runs this first: what a package needs beyond the sources. Node strips no types under
 * node_modules, so `src/` becomes plain ESM in `dist/` (declarations beside it; no source maps: they would name sources that are not in the package); a
 * worker has no compiler, so the engine's own operators go in as `build/builtin.wasm`; an editor
 * cannot read AssemblyScript's own typing, so the SDK gets declarations in `dist/sdk/`.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../package.json" with { type: "json" };

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

/** Modules that a package's user cannot import need no declarations: a worker carries them for nothing. */
function dropInnerDeclarations(): void {
  const exported = Object.values(packageJson.exports as Readonly<Record<string, object | string>>);
  const reached = new Set(
    exported.flatMap((entry) => {
      const types = typeof entry === "object" && "types" in entry ? String(entry.types) : "";
      return types.startsWith("./dist/") ? [join(ROOT, types)] : [];
    }),
  );
  // A set takes what is added while it is walked.
  for (const path of reached) {
    if (!existsSync(path)) continue;
    const imports = readFileSync(path, "utf8").matchAll(
      /(?:from |import ?\(?)"(\.{1,2}\/[^"]*)\.js"/g,
    );
    for (const [, name] of imports) reached.add(join(path, "..", `${name}.d.ts`));
  }
  for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && path.endsWith(".d.ts") && !reached.has(path)) rmSync(path);
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
dropInnerDeclarations();
writeSdkDeclarations();
