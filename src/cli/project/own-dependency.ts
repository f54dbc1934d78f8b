/** How another project can depend on this very Millrace: as npm recorded it. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { MillraceError } from "../../protocol/errors.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url)).replace(/[/\\]$/, "");

/**
 * The text for a package.json's `dependencies`: a version of the registry, the tarball or the git
 * commit that it was installed from, or the folder of a checkout. Never a path into node_modules.
 * @returns undefined where npm recorded nothing, as of a global install: a version of the registry
 *   would be a guess, and might be somebody else's package
 */
export function ownDependency(root: string = ROOT): string | undefined {
  const installed = root.split(sep).includes("node_modules");
  if (!installed) return `file:${root}`;
  const entry = recordedEntry(dirname(root));
  if (entry === undefined) return undefined;
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return sourceOf(entry, dirname(dirname(root))) ?? `^${version}`;
}

/**
 * Packs this Millrace again, as it is installed.
 * @param folder where to put the tarball; it exists
 * @returns the tarball's name
 * @throws MillraceError PROJECT_DEPENDENCY_UNKNOWN
 */
export function packSelf(folder: string, root: string = ROOT): string {
  // Its scripts made what it holds, and are not part of it.
  const args = ["pack", root, "--ignore-scripts", "--json", "--pack-destination", folder];
  const done = spawnSync("npm", args, { encoding: "utf8", shell: process.platform === "win32" });
  if (done.status === 0) return packedName(done.stdout);
  const reason = done.error?.message ?? done.stderr.trim().split("\n").at(-1);
  const message = `Cannot pack this Millrace for the project: ${reason}`;
  throw new MillraceError("PROJECT_DEPENDENCY_UNKNOWN", message, {
    field: "dependency",
    value: root,
    expected:
      "npm, which recorded nothing of this install; or --dependency VERSION, TARBALL or FOLDER",
    cause: done.error,
  });
}

/** npm answers a list, or since version 12 an object by package name. */
function packedName(json: string): string {
  const [packed] = Object.values(JSON.parse(json) as Record<string, { filename: string }>);
  return packed!.filename;
}

interface LockEntry {
  readonly resolved?: string;
}

/** What npm wrote beside the installed packages. */
function recordedEntry(modules: string): LockEntry | undefined {
  const project = dirname(modules);
  for (const lock of [join(modules, ".package-lock.json"), join(project, "package-lock.json")]) {
    if (!existsSync(lock)) continue;
    const { packages = {} } = JSON.parse(readFileSync(lock, "utf8")) as {
      packages?: Record<string, LockEntry>;
    };
    const entry = packages["node_modules/millrace"];
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** Undefined: a version of the registry. */
function sourceOf({ resolved }: LockEntry, project: string): string | undefined {
  if (resolved === undefined) return undefined;
  if (resolved.startsWith("file:")) return `file:${resolve(project, resolved.slice(5))}`;
  if (/^git(\+|:)/.test(resolved)) return resolved;
  // A registry's tarballs end like this; any other address stays as it is.
  return /\/millrace\/-\/millrace-[^/]+\.tgz$/.test(resolved) ? undefined : resolved;
}
