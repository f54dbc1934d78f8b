/** Runs what is the author's, so that what it throws names the author's file and line. */
import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MillraceError } from "../protocol/errors.ts";

/**
 * @param file The job file.
 * @throws MillraceError JOB_FILE_INVALID at FILE:LINE; a MillraceError goes through as it is
 */
export async function inAuthorsCode<T>(file: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const place = placeOf(file, thrown);
    const expected = "a .ts or .js file whose default export makes a job, or a job spec (.json)";
    throw new MillraceError("JOB_FILE_INVALID", `Cannot run ${place ?? file}: ${reason}`, {
      ...(place === undefined ? { field: "job", value: file, expected } : {}),
      cause: thrown,
    });
  }
}

/**
 * `FILE:LINE` of the innermost line of a stack that is the author's, in the job file or in what it
 * imports; else of what does not parse in the job file.
 */
function placeOf(file: string, thrown: unknown): string | undefined {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  const place = authorsLine(stack);
  if (place !== undefined) return place;
  if (!(thrown instanceof SyntaxError)) return undefined;
  // The stack of a module that does not parse says nothing of it; Node's own check does.
  const { stderr } = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
  const line = lineAfter(stderr, pathToFileURL(file).href) ?? lineAfter(stderr, file);
  return line === undefined ? undefined : `${file}:${line}`;
}

/** The first frame that is neither Node's, nor a package's, nor Millrace's own. */
function authorsLine(stack: string): string | undefined {
  const own = fileURLToPath(new URL("../", import.meta.url));
  for (const [, url, line] of stack.matchAll(
    /(?:\(|at |^)(file:\/\/[^\s)]+?):(\d+)(?::\d+)?\)?$/gm,
  )) {
    const path = fileURLToPath(url!.replace(/\?.*$/, ""));
    if (!path.includes("node_modules") && !path.startsWith(own)) return `${path}:${line}`;
  }
  return undefined;
}

function lineAfter(text: string, place: string): string | undefined {
  return text.split(`${place}:`)[1]?.match(/^\d+/)?.[0];
}
