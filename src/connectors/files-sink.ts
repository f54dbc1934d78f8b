/**
 * The files sink: records into part files that roll by size and time (Flink: FileSink).
 *
 * A part is written under a name that starts with a dot and gets its final name only when the whole
 * job has finished, so files of a failed attempt never look final. Both names carry the attempt.
 * What a killed worker left hidden is removed when a later attempt of the job finishes on that host.
 */
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SinkOptions } from "../protocol/connector-options.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { SinkOutlets, SinkWriter, SubtaskContext } from "./connector.ts";
import { checkFileRoots } from "./file-roots.ts";

/** How the name of a part ends that may not be seen yet; it begins with a dot. */
const IN_PROGRESS = ".inprogress";

interface Part {
  readonly file: FileHandle;
  readonly openedMs: number;
  bytes: number;
}

/** Writes the parts of one subtask. */
export class FilesSinkWriter implements SinkWriter {
  readonly #options: SinkOptions<"files">;
  readonly #context: SubtaskContext;
  readonly #outlets: SinkOutlets;
  #part: Part | undefined;
  #opening: Promise<Part> | undefined;
  #aborted = false;
  #parts = 0;

  constructor(options: SinkOptions<"files">, context: SubtaskContext, outlets: SinkOutlets) {
    this.#options = options;
    this.#context = context;
    this.#outlets = outlets;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      const part = this.#part ?? (await this.#openPart());
      if (this.#aborted) return;
      await part.file.writeFile(bytes);
      part.bytes += bytes.byteLength;
      const old = performance.now() - part.openedMs >= this.#options.rollMs;
      if (part.bytes >= this.#options.rollBytes || old) await this.#closePart();
    } catch (cause) {
      throw this.#failed(cause as Error);
    }
  }

  async finish(): Promise<void> {
    try {
      await this.#closePart();
      if (this.#context.attempt > 1) await this.#removeLeftovers();
    } catch (cause) {
      throw this.#failed(cause as Error);
    }
  }

  /** A part that is just being made is waited for, or its file would come behind the clean-up. */
  async abort(): Promise<void> {
    this.#aborted = true;
    await Promise.allSettled([this.#opening]);
    const part = this.#part;
    this.#part = undefined;
    await part?.file.close();
  }

  /** How the names of this sink's parts begin: job and sink keep two writers of one folder apart. */
  get #owner(): string {
    const { job, operator } = this.#context;
    // Not by one replacement for all other characters: `a.b` and `a_b` are two sinks.
    const sink = encodeURIComponent(operator);
    return `${this.#options.prefix}-${job.slice(0, 8)}-${sink}-a`;
  }

  /** Hidden parts of earlier attempts, whose workers were killed before they could remove them. */
  async #removeLeftovers(): Promise<void> {
    const { path } = this.#options;
    const start = `.${this.#owner}`;
    const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
      // Nothing was ever written.
      if (error.code === "ENOENT") return [];
      throw error;
    });
    for (const name of names) {
      if (!name.startsWith(start) || !name.endsWith(IN_PROGRESS)) continue;
      // The whole number triple: the uid of another sink may go on as this one's names do.
      const attempt = Number(/^(\d+)-\d+-\d+/.exec(name.slice(start.length))?.[1] ?? Number.NaN);
      if (attempt < this.#context.attempt) await rm(join(path, name), { force: true });
    }
  }

  async #openPart(): Promise<Part> {
    this.#opening = this.#makePart();
    this.#part = await this.#opening;
    this.#opening = undefined;
    return this.#part;
  }

  async #makePart(): Promise<Part> {
    const { path, suffix } = this.#options;
    const { attempt, subtask } = this.#context;
    const name = `${this.#owner}${attempt}-${subtask}-${this.#parts++}${suffix}`;
    const held = { inProgress: join(path, `.${name}${IN_PROGRESS}`), final: join(path, name) };
    await checkFileRoots(path, this.#context.filesRoots);
    await mkdir(path, { recursive: true });
    this.#outlets.holdBack(held);
    return { file: await open(held.inProgress, "wx"), openedMs: performance.now(), bytes: 0 };
  }

  async #closePart(): Promise<void> {
    const part = this.#part;
    if (part === undefined) return;
    this.#part = undefined;
    // On disk before it is announced: the rename that publishes it must not outlive its content.
    await part.file.sync();
    await part.file.close();
  }

  #failed(cause: Error): MillraceError {
    if (cause instanceof MillraceError) return cause;
    const { path } = this.#options;
    const message = `Cannot write to ${path}: ${cause.message}`;
    return new MillraceError("FILE_NOT_WRITABLE", message, { field: "path", value: path, cause });
  }
}
