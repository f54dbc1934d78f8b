/**
 * Loads what `millrace run` is given: a job spec (.json), or a module whose default export makes one.
 *
 *     // job.ts
 *     export default async function job({ env, bundle }) {
 *       const words = await bundle("./words.wasm");
 *       env.readTextFile("novel.txt").flatMap(words.operator("SplitWords")).print();
 *     }
 */
import { readFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { JobSpecInput } from "../plan/job-spec.ts";
import { Bundle } from "../plan/operator-handle.ts";
import { StreamExecutionEnvironment } from "../plan/stream-environment.ts";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";

/** A job and the bundles that have to be uploaded before it. */
export interface LoadedJob {
  readonly spec: JobSpecInput;
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

/** What a job module's default export is called with. */
export interface JobContext {
  readonly env: StreamExecutionEnvironment;
  /** A bundle file, its path relative to the job file. It is uploaded with the job. */
  bundle(path: string): Promise<Bundle>;
  /** A path relative to the job file, made absolute: workers have working folders of their own. */
  path(relative: string): string;
  /** Arguments behind `--`. */
  readonly args: readonly string[];
}

/**
 * Makes a job from a context: in its environment, or as a job spec that it returns (or promises). The
 * name defaults to the file's.
 */
export type JobFunction = (context: JobContext) => unknown;

/** @throws MillraceError JOB_FILE_INVALID, BUNDLE_* */
export async function loadJob(path: string, args: readonly string[]): Promise<LoadedJob> {
  const file = resolve(path);
  if (extname(file) === ".json") return { spec: readSpec(file), bundles: new Map() };
  const name = basename(file).replace(/\.[cm]?[jt]s$/, "");
  return makeJob(await importJob(file), args, { folder: dirname(file), name });
}

/**
 * Calls a job function.
 * @param place Folder of its relative paths, and the job's name where it gives none.
 */
export async function makeJob(
  make: JobFunction,
  args: readonly string[],
  place: { readonly folder: string; readonly name: string } = {
    folder: process.cwd(),
    name: make.name || "job",
  },
): Promise<LoadedJob> {
  const { folder, name } = place;
  const bundles = new Map<string, Uint8Array>();
  const env = new StreamExecutionEnvironment();
  const path = (relative: string) => resolve(folder, relative);
  const bundle = async (relative: string) => {
    const bytes = readInput(path(relative), "bundle");
    const info = inspectBundle(bytes);
    bundles.set(info.hash, bytes);
    return new Bundle(info.hash, info.manifest);
  };
  const made = await orJobFailed(name, async () => make({ env, bundle, path, args }));
  const spec = isSpec(made) ? made : env.toJobSpec(name);
  for (const [hash, bytes] of env.bundles()) bundles.set(hash, bytes);
  return { spec, bundles };
}

function isSpec(made: unknown): made is JobSpecInput {
  return typeof made === "object" && made !== null && "vertices" in made;
}

async function importJob(file: string): Promise<JobFunction> {
  readInput(file, "job");
  const module = await orJobFailed(file, () => import(pathToFileURL(file).href));
  if (typeof module.default === "function") return module.default;
  const message = `Cannot run ${file}: it has no default export that is a function`;
  throw new MillraceError("JOB_FILE_INVALID", message, {
    field: "default",
    value: typeof module.default,
    expected: "export default function job({ env, bundle }) { ... }",
  });
}

/** What the author's code throws becomes an error that names its line. */
async function orJobFailed<T>(job: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const place = placeOf(error);
    const message = `Cannot run ${job}: it threw ${error.name}: ${error.message}`;
    throw new MillraceError("JOB_FILE_FAILED", message, {
      ...(place === undefined ? {} : { field: "at", value: place }),
      cause: thrown,
    });
  }
}

/** `job.ts:12:5` of the innermost frame that is no package's and not Node's. */
function placeOf(error: Error): string | undefined {
  const own = fileURLToPath(new URL("../", import.meta.url));
  for (const [, url] of (error.stack ?? "").matchAll(
    /(?:\(|at |^)(file:\/\/[^\s)]+:\d+(?::\d+)?)/gm,
  )) {
    const [, file, position] = /^(file:.*?)((?::\d+)+)$/.exec(url!)!;
    const path = fileURLToPath(new URL(file!.replace(/\?.*$/, "")));
    if (!path.includes("node_modules") && !path.startsWith(own)) return path + position;
  }
  return undefined;
}

function readSpec(file: string): JobSpecInput {
  const text = new TextDecoder().decode(readInput(file, "job"));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MillraceError("JOB_FILE_INVALID", `Cannot run ${file}: it is not JSON`, { cause });
  }
}

function readInput(file: string, what: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new MillraceError("FILE_NOT_FOUND", `Cannot read ${what}: ${file} is not there`, {
      field: "path",
      value: file,
      cause,
    });
  }
}
