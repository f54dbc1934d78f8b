/** A bundle file as a job's handle module opens it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import { Bundle } from "./operator-handle.ts";

/**
 * Opens a bundle that `millrace build` wrote; jobs that use its operators upload it.
 *
 *     const bundle = openBundle(new URL("../build/words.wasm", import.meta.url));
 *     lines.flatMap(bundle.operator("SplitWords"));
 *
 * @throws MillraceError BUNDLE_NOT_BUILT, BUNDLE_*
 */
export function openBundle(file: URL | string): Bundle {
  const path = file instanceof URL ? fileURLToPath(file) : file;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new MillraceError("BUNDLE_NOT_BUILT", `Cannot open bundle: ${path} is not there`, {
      field: "bundle",
      value: path,
      expected: "the file that `millrace build` writes: run it first",
      cause,
    });
  }
  const info = inspectBundle(bytes);
  return new Bundle(info.hash, info.manifest, bytes);
}
