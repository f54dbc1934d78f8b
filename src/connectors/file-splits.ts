/** Which files and byte ranges a file source reads. */
import { open, readdir, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { SourceOptions } from "../protocol/connector-options.ts";
import { MillraceError } from "../protocol/errors.ts";
import {
  SOURCE_CHUNK_BYTES,
  SOURCE_MAX_FILES,
  SPLIT_MAX_BYTES,
  SPLIT_MIN_BYTES,
  SPLITS_PER_SUBTASK,
} from "../protocol/limits.ts";

export type FileSourceOptions = SourceOptions<"file">;

export type Compression = "none" | "gzip" | "zstd";

/** A byte range of a file; of a compressed file always the whole. */
export interface FileSplit {
  readonly path: string;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Size of the file, bytes as stored. */
  readonly size: number;
  readonly compression: Compression;
}

/**
 * All splits of a source, the same in every subtask.
 * @throws MillraceError FILE_NOT_FOUND, FILE_NOT_READABLE, SOURCE_TOO_MANY_FILES
 */
export async function fileSplits(
  options: FileSourceOptions,
  parallelism: number,
): Promise<FileSplit[]> {
  const files = await filesUnder(options.path, options.recursive);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const wanted = Math.ceil(total / (parallelism * SPLITS_PER_SUBTASK));
  const target = options.splitBytes ?? Math.min(Math.max(wanted, SPLIT_MIN_BYTES), SPLIT_MAX_BYTES);
  return files.flatMap((file) => splitsOf(file, options, target));
}

function splitsOf(file: FoundFile, options: FileSourceOptions, target: number): FileSplit[] {
  const compression = compressionOf(file.path, options.compression);
  const whole = { ...file, start: 0, end: file.size, compression };
  const cut = options.splittable && compression === "none" && file.size > target;
  if (!cut) return [whole];
  const count = Math.ceil(file.size / target);
  return Array.from({ length: count }, (_, i) => {
    return { ...whole, start: i * target, end: Math.min((i + 1) * target, file.size) };
  });
}

function compressionOf(path: string, given: FileSourceOptions["compression"]): Compression {
  if (given !== "auto") return given;
  if (path.endsWith(".gz")) return "gzip";
  return path.endsWith(".zst") ? "zstd" : "none";
}

interface FoundFile {
  readonly path: string;
  readonly size: number;
}

async function filesUnder(path: string, recursive: boolean): Promise<FoundFile[]> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return [{ path, size: found.size }];
    const entries = await readdir(path, { withFileTypes: true, recursive });
    // Names with a dot or an underscore are in-progress or marker files (Flink: DefaultFileFilter).
    const files = entries.filter((entry) => entry.isFile() && !/^[._]/.test(entry.name));
    if (files.length > SOURCE_MAX_FILES) {
      const message = `Cannot read ${path}: it holds ${files.length} files`;
      const expected = `at most ${SOURCE_MAX_FILES}`;
      throw new MillraceError("SOURCE_TOO_MANY_FILES", message, { value: path, expected });
    }
    const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort(byCodeUnits);
    const sized: FoundFile[] = [];
    for (const file of paths) sized.push({ path: file, size: (await stat(file)).size });
    return sized;
  } catch (cause) {
    throw fileError(path, cause);
  }
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Number of newlines before a split: the number of the line it starts in, from 0. */
export async function newlinesBefore(split: FileSplit): Promise<number> {
  const buffer = Buffer.allocUnsafe(SOURCE_CHUNK_BYTES);
  let count = 0;
  try {
    await using file = await open(split.path, "r");
    for (let at = 0; at < split.start; ) {
      const want = Math.min(buffer.length, split.start - at);
      const { bytesRead } = await file.read(buffer, 0, want, at);
      if (bytesRead === 0) throw fileChanged(split.path, at, split.size);
      at += bytesRead;
      const bytes = buffer.subarray(0, bytesRead);
      for (let i = bytes.indexOf(10); i !== -1; i = bytes.indexOf(10, i + 1)) count++;
    }
  } catch (cause) {
    throw fileError(split.path, cause);
  }
  return count;
}

/** The operating error behind a failed file call. */
export function fileError(path: string, cause: unknown): unknown {
  if (cause instanceof MillraceError || !(cause instanceof Error)) return cause;
  const system = (cause as NodeJS.ErrnoException).code;
  // The worker reads the file, which the author of a relative path may not have had in mind.
  const expected = isAbsolute(path)
    ? "a file on the worker's machine"
    : `an absolute path, or one below the worker's folder, ${process.cwd()}`;
  const detail = { field: "path", value: path, expected, cause };
  if (system === "ENOENT" || system === "ENOTDIR") {
    return new MillraceError(
      "FILE_NOT_FOUND",
      `Cannot read ${path}: there is no such file`,
      detail,
    );
  }
  return new MillraceError("FILE_NOT_READABLE", `Cannot read ${path}: ${cause.message}`, detail);
}

/** A file that got shorter after it was listed. */
export function fileChanged(path: string, at: number, size: number): MillraceError {
  const message = `Cannot read ${path}: it ended at byte ${at}, but had ${size} when the job started`;
  return new MillraceError("FILE_CHANGED", message, { field: "path", value: path });
}
