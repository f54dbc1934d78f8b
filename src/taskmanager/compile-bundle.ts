/** A bundle as a module that can be instantiated: judged, bounded in memory, and able to undo rows where that is wanted. */
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { imposeMemoryMaximum } from "../protocol/bundle/memory-limit.ts";
import { addUndoLog, saysRows } from "../protocol/bundle/undo/undo-log.ts";
import type { LoadedModule } from "./module-instance.ts";

/**
 * Compiles a bundle.
 * @param maxPages memory that it may have, pages of 64 KiB
 * @param undoes an operator of it goes on behind a row whose code has failed. A bundle that does not say when a row begins (it
 *   was not built with the SDK) is left as it is: what fails there fails the task
 * @throws MillraceError BUNDLE_*
 */
export async function compileBundle(
  bytes: Uint8Array,
  maxPages: number,
  undoes: boolean,
): Promise<LoadedModule> {
  const { hash, manifest } = inspectBundle(bytes, maxPages);
  const bounded = imposeMemoryMaximum(bytes, maxPages);
  const undoing = undoes && saysRows(bounded);
  const code = undoing ? addUndoLog(bounded) : bounded;
  const module = await WebAssembly.compile(code as Uint8Array<ArrayBuffer>);
  return { hash, module, manifest, codeShift: bounded.length - bytes.length, undoes: undoing };
}
