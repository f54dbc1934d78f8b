/**
 * The file source: text files, plain, gzip or zstd, cut into byte ranges where that is possible.
 *
 * Who reads the line across a cut (Hadoop's and Flink's rule): a split that does not start at byte
 * 0 begins in the middle of a line, and its operator skips to the first newline; in return every
 * split is read on past its end through the first newline at or behind it. So each line belongs to
 * one split, also where a cut falls exactly between two lines. The descriptor handed to the module is
 * `{"path", "start", "end", "size", "firstLine"?}`.
 */

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { MillraceError } from "../protocol/errors.ts";
import { SOURCE_CHUNK_BYTES } from "../protocol/limits.ts";
import {
  type SourcePiece,
  type SourceReader,
  type SubtaskContext,
  splitBytes,
} from "./connector.ts";
import { checkFileRoots } from "./file-roots.ts";
import {
  type FileSourceOptions,
  type FileSplit,
  fileChanged,
  fileError,
  fileSplits,
  newlinesBefore,
} from "./file-splits.ts";

const NEWLINE = 10;

/** Bytes of one split, chunk by chunk; the last chunk says so. */
type Chunks = AsyncGenerator<{ bytes: Uint8Array; last: boolean }, void>;

/** Reads the splits of one subtask, in the order of the list. */
export class FileSourceReader implements SourceReader {
  readonly #options: FileSourceOptions;
  readonly #context: SubtaskContext;
  #splits: FileSplit[] | undefined;
  #chunks: Chunks | undefined;

  constructor(options: FileSourceOptions, context: SubtaskContext) {
    this.#options = options;
    this.#context = context;
  }

  async next(): Promise<SourcePiece> {
    if (this.#chunks === undefined) return this.#nextSplit();
    const { value, done } = await this.#chunks.next();
    if (done) throw new Error("Assertion failed: read past the last chunk of a split");
    if (value.last) await this.close();
    return { type: "bytes", ...value };
  }

  /** Ends the generator of the split at hand, which closes its file. */
  async close(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    await chunks?.return();
  }

  async #nextSplit(): Promise<SourcePiece> {
    this.#splits ??= await this.#ownSplits();
    const split = this.#splits.shift();
    if (split === undefined) return { type: "finished" };
    this.#chunks = split.compression === "none" ? plainChunks(split) : inflatedChunks(split);
    const { path, start, end, size } = split;
    const known = { path, start, end, size };
    if (!this.#options.lineNumbers) return { type: "split", split: splitBytes(known) };
    const firstLine = await newlinesBefore(split);
    return { type: "split", split: splitBytes({ ...known, firstLine }) };
  }

  async #ownSplits(): Promise<FileSplit[]> {
    const { parallelism, subtask } = this.#context;
    await checkFileRoots(this.#options.path, this.#context.filesRoots);
    const all = await fileSplits(this.#options, parallelism);
    return all.filter((_, index) => index % parallelism === subtask);
  }
}

async function* plainChunks(split: FileSplit): Chunks {
  const { path, start, end, size } = split;
  try {
    await using file = await open(path, "r");
    let at = start;
    while (at < end) {
      const want = Math.min(SOURCE_CHUNK_BYTES, end - at);
      const bytes = await readAt(file, at, want);
      if (bytes.length === 0) throw fileChanged(path, at, size);
      at += bytes.length;
      yield { bytes, last: at === size };
    }
    if (size === 0) yield { bytes: new Uint8Array(0), last: true };
    while (at < size) {
      const bytes = await readAt(file, at, Math.min(SOURCE_CHUNK_BYTES, size - at));
      if (bytes.length === 0) throw fileChanged(path, at, size);
      const newline = bytes.indexOf(NEWLINE);
      at += bytes.length;
      const last = newline !== -1 || at === size;
      yield { bytes: newline === -1 ? bytes : bytes.subarray(0, newline + 1), last };
      if (last) return;
    }
  } catch (cause) {
    throw fileError(path, cause);
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  // A fresh buffer for each chunk: the one before may still wait in the task's queue.
  const buffer = Buffer.allocUnsafeSlow(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function* inflatedChunks(split: FileSplit): Chunks {
  const inflaterOf = split.compression === "gzip" ? createGunzip : createZstdDecompress;
  try {
    let at = 0;
    do {
      // One stream reads all members of a gzip file, but only the first frame of a zstd file.
      const inflater = inflaterOf({ chunkSize: SOURCE_CHUNK_BYTES });
      const raw = createReadStream(split.path, { start: at, highWaterMark: SOURCE_CHUNK_BYTES });
      raw.on("error", (error) => inflater.destroy(error));
      try {
        for await (const chunk of raw.pipe(inflater)) yield { bytes: chunk as Buffer, last: false };
      } finally {
        raw.destroy();
        inflater.destroy();
      }
      at += inflater.bytesWritten;
    } while (split.compression === "zstd" && at < split.size);
    yield { bytes: new Uint8Array(0), last: true };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    if (!/^(Z_|ZSTD_|ERR_)/.test(code)) throw fileError(split.path, cause);
    const state = `it is not valid ${split.compression} (${(cause as Error).message})`;
    const message = `Cannot read ${split.path}: ${state}`;
    throw new MillraceError("FILE_CORRUPT", message, { field: "path", value: split.path, cause });
  }
}
