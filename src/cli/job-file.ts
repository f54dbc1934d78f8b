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
import { pathToFileURL } from "node:url";
import type { InlineBundle } from "../plan/inline-operator.ts";
import type { JobSpecInput } from "../plan/job-spec.ts";
import { Bundle } from "../plan/operator-handle.ts";
import { StreamExecutionEnvironment } from "../plan/stream-environment.ts";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";

/** A job and the bundles that have to be uploaded before it. */
export interface LoadedJob {
  readonly spec: JobSpecInput;
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  /** Places of one-file functions that are linear in text that is not ASCII. */
  readonly linear?: readonly string[];
}

/** What a job module's default export is called with. */
export interface JobContext {
  readonly env: StreamExecutionEnvironment;
  /** A bundle file, its path relative to the job file. It is uploaded with the job. */
  bundle(path: string): Promise<Bundle>;
  /** Arguments behind `--`. */
  readonly args: readonly string[];
}

/** Makes a job from a context; the name defaults to the file's. */
export type JobFunction = (
  context: JobContext,
) => JobSpecInput | undefined | Promise<JobSpecInput | undefined>;

/** @throws MillraceError JOB_FILE_INVALID, BUNDLE_*, INLINE_* */
export async function loadJob(path: string, args: readonly string[]): Promise<LoadedJob> {
  const file = resolve(path);
  if (extname(file) === ".json") return { spec: readSpec(file), bundles: new Map() };
  const bundles = new Map<string, Uint8Array>();
  const env = new StreamExecutionEnvironment();
  const make = await importJob(file);
  const bundle = async (relative: string) => {
    const bytes = readInput(resolve(dirname(file), relative), "bundle");
    const info = inspectBundle(bytes);
    bundles.set(info.hash, bytes);
    return new Bundle(info.hash, info.manifest);
  };
  const made = await make({ env, bundle, args });
  const name = basename(file).replace(/\.[cm]?[jt]s$/, "");
  if (isSpec(made)) return { spec: made, bundles };
  const inline = await compileInline(env);
  if (inline !== undefined) bundles.set(inline.hash, inline.bytes);
  return { spec: env.toJobSpec(name), bundles, linear: inline?.linear ?? [] };
}

/** Compiles functions of the job file; the compiler is loaded only where there are some. */
async function compileInline(env: StreamExecutionEnvironment): Promise<InlineBundle | undefined> {
  if (!env.hasInline()) return undefined;
  const { inlineCompiler } = await import("./inline-compiler.ts");
  return env.compileInline(inlineCompiler());
}

function isSpec(made: unknown): made is JobSpecInput {
  return typeof made === "object" && made !== null && "vertices" in made;
}

async function importJob(file: string): Promise<JobFunction> {
  readInput(file, "job");
  const module = await import(pathToFileURL(file).href);
  if (typeof module.default === "function") return module.default;
  const message = `Cannot run ${file}: it has no default export that is a function`;
  throw new MillraceError("JOB_FILE_INVALID", message, {
    field: "default",
    value: typeof module.default,
    expected: "export default function job({ env, bundle }) { ... }",
  });
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
