/** How another project can depend on this very Millrace: as npm recorded it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url)).replace(/[/\\]$/, "");

/**
 * The text for a package.json's `dependencies`: a version of the registry, the tarball or the git
 * commit that it was installed from, or the folder of a checkout. Never a path into node_modules.
 */
export function ownDependency(root: string = ROOT): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const modules = dirname(root);
  const installed = root.split(sep).includes("node_modules");
  if (!installed) return `file:${root}`;
  const recorded = recordedSource(modules);
  return recorded ?? `^${version}`;
}

interface LockEntry {
  readonly resolved?: string;
  readonly link?: boolean;
}

/** What npm wrote beside the installed packages; undefined: a version of the registry. */
function recordedSource(modules: string): string | undefined {
  const project = dirname(modules);
  for (const lock of [join(modules, ".package-lock.json"), join(project, "package-lock.json")]) {
    if (!existsSync(lock)) continue;
    const { packages = {} } = JSON.parse(readFileSync(lock, "utf8")) as {
      packages?: Record<string, LockEntry>;
    };
    const resolved = packages["node_modules/millrace"]?.resolved;
    if (resolved === undefined) continue;
    if (resolved.startsWith("file:")) return `file:${resolve(project, resolved.slice(5))}`;
    if (/^git(\+|:)/.test(resolved)) return resolved;
    // A registry's tarballs end like this; any other address stays as it is.
    return /\/millrace\/-\/millrace-[^/]+\.tgz$/.test(resolved) ? undefined : resolved;
  }
  return undefined;
}
