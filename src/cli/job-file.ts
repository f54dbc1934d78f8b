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
import type { JobSpecInput } from "../plan/job-spec.ts";
import { Bundle } from "../plan/operator-handle.ts";
import { StreamExecutionEnvironment } from "../plan/stream-environment.ts";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import { inAuthorsCode } from "./authors-code.ts";
import { compileFunctions } from "./inline-functions.ts";
import { offerOwnPackage } from "./own-package.ts";

/** A job and the bundles that have to be uploaded before it. */
export interface LoadedJob {
  readonly spec: JobSpecInput;
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  /** Places of one-file functions that are linear in text that is not ASCII. */
  readonly linear?: readonly string[];
}

/** What a job module's default export is called with. */
export interface JobContext {
  /** Where the job's streams begin. */
  readonly env: StreamExecutionEnvironment;
  /** A bundle file, its path relative to the job file. It is uploaded with the job. */
  bundle(path: string): Promise<Bundle>;
  /** A path relative to the job file, made absolute: workers have working folders of their own. */
  path(relative: string): string;
  /** Arguments behind the job file, all of them text. */
  readonly args: readonly string[];
}

/**
 * Makes a job from a context: in its environment, or as a job spec that it returns (or promises).
 * Its name defaults to the file's, or to the folder's of a file job.ts or index.ts.
 */
export type JobFunction = (context: JobContext) => unknown;

/** @throws MillraceError JOB_FILE_INVALID, BUNDLE_*, INLINE_* */
export async function loadJob(job: string, args: readonly string[]): Promise<LoadedJob> {
  const file = resolve(job);
  if (extname(file) === ".json") return { spec: readSpec(file), bundles: new Map() };
  const make = await importJob(file);
  // Functions are compiled with what they say: nobody changes them.
  const known = Object.freeze([...args]);
  const bundles = new Map<string, Uint8Array>();
  const env = new StreamExecutionEnvironment();
  const path = (relative: string) => resolve(dirname(file), relative);
  const bundle = async (relative: string) => {
    const bytes = readInput(path(relative), "bundle");
    const info = inspectBundle(bytes);
    bundles.set(info.hash, bytes);
    return new Bundle(info.hash, info.manifest);
  };
  const made = await inAuthorsCode(file, async () => make({ env, bundle, path, args: known }));
  const inline = isSpec(made) ? undefined : await compileFunctions(env, known);
  const spec = isSpec(made) ? made : env.toJobSpec(nameOf(file));
  for (const [hash, bytes] of env.bundles()) bundles.set(hash, bytes);
  return { spec, bundles, linear: inline?.linear ?? [] };
}

/** A file's name without its ending; its folder's, where the file is just called job or index. */
function nameOf(file: string): string {
  const name = basename(file).replace(/\.[cm]?[jt]s$/, "");
  return name === "job" || name === "index" ? basename(dirname(file)) : name;
}

function isSpec(made: unknown): made is JobSpecInput {
  return typeof made === "object" && made !== null && "vertices" in made;
}

async function importJob(file: string): Promise<JobFunction> {
  readInput(file, "job");
  offerOwnPackage();
  const module = await inAuthorsCode(file, () => import(pathToFileURL(file).href));
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
    const reason = (cause as Error).message;
    throw new MillraceError("JOB_FILE_INVALID", `Cannot run ${file}: it is not JSON: ${reason}`, {
      field: "job",
      value: file,
      expected: "a job spec (docs/job-spec.md)",
      cause,
    });
  }
}

function readInput(file: string, what: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new MillraceError("FILE_NOT_FOUND", `Cannot read ${what}: ${file} is not there`, {
      field: "path",
      value: file,
      expected:
        what === "bundle"
          ? "what `millrace build` wrote (for the examples: `npm run build:operators`)"
          : "a job file, its path from the present folder",
      cause,
    });
  }
}
