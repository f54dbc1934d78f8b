/** A failed operator as its author wants to see it in a test: the line, the row, no inner stack. */
import type { PlainRow } from "../embedded/plain-row.ts";
import { bundleSources } from "../protocol/bundle/inspect.ts";
import type { MillraceError } from "../protocol/errors.ts";
import { formatRows } from "./row-table.ts";

/**
 * Adds the author's line and the row that was being processed to the message, and lets the stack
 * begin at the test's own call.
 * @param bundle the bundle's bytes: it may carry its sources
 */
export function tellFailure(
  error: MillraceError,
  row: PlainRow | undefined,
  bundle: Uint8Array | undefined,
): void {
  const line = bundle === undefined ? undefined : sourceLine(error.message, bundle);
  if (line !== undefined) error.message += `\n${line}`;
  if (row !== undefined) error.message += `\nrow:\n${formatRows([row])}`;
  // Frames inside the module's host, and a cause that says the same with more of them.
  delete error.cause;
  const frames = (error.stack ?? "").split("\n").filter((frame) => /^\s+at /.test(frame));
  const own = frames.findLastIndex((frame) => frame.includes("OperatorTestHarness."));
  error.stack = [`${error.name}: ${error.message}`, ...frames.slice(own + 1)].join("\n");
}

/** The text of the line that the message names: `Operator X failed at index.ts:17: ...`. */
function sourceLine(message: string, bundle: Uint8Array): string | undefined {
  const [, file, line] = / failed at (.+?):(\d+): /.exec(message) ?? [];
  const bytes = file === undefined ? undefined : bundleSources(bundle).get(file);
  const text = new TextDecoder().decode(bytes).split("\n")[Number(line) - 1]?.trim();
  return text === undefined || text === "" ? undefined : `${line} | ${text}`;
}
