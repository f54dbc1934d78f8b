/**
 * `npm run build:operators [-- NAME...] [--force]`: builds the engine's own bundle, that of the
 * simulated jobs and those of the examples into build/. A bundle whose inputs have not changed is left as it is.
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { operatorDescriptionSchema } from "../protocol/manifest.ts";
import type { BuildOptions } from "./compile.ts";
import { SDK_FOLDER } from "./sdk.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BUILD_FOLDER = join(ROOT, "build");
/** Name of the engine's own bundle, as job specs have it. */
const BUILTIN = "builtin";

interface Target {
  readonly name: string;
  /** Folder of the entry, index.ts. */
  readonly folder: string;
  /** Self-description of operators that the entry registers itself. */
  readonly registered?: string;
}

async function targets(): Promise<Target[]> {
  const folder = join(ROOT, "operators", BUILTIN, "assembly");
  const registered = join(ROOT, "operators", BUILTIN, "manifest.json");
  const simulated = join(ROOT, "operators", "sim", "assembly");
  const found: Target[] = [
    { name: BUILTIN, folder, registered },
    { name: "sim", folder: simulated },
  ];
  for (const name of (await readdir(join(ROOT, "examples"))).sort()) {
    const operators = join(ROOT, "examples", name, "operators");
    if (existsSync(join(operators, "index.ts"))) found.push({ name, folder: operators });
  }
  return found;
}

/** Hash of all that decides a bundle's bytes: its sources, the SDK, and the compiler. */
async function inputHash(target: Target): Promise<string> {
  const folders = [
    target.folder,
    SDK_FOLDER,
    join(ROOT, "src", "build"),
    join(ROOT, "src/protocol"),
  ];
  const files = [
    join(ROOT, "node_modules", "assemblyscript", "package.json"),
    ...(target.registered === undefined ? [] : [target.registered]),
  ];
  for (const folder of folders) {
    for (const name of (await readdir(folder, { recursive: true })).sort()) {
      if (name.endsWith(".ts")) files.push(join(folder, name));
    }
  }
  const hash = createHash("sha256");
  for (const file of files) {
    hash
      .update(`${relative(ROOT, file)}\0`)
      .update(await readFile(file))
      .update("\0");
  }
  return hash.digest("hex");
}

let announced = false;

async function build(target: Target, force: boolean): Promise<void> {
  const outFile = join(BUILD_FOLDER, `${target.name}.wasm`);
  const stampFile = `${outFile}.stamp`;
  const stamp = await inputHash(target);
  const built = existsSync(outFile) && existsSync(stampFile);
  if (!force && built && (await readFile(stampFile, "utf8")) === stamp) return;
  if (!announced) console.log("Compiling operators to WebAssembly; this is done once ...");
  announced = true;
  // The compiler takes 0.4 s to load, which a build that has nothing to do should not cost.
  const { buildBundle } = await import("./compile.ts");
  const started = performance.now();
  const { bytes, report } = await buildBundle(await optionsOf(target));
  for (const warning of report.warnings) console.error(`${target.name}: warning: ${warning}`);
  await mkdir(BUILD_FOLDER, { recursive: true });
  await replaceFile(outFile, bytes);
  await replaceFile(stampFile, stamp);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`built build/${target.name}.wasm: ${bytes.length} bytes, ${seconds} s`);
}

async function optionsOf(target: Target): Promise<BuildOptions> {
  const options = { entry: join(target.folder, "index.ts"), name: target.name };
  if (target.registered === undefined) return options;
  const { operators } = JSON.parse(await readFile(target.registered, "utf8"));
  return { ...options, registered: operatorDescriptionSchema.array().parse(operators) };
}

/** Several processes may build at once: each file appears whole. */
async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, content);
  await rename(draft, path);
}

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("--"));
const known = await targets();
for (const name of names) {
  if (known.some((target) => target.name === name)) continue;
  console.error(`no bundle ${name}; there are ${known.map((target) => target.name).join(", ")}`);
  process.exit(2);
}
try {
  for (const target of known) {
    if (names.length > 0 && !names.includes(target.name)) continue;
    await build(target, args.includes("--force"));
  }
} catch (thrown) {
  console.error(thrown instanceof Error && "code" in thrown ? thrown.message : thrown);
  process.exitCode = 1;
}
