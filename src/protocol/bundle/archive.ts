/**
 * Reads a bundle's zip archives without trusting them: what the directory says is checked first,
 * then every entry is inflated a little at a time and counted (PKWARE APPNOTE 6.3, method store and
 * deflate, no zip64, no encryption).
 */
import { createRequire } from "node:module";
import { MillraceError } from "../errors.ts";
import {
  BUNDLE_MAX_COMPRESSION_RATIO,
  BUNDLE_MAX_SOURCE_BYTES,
  BUNDLE_MAX_SOURCE_FILES,
  BUNDLE_RATIO_FREE_BYTES,
} from "../limits.ts";

const END_RECORD = { signature: 0x06054b50, bytes: 22 } as const;
const DIRECTORY_ENTRY = { signature: 0x02014b50, bytes: 46 } as const;
const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 } as const;
const METHOD_STORE = 0;
const METHOD_DEFLATE = 8;
const FLAG_ENCRYPTED = 1;
const ZIP64 = 0xffffffff;
/** Type bits of a Unix mode, and their value for a symbolic link and for a regular file. */
const MODE_TYPE = 0o170000;
const MODE_REGULAR = 0o100000;
/** Compressed bytes inflated at once: deflate grows at most 1,032-fold, so 1 MiB at a time. */
const INFLATE_STEP_BYTES = 1024;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly localOffset: number;
}

/**
 * The files of an archive, by name, in the archive's order.
 * @param section Name of the custom section, for messages.
 * @throws MillraceError BUNDLE_ARCHIVE_INVALID, BUNDLE_ARCHIVE_BOMB, BUNDLE_ARCHIVE_PATH
 */
export function readArchive(zip: Uint8Array, section: string): Map<string, Uint8Array> {
  const entries = readDirectory(zip, section);
  const files = new Map<string, Uint8Array>();
  const declared = entries.reduce((sum, entry) => sum + entry.unpacked, 0);
  checkSize(declared, zip.length, section);
  let total = 0;
  for (const entry of entries) {
    if (entry.name.endsWith("/")) continue;
    const content = readEntry(zip, entry, section, BUNDLE_MAX_SOURCE_BYTES - total);
    total += content.length;
    checkSize(total, zip.length, section);
    files.set(entry.name, content);
  }
  return files;
}

function readDirectory(zip: Uint8Array, section: string): Entry[] {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = findEndRecord(view, section);
  const count = view.getUint16(end + 10, true);
  if (count > BUNDLE_MAX_SOURCE_FILES) {
    throw bomb(section, `${count} entries`, `at most ${BUNDLE_MAX_SOURCE_FILES} entries`);
  }
  let at = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY_ENTRY.bytes > end) throw invalid(section, "its directory is cut off");
    if (view.getUint32(at, true) !== DIRECTORY_ENTRY.signature) {
      throw invalid(section, `entry ${i} has no directory record`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const length =
      DIRECTORY_ENTRY.bytes +
      nameLength +
      view.getUint16(at + 30, true) +
      view.getUint16(at + 32, true);
    if (at + length > end) throw invalid(section, "its directory is cut off");
    const entry = readDirectoryEntry(view, at, nameLength, section);
    if (names.has(entry.name)) throw path(section, entry.name, "the name occurs twice");
    names.add(entry.name);
    entries.push(entry);
    at += length;
  }
  return entries;
}

function readDirectoryEntry(
  view: DataView,
  at: number,
  nameLength: number,
  section: string,
): Entry {
  const bytes = new Uint8Array(
    view.buffer,
    view.byteOffset + at + DIRECTORY_ENTRY.bytes,
    nameLength,
  );
  const name = decodeName(bytes, section);
  checkName(name, section);
  const mode = view.getUint32(at + 38, true) >>> 16;
  const madeByUnix = view.getUint8(at + 5) === 3;
  const type = mode & MODE_TYPE;
  if (madeByUnix && type !== 0 && type !== MODE_REGULAR && !name.endsWith("/")) {
    throw path(section, name, "it is a link or another special file");
  }
  if ((view.getUint16(at + 8, true) & FLAG_ENCRYPTED) !== 0) {
    throw invalid(section, `${name} is encrypted`);
  }
  const entry: Entry = {
    name,
    method: view.getUint16(at + 10, true),
    packed: view.getUint32(at + 20, true),
    unpacked: view.getUint32(at + 24, true),
    localOffset: view.getUint32(at + 42, true),
  };
  if (entry.method !== METHOD_STORE && entry.method !== METHOD_DEFLATE) {
    throw invalid(section, `${name} is packed by method ${entry.method}`);
  }
  if (entry.packed === ZIP64 || entry.unpacked === ZIP64) throw invalid(section, "it is zip64");
  return entry;
}

function findEndRecord(view: DataView, section: string): number {
  const lowest = Math.max(0, view.byteLength - END_RECORD.bytes - 0xffff);
  for (let at = view.byteLength - END_RECORD.bytes; at >= lowest; at--) {
    if (view.getUint32(at, true) === END_RECORD.signature) return at;
  }
  throw invalid(section, "it is no zip archive or is cut off");
}

/** The contents of one entry; at most `room` bytes are ever made. */
function readEntry(zip: Uint8Array, entry: Entry, section: string, room: number): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const at = entry.localOffset;
  if (at + LOCAL_HEADER.bytes > zip.length || view.getUint32(at, true) !== LOCAL_HEADER.signature) {
    throw invalid(section, `${entry.name} has no header at ${at}`);
  }
  const nameLength = view.getUint16(at + 26, true);
  const start = at + LOCAL_HEADER.bytes + nameLength + view.getUint16(at + 28, true);
  if (start + entry.packed > zip.length) throw invalid(section, `${entry.name} is cut off`);
  const localName = zip.subarray(at + LOCAL_HEADER.bytes, at + LOCAL_HEADER.bytes + nameLength);
  if (decodeName(localName, section) !== entry.name) {
    throw path(section, entry.name, "its header has another name");
  }
  const packed = zip.subarray(start, start + entry.packed);
  const content =
    entry.method === METHOD_STORE ? packed.slice() : inflate(packed, entry, section, room);
  if (content.length !== entry.unpacked) {
    const state = `${entry.name} unpacks to ${content.length} bytes`;
    throw bomb(section, state, `the ${entry.unpacked} bytes of its directory record`);
  }
  return content;
}

function inflate(packed: Uint8Array, entry: Entry, section: string, room: number): Uint8Array {
  const limit = Math.min(entry.unpacked, room);
  const content = new Uint8Array(limit);
  let length = 0;
  // Loaded when first needed: a slot reads an archive (its source map) only when a call has failed.
  const { Inflate } = createRequire(import.meta.url)("fflate") as typeof import("fflate");
  const stream = new Inflate((chunk) => {
    if (length + chunk.length > limit) {
      const state = `${entry.name} unpacks to more than ${limit} bytes`;
      throw bomb(section, state, `the ${entry.unpacked} bytes of its directory record`);
    }
    content.set(chunk, length);
    length += chunk.length;
  });
  try {
    for (let at = 0; at < packed.length; at += INFLATE_STEP_BYTES) {
      const step = packed.subarray(at, at + INFLATE_STEP_BYTES);
      stream.push(step, at + INFLATE_STEP_BYTES >= packed.length);
    }
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    throw invalid(section, `${entry.name} cannot be inflated`, cause);
  }
  return content.subarray(0, length);
}

function decodeName(bytes: Uint8Array, section: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(section, "the name of an entry is not UTF-8", cause);
  }
}

function checkName(name: string, section: string): void {
  const shown = JSON.stringify(name).slice(1, -1);
  if (name === "" || name.includes("\0")) throw path(section, shown, "it is empty or holds NUL");
  if (name.includes("\\")) throw path(section, shown, "it holds a backslash");
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) throw path(section, shown, "it is absolute");
  const parts = name.replace(/\/$/, "").split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    throw path(section, shown, "it leaves its folder or has an empty part");
  }
}

function checkSize(unpacked: number, packed: number, section: string): void {
  if (unpacked > BUNDLE_MAX_SOURCE_BYTES) {
    const expected = `at most ${BUNDLE_MAX_SOURCE_BYTES} bytes`;
    throw bomb(section, `${unpacked} unpacked bytes`, expected);
  }
  const ratio = unpacked / packed;
  if (unpacked > BUNDLE_RATIO_FREE_BYTES && ratio > BUNDLE_MAX_COMPRESSION_RATIO) {
    const expected = `at most ${BUNDLE_MAX_COMPRESSION_RATIO} times the packed size`;
    throw bomb(section, `${Math.round(ratio)} times its packed size`, expected);
  }
}

function bomb(field: string, value: string, expected: string): MillraceError {
  const message = `Cannot accept bundle: the archive in section ${field} has ${value}`;
  return new MillraceError("BUNDLE_ARCHIVE_BOMB", message, { field, value, expected });
}

function path(field: string, name: string, state: string): MillraceError {
  return new MillraceError(
    "BUNDLE_ARCHIVE_PATH",
    `Cannot accept bundle: entry ${name} of section ${field}: ${state}`,
    { field, value: name, expected: "a relative path of a regular file, inside the archive" },
  );
}

function invalid(field: string, state: string, cause?: unknown): MillraceError {
  return new MillraceError(
    "BUNDLE_ARCHIVE_INVALID",
    `Cannot accept bundle: the archive in section ${field}: ${state}`,
    { field, expected: "a zip archive (stored or deflated entries)", cause },
  );
}
