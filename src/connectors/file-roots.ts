/** Where the connectors of a worker may read and write, if it was started with roots. */
import { realpath } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { MillraceError } from "../protocol/errors.ts";

/**
 * Links are followed first; of a path that is not there yet, those of the part that is.
 * @param roots folders; absent: everything the worker's user may touch
 * @throws MillraceError PATH_NOT_ALLOWED
 */
export async function checkFileRoots(
  path: string,
  roots: readonly string[] | undefined,
): Promise<void> {
  if (roots === undefined) return;
  const real = await realPart(resolve(path));
  for (const root of roots) {
    const way = relative(await realPart(resolve(root)), real);
    if (way !== ".." && !way.startsWith(`..${sep}`) && resolve(way) !== way) return;
  }
  const message = `Cannot use ${path}: it is not below a folder this worker's jobs may use`;
  const expected = `a path below ${roots.join(", ")}`;
  throw new MillraceError("PATH_NOT_ALLOWED", message, { field: "path", value: path, expected });
}

/** The path with its links followed, as far as it exists. */
async function realPart(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    const { code } = error as NodeJS.ErrnoException;
    if ((code !== "ENOENT" && code !== "ENOTDIR") || parent === path) throw error;
    return resolve(await realPart(parent), relative(parent, path));
  }
}
