/** Files that run on their own (threads, child processes), found from a checkout and from a package. */

/**
 * URL of the module `name` beside the caller's: `.ts` in a checkout, `.js` in a package, where the
 * sources are plain JavaScript (Node strips no types under node_modules).
 *
 *     new Worker(entryFile("./some-thread", import.meta.url));
 *
 * Files that are the same in both trees need no such care: `src/` and `dist/` lie equally deep, so
 * `new URL("../../build/builtin.wasm", import.meta.url)` is right in either.
 */
export function entryFile(name: string, importer: string): URL {
  const ending = importer.endsWith(".ts") ? ".ts" : ".js";
  return new URL(name + ending, importer);
}

/**
 * The same as code for `new Worker(code, { eval: true })`, behind the compile cache, which is of each
 * isolate: a file that is not in it loads the type stripper, which costs more than the rest of a thread.
 */
export function threadCode(name: string, importer: string): string {
  const entry = JSON.stringify(entryFile(name, importer).href);
  return `require("node:module").enableCompileCache?.(); import(${entry});`;
}
