/**
 * Compiled bundles of a worker: fetched from the JobManager by content hash, verified, bounded in
 * memory, compiled once and shared by all slots (a WebAssembly.Module is posted, not copied).
 */
import { readFile } from "node:fs/promises";
import { request as requestHttps } from "node:https";
import { MillraceError } from "../protocol/errors.ts";
import { BUNDLE_MAX_BYTES, HEARTBEAT_TIMEOUT_MS, MODULE_CACHE_MAX } from "../protocol/limits.ts";
import { http } from "../protocol/node-http.ts";
import { compileBundle } from "./compile-bundle.ts";
import type { LoadedModule } from "./module-instance.ts";

/** Name of the engine's own bundle, which is not uploaded. */
export const BUILTIN_BUNDLE = "builtin";

export interface ModuleCacheOptions {
  /** http:// or https:// address of the JobManager. */
  readonly jobManager: string;
  readonly token: string;
  /** Certificate authority of the JobManager, PEM. */
  readonly ca?: string | undefined;
  /** Longest silence of the JobManager in a download, ms. */
  readonly silenceMs?: number | undefined;
  /** File of the built-in bundle. */
  readonly builtinPath?: string | undefined;
}

const BUILTIN_PATH = new URL("../../build/builtin.wasm", import.meta.url);

/** The cache. */
export class ModuleCache {
  readonly #options: ModuleCacheOptions;
  /** By hash, memory maximum and whether rows are undone, least recently used first. */
  readonly #modules = new Map<string, Promise<LoadedModule>>();

  constructor(options: ModuleCacheOptions) {
    this.#options = options;
  }

  /**
   * A compiled bundle whose memory cannot grow beyond `maxPages`.
   * @param undoes whether it has to undo rows, see compile-bundle.ts
   * @throws MillraceError MODULE_FETCH_FAILED, MODULE_HASH_MISMATCH, BUILTIN_MISSING, BUNDLE_*
   */
  get(hash: string, maxPages: number, undoes = false): Promise<LoadedModule> {
    const key = `${hash}/${maxPages}/${undoes}`;
    const known = this.#modules.get(key);
    const loading = known ?? this.#load(hash, maxPages, undoes);
    this.#modules.delete(key);
    this.#modules.set(key, loading);
    // A failure is not kept: the next deployment tries again.
    if (known === undefined) loading.catch(() => this.#modules.delete(key));
    if (this.#modules.size > MODULE_CACHE_MAX) {
      const [oldest] = this.#modules.keys();
      if (oldest !== undefined) this.#modules.delete(oldest);
    }
    return loading;
  }

  async #load(hash: string, maxPages: number, undoes: boolean): Promise<LoadedModule> {
    const builtin = hash === BUILTIN_BUNDLE;
    const bytes = builtin ? await this.#builtin() : await this.#download(hash);
    const loaded = await compileBundle(bytes, maxPages, undoes);
    if (!builtin && loaded.hash !== hash) {
      const message = `Cannot use module ${hash}: what came has another content`;
      throw new MillraceError("MODULE_HASH_MISMATCH", message, {
        value: loaded.hash,
        expected: hash,
      });
    }
    return { ...loaded, hash };
  }

  async #builtin(): Promise<Uint8Array> {
    const path = this.#options.builtinPath ?? BUILTIN_PATH;
    try {
      return await readFile(path);
    } catch (cause) {
      const message = `Cannot load the built-in operators: ${(cause as Error).message}`;
      const expected = "npm run build:operators";
      throw new MillraceError("BUILTIN_MISSING", message, { value: String(path), expected, cause });
    }
  }

  #download(hash: string): Promise<Uint8Array> {
    const { jobManager, token, ca } = this.#options;
    const url = new URL(`/v1/bundles/${hash}/download`, jobManager);
    const headers = { authorization: `Bearer ${token}` };
    const failed = (state: string, cause?: unknown) => {
      const message = `Cannot fetch module ${hash}: ${state}`;
      return new MillraceError("MODULE_FETCH_FAILED", message, { value: hash, cause });
    };
    return new Promise((resolve, reject) => {
      const send = url.protocol === "https:" ? requestHttps : http.request;
      const call = send(url, { headers, ...(ca === undefined ? {} : { ca }) }, (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > BUNDLE_MAX_BYTES) call.destroy(new Error(`above ${BUNDLE_MAX_BYTES} bytes`));
          else chunks.push(chunk);
        });
        response.on("error", (cause) => reject(failed(cause.message, cause)));
        response.on("end", () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks));
          else reject(failed(`the JobManager answered ${response.statusCode}`));
        });
      });
      call.on("error", (cause) => reject(failed(cause.message, cause)));
      // A call that a broken network swallowed would keep every later job of this module waiting.
      const silenceMs = this.#options.silenceMs ?? HEARTBEAT_TIMEOUT_MS;
      call.setTimeout(silenceMs, () => call.destroy(new Error(`no byte for ${silenceMs} ms`)));
      call.end();
    });
  }
}
