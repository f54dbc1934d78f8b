/**
 * Parses uploaded bundles where it can be killed: each in a thread of its own with a bounded heap
 * and a time limit. The module is never instantiated.
 */
import { Worker } from "node:worker_threads";
import type { BundleInfo } from "../protocol/bundle/inspect.ts";
import { threadCode } from "../protocol/entry-file.ts";
import { type ErrorBody, errorFromBody, MillraceError } from "../protocol/errors.ts";
import { BUNDLE_PARSE_TIMEOUT_MS } from "../protocol/limits.ts";

/** What the thread answers. */
export type InspectionResult = { readonly info: BundleInfo } | { readonly error: ErrorBody };

const BOOT = threadCode("./bundle-inspector-thread", import.meta.url);

/** Heap of the parser, MiB: the largest bundle, its unpacked sources and room to work. */
const PARSER_HEAP_MIB = 256;

/**
 * Inspects a bundle file.
 * @throws MillraceError a BUNDLE_* code; BUNDLE_PARSE_TIMEOUT, BUNDLE_PARSE_FAILED if the parser
 * had to be killed or died
 */
export async function inspectInThread(
  path: string,
  budgetPages: number,
  timeoutMs: number = BUNDLE_PARSE_TIMEOUT_MS,
): Promise<BundleInfo> {
  const thread = new Worker(BOOT, {
    eval: true,
    workerData: { path, budgetPages },
    resourceLimits: { maxOldGenerationSizeMb: PARSER_HEAP_MIB },
    stdin: false,
    env: {},
  });
  const { promise, resolve, reject } = Promise.withResolvers<InspectionResult>();
  const timer = setTimeout(() => {
    const message = `Cannot accept bundle: parsing it took more than ${timeoutMs} ms`;
    reject(new MillraceError("BUNDLE_PARSE_TIMEOUT", message));
  }, timeoutMs);
  thread.once("message", resolve);
  thread.once("error", (cause) => reject(parserDied(cause)));
  thread.once("exit", (code) => reject(parserDied(new Error(`exit code ${code}`))));
  try {
    const result = await promise;
    if ("info" in result) return result.info;
    throw errorFromBody(result.error);
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}

function parserDied(cause: unknown): MillraceError {
  const message = "Cannot accept bundle: its parser died";
  return new MillraceError("BUNDLE_PARSE_FAILED", message, { cause });
}
