/**
 * Uploaded bundles on disk, by content hash. A name of the client's is never a path.
 *
 * `<hash>.wasm` appears by an atomic rename after it was received whole, flushed and accepted;
 * `<hash>.json` beside it holds what the inspection found and can be made again.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BundleInfo } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import { BUNDLE_MAX_BYTES, BUNDLE_UPLOADS_MAX, BUNDLES_MAX } from "../protocol/limits.ts";
import { type Manifest, manifestSchema } from "../protocol/manifest.ts";

/** A stored bundle. */
export interface StoredBundle {
  readonly hash: string;
  /** Wall clock, ms. */
  readonly uploadedAt: number;
  readonly info: BundleInfo;
}

/** Judges a bundle file without running it. */
export type BundleInspector = (path: string) => Promise<BundleInfo>;

const HASH = /^[0-9a-f]{64}$/;

/** The bundles of one JobManager. */
export class BundleStore {
  readonly #dir: string;
  readonly #inspect: BundleInspector;
  readonly #bundles = new Map<string, StoredBundle>();
  #uploads = 0;

  private constructor(dir: string, inspect: BundleInspector) {
    this.#dir = dir;
    this.#inspect = inspect;
  }

  /**
   * Opens the folder; what an interrupted upload left is removed.
   * @param refused a file there is no bundle any more (damaged, or of an older version): it stays
   *   where it is and is not listed. Default: the store does not open
   */
  static async open(
    dir: string,
    inspect: BundleInspector,
    refused: (hash: string, error: MillraceError) => void = (_, error) => {
      throw error;
    },
  ): Promise<BundleStore> {
    const store = new BundleStore(dir, inspect);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(dir).sort()) {
      if (name.endsWith(".tmp")) rmSync(join(dir, name), { force: true });
      const hash = name.replace(/\.wasm$/, "");
      if (!name.endsWith(".wasm") || !HASH.test(hash)) continue;
      try {
        await store.#load(hash);
      } catch (thrown) {
        if (!(thrown instanceof MillraceError)) throw thrown;
        refused(hash, thrown);
      }
    }
    return store;
  }

  list(): StoredBundle[] {
    return [...this.#bundles.values()].sort((a, b) => a.uploadedAt - b.uploadedAt);
  }

  has(hash: string): boolean {
    return this.#bundles.has(hash);
  }

  /** @throws MillraceError BUNDLE_NOT_FOUND */
  get(hash: string): StoredBundle {
    const bundle = this.#bundles.get(hash);
    if (bundle !== undefined) return bundle;
    throw new MillraceError("BUNDLE_NOT_FOUND", "Cannot find bundle: it was not uploaded here", {
      field: "bundle",
      value: hash,
      expected: "a hash of GET /v1/bundles",
    });
  }

  /** Self-description, if the bundle is here. */
  manifestOf(hash: string): Manifest | undefined {
    return this.#bundles.get(hash)?.info.manifest;
  }

  /** Path of the file to send. @throws MillraceError BUNDLE_NOT_FOUND */
  pathOf(hash: string): string {
    return this.#path(this.get(hash).hash, "wasm");
  }

  /**
   * Receives, judges and keeps a bundle. The same bytes twice are one bundle.
   * @throws MillraceError BUNDLE_TOO_LARGE, TOO_MANY_UPLOADS, TOO_MANY_BUNDLES, or a code of the
   * inspection; nothing of a refused bundle stays
   */
  async store(body: AsyncIterable<Uint8Array>): Promise<StoredBundle> {
    this.#checkRoom();
    this.#uploads += 1;
    const aside = join(this.#dir, `${randomUUID()}.tmp`);
    try {
      const hash = await receive(body, aside);
      const known = this.#bundles.get(hash);
      if (known !== undefined) return known;
      const info = await this.#inspect(aside);
      const bundle = { hash, uploadedAt: Date.now(), info };
      await this.#writeInfo(bundle);
      await rename(aside, this.#path(hash, "wasm"));
      this.#bundles.set(hash, bundle);
      return bundle;
    } finally {
      this.#uploads -= 1;
      await rm(aside, { force: true });
    }
  }

  /** @throws MillraceError BUNDLE_NOT_FOUND */
  async delete(hash: string): Promise<void> {
    this.get(hash);
    this.#bundles.delete(hash);
    await rm(this.#path(hash, "wasm"), { force: true });
    await rm(this.#path(hash, "json"), { force: true });
  }

  async #load(hash: string): Promise<void> {
    const bundle = this.#readInfo(hash) ?? {
      hash,
      uploadedAt: statSync(this.#path(hash, "wasm")).mtimeMs,
      info: await this.#inspect(this.#path(hash, "wasm")),
    };
    this.#bundles.set(hash, bundle);
  }

  /** Undefined where the file is absent, torn or of another version: the bundle is judged again. */
  #readInfo(hash: string): StoredBundle | undefined {
    let bundle: StoredBundle;
    try {
      bundle = JSON.parse(readFileSync(this.#path(hash, "json"), "utf8")) as StoredBundle;
    } catch (thrown) {
      const absent = (thrown as NodeJS.ErrnoException).code === "ENOENT";
      if (absent || thrown instanceof SyntaxError) return undefined;
      throw thrown;
    }
    const usable = bundle?.hash === hash && Number.isFinite(bundle.uploadedAt);
    return usable && manifestSchema.safeParse(bundle.info?.manifest).success ? bundle : undefined;
  }

  async #writeInfo(bundle: StoredBundle): Promise<void> {
    const aside = join(this.#dir, `${randomUUID()}.tmp`);
    await writeFile(aside, JSON.stringify(bundle), { mode: 0o600, flush: true });
    await rename(aside, this.#path(bundle.hash, "json"));
  }

  #path(hash: string, extension: "wasm" | "json"): string {
    return join(this.#dir, `${hash}.${extension}`);
  }

  #checkRoom(): void {
    if (this.#uploads >= BUNDLE_UPLOADS_MAX) {
      throw new MillraceError("TOO_MANY_UPLOADS", "Cannot take bundle: others are uploading", {
        value: this.#uploads,
        expected: `at most ${BUNDLE_UPLOADS_MAX} at once; try again`,
      });
    }
    if (this.#bundles.size >= BUNDLES_MAX) {
      throw new MillraceError("TOO_MANY_BUNDLES", "Cannot take bundle: the store is full", {
        value: this.#bundles.size,
        expected: `at most ${BUNDLES_MAX}; delete some`,
      });
    }
  }
}

/** Writes the body to a new file, flushed; gives its hash. */
async function receive(body: AsyncIterable<Uint8Array>, path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, "wx", 0o600);
  try {
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > BUNDLE_MAX_BYTES) throw tooLarge();
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

/** The error for a body past the limit. */
export function tooLarge(): MillraceError {
  return new MillraceError("BUNDLE_TOO_LARGE", "Cannot take bundle: it is too large", {
    field: "body",
    expected: `at most ${BUNDLE_MAX_BYTES} bytes`,
  });
}
