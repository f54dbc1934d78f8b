/** An author's source files: the entry and what it imports, read from its folder. */
import { readFile } from "node:fs/promises";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { MillraceError } from "../protocol/errors.ts";
import { MAX_NESTING } from "./nesting.ts";
import type { BuildProblem } from "./problem.ts";
import { MATH_NAME, SDK_FOLDER, SDK_NAME } from "./sdk.ts";
import {
  type ClassSyntax,
  type LinkSyntax,
  parseSource,
  placeIn,
  type SourceFile,
} from "./syntax.ts";

/** Re-exports followed from one file to the next, against circles. */
const MAX_LINKS = 16;

/** The files of one bundle. Paths are relative to the entry's folder, with slashes. */
export class SourceTree {
  readonly folder: string;
  readonly entry: string;
  readonly files: ReadonlyMap<string, SourceFile>;

  constructor(folder: string, entry: string, files: ReadonlyMap<string, SourceFile>) {
    this.folder = folder;
    this.entry = entry;
    this.files = files;
  }

  /** The class that a name means in a file: declared there, or imported. */
  findClass(file: SourceFile, name: string, links = 0): ClassSyntax | undefined {
    const own = file.classes.find((c) => c.name === name);
    if (own !== undefined || links > MAX_LINKS) return own;
    for (const link of file.links) {
      const target = this.target(file, link);
      if (target === undefined) continue;
      const named = link.names?.find((n) => n.local === name);
      const foreign = named?.foreign ?? (link.names === undefined && link.isExport ? name : "");
      const found = foreign === "" ? undefined : this.findClass(target, foreign, links + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Whether the base class of `operator` is the SDK's class `name`. */
  isSdkName(operator: ClassSyntax, name: string): boolean {
    for (const link of operator.file.links) {
      const named = link.names?.find((n) => n.local === operator.base?.name);
      if (named === undefined || link.isExport) continue;
      return named.foreign === name && this.isSdk(operator.file, link);
    }
    return false;
  }

  /** Whether a link leads into the SDK; files of the engine name it by a relative path. */
  isSdk(file: SourceFile, link: LinkSyntax): boolean {
    return sdkImport(this.folder, file.path, link.path) !== undefined;
  }

  private target(file: SourceFile, link: LinkSyntax): SourceFile | undefined {
    const path = joined(file.path, link.path);
    return this.files.get(`${path}.ts`) ?? this.files.get(`${path}/index.ts`);
  }
}

/**
 * Reads the entry and all it imports.
 * @param entry Path of the entry file.
 * @throws MillraceError BUNDLE_ENTRY_NOT_FOUND
 */
export async function readSourceTree(entry: string, problems: BuildProblem[]): Promise<SourceTree> {
  const folder = dirname(resolve(entry));
  const first = basename(entry);
  const files = new Map<string, SourceFile>();
  const waiting = [first];
  while (waiting.length > 0) {
    const path = waiting.shift()!;
    if (files.has(path)) continue;
    const text = await readText(resolve(folder, path));
    if (text === undefined) {
      if (path !== first) continue;
      throw new MillraceError("BUNDLE_ENTRY_NOT_FOUND", `Cannot build bundle: no file ${entry}`, {
        field: "entry",
        value: entry,
        expected: "an AssemblyScript file (.ts)",
      });
    }
    const file = parseSource(path, text);
    files.set(path, file);
    if (file.tooDeepAt !== undefined) {
      problems.push({
        place: placeIn(file, file.tooDeepAt),
        message: `an expression nested more than ${MAX_NESTING} deep`,
        remedy: "Compute it in steps, with variables or a loop.",
      });
    }
    for (const link of file.links) {
      if (!link.path.startsWith(".") || sdkImport(folder, path, link.path) !== undefined) continue;
      const target = joined(path, link.path);
      if (target.startsWith("../")) {
        problems.push({
          place: placeIn(file, link.pathStart),
          message: `${link.path} lies outside the bundle's folder`,
          remedy: `Move it under the folder of ${first}: a bundle carries its own sources.`,
        });
      } else waiting.push(`${target}.ts`, `${target}/index.ts`);
    }
  }
  return new SourceTree(folder, first, files);
}

/** The SDK's name of an import that leads into its folder: `millrace/sdk/row`. */
export function sdkImport(folder: string, file: string, path: string): string | undefined {
  if (path === MATH_NAME) return `${SDK_NAME}/math`;
  if (path === SDK_NAME || path.startsWith(`${SDK_NAME}/`)) return path;
  if (!path.startsWith(".")) return undefined;
  const target = resolve(folder, dirname(file), path);
  if (!(target + sep).startsWith(SDK_FOLDER)) return undefined;
  return [SDK_NAME, ...relative(SDK_FOLDER, target).split(sep)].join("/");
}

/** A file's text, or undefined if there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw cause;
  }
}

/** A relative import, seen from the bundle's folder; `../x` where it leads out. */
function joined(file: string, path: string): string {
  const parts = [...file.split("/").slice(0, -1)];
  for (const part of path.replace(/\.ts$/, "").split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}
