/**
 * Makes `import "binaryen"` fast. The package is one JavaScript file of 13 MB, most of it the
 * WebAssembly module as a template literal: scanning and decoding that takes 0.35 s of each process
 * that compiles. So the module is unpacked once, into `node_modules/.cache/millrace` beside the
 * package, and that copy is imported from then on.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";

const PACKAGE = "binaryen";
const WASM_FILE = "binaryen.wasm";
/** How the literal begins: the magic number of WebAssembly. */
const LITERAL_START = "`\\0asm";
/** Places that cannot be written: the package is imported as it is there. */
const NOT_WRITABLE = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC"]);

/** Leads imports of binaryen in this thread to the unpacked copy, where there is one. */
export function useUnpackedBinaryen(): void {
  // Deno and Node before 22.15 have no such hooks.
  if (typeof module.registerHooks !== "function") return;
  const copy = unpackedCopy();
  if (copy === undefined) return;
  const url = pathToFileURL(copy).href;
  module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === PACKAGE ? { url, shortCircuit: true } : next(specifier, context),
  });
}

/** Path of the copy's entry, made now if it is not there yet; undefined: none can be made. */
function unpackedCopy(): string | undefined {
  const source = packageFile();
  if (source === undefined) return undefined;
  const { version } = JSON.parse(readFileSync(join(dirname(source), "package.json"), "utf8"));
  const folder = join(dirname(source), "..", ".cache", "millrace", `${PACKAGE}-${version}`);
  const entry = join(folder, "index.mjs");
  if (existsSync(entry)) return entry;
  const parts = unpacked(readFileSync(source, "utf8"));
  if (parts === undefined) return undefined;
  try {
    writeCopy(folder, parts);
  } catch (error) {
    if (NOT_WRITABLE.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  return entry;
}

/** The package that the compiler would import; undefined where none is installed. */
function packageFile(): string | undefined {
  try {
    const compiler = createRequire(import.meta.url).resolve("assemblyscript/package.json");
    return createRequire(compiler).resolve(PACKAGE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

export interface UnpackedModule {
  readonly script: string;
  readonly wasm: Uint8Array;
}

/**
 * Takes the WebAssembly module out of the script, which reads it from a file then.
 * @returns undefined where the script does not look as expected: another build of the package
 */
export function unpacked(text: string): UnpackedModule | undefined {
  const start = text.indexOf(LITERAL_START);
  if (start < 0) return undefined;
  const end = literalEnd(text, start);
  const call = /\w+\($/.exec(text.slice(Math.max(0, start - 40), start));
  if (call === null || end === undefined || text[end] !== ")") return undefined;
  const wasm = Buffer.from(runInThisContext(text.slice(start, end)) as string, "latin1");
  const script = [
    'import { readFileSync as __readFile } from "node:fs";\n',
    text.slice(0, start - call[0].length),
    `__readFile(new URL("./${WASM_FILE}", import.meta.url))`,
    text.slice(end + 1),
  ].join("");
  return { script, wasm };
}

/** Offset behind the closing backtick of the literal that begins at `start`. */
function literalEnd(text: string, start: number): number | undefined {
  for (let at = text.indexOf("`", start + 1); at >= 0; at = text.indexOf("`", at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return undefined;
}

/** Several processes may unpack at once: the folder appears whole. */
function writeCopy(folder: string, { script, wasm }: UnpackedModule): void {
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, WASM_FILE), wasm);
  writeFileSync(join(draft, "index.mjs"), script);
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}
