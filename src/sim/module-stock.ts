/** The bundles that simulated workers run: those of `npm run build:operators`, compiled once. */
import { readFileSync } from "node:fs";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../protocol/limits.ts";
import type { Manifest } from "../protocol/manifest.ts";
import type { LoadedModule } from "../taskmanager/module-instance.ts";

const BUILD = new URL("../../build/", import.meta.url);

/** Compiled bundles by content hash; the built-in one is "builtin". */
export class ModuleStock {
  readonly #modules = new Map<string, LoadedModule>();
  readonly wordCount: string;
  /** Those of operators/sim. */
  readonly keyedFunctions: string;

  /** @throws MillraceError BUILTIN_MISSING */
  constructor() {
    this.#load("builtin.wasm", "builtin");
    this.wordCount = this.#load("word-count.wasm");
    this.keyedFunctions = this.#load("sim.wasm");
  }

  get(hash: string): LoadedModule | undefined {
    return this.#modules.get(hash);
  }

  manifestOf(hash: string): Manifest | undefined {
    return this.#modules.get(hash)?.manifest;
  }

  #load(file: string, name?: string): string {
    const path = new URL(file, BUILD);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(readFileSync(path));
    } catch (cause) {
      const message = `Cannot load ${file}: ${(cause as Error).message}`;
      const expected = "npm run build:operators";
      throw new MillraceError("BUILTIN_MISSING", message, { value: file, expected, cause });
    }
    const { manifest, hash: contentHash } = inspectBundle(bytes, MODULE_MEMORY_MAX_PAGES);
    const hash = name ?? contentHash;
    this.#modules.set(hash, { hash, module: new WebAssembly.Module(bytes), manifest });
    return hash;
  }
}
