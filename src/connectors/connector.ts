/**
 * The host side of sources and sinks: bytes in, bytes out. Parsing and formatting are done by
 * WebAssembly operators; nothing here looks into a record.
 *
 * Splits need no coordinator: every subtask enumerates the same sorted list and takes split i where
 * i mod parallelism = subtask. That holds for bounded input that does not change while it is listed.
 */
/** Which subtask of which attempt a connector works for. */
export interface SubtaskContext {
  readonly job: string;
  readonly attempt: number;
  readonly vertex: string;
  /** Uid of the source or sink: a task may hold several sinks. */
  readonly operator: string;
  readonly subtask: number;
  readonly parallelism: number;
  /** Folders that file connectors stay in; absent: any. */
  readonly filesRoots?: readonly string[] | undefined;
}

/** What a source reader hands to its operator. */
export type SourcePiece =
  /** A new split: UTF-8 JSON for `mr_source_assign`. */
  | { readonly type: "split"; readonly split: Uint8Array }
  /** Bytes of the split; `last`: its end. */
  | { readonly type: "bytes"; readonly bytes: Uint8Array; readonly last: boolean }
  /** Nothing from outside: the operator may make about `rows` rows by itself. */
  | { readonly type: "poll"; readonly rows?: number | undefined }
  | { readonly type: "finished" };

/** Reads for one subtask. */
export interface SourceReader {
  /** The next piece; after `finished` it is not called again. Never called while one is awaited. */
  next(): Promise<SourcePiece>;
  /** Frees everything; a pending `next` may fail. */
  close(): Promise<void>;
}

/** Where a sink's output goes, besides files. */
export interface SinkOutlets {
  /** Standard output of the worker process. */
  print(text: string): void;
  /** Rows for the client of a collect sink: whole lines. */
  rows(lines: string): void;
  /** A file that holds output nobody may see before the job has finished. Said before it is made. */
  holdBack(file: HeldBackFile): void;
}

/** A file to be renamed when the job has finished, or removed. */
export interface HeldBackFile {
  readonly inProgress: string;
  readonly final: string;
}

/** Writes for one subtask. */
export interface SinkWriter {
  /** Takes whole records; resolved when more may come. The bytes are the writer's. */
  write(bytes: Uint8Array, records: number): Promise<void>;
  /** All records have come. */
  finish(): Promise<void>;
  /** The subtask was cancelled or has failed. */
  abort(): Promise<void>;
  /** The client can take so many more row messages (collect). */
  credit?(messages: number): void;
}

/** JSON of a split descriptor, as bytes. */
export function splitBytes(descriptor: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(descriptor));
}
