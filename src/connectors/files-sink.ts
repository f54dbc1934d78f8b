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
  #parts = 0;

  constructor(options: SinkOptions<"files">, context: SubtaskContext, outlets: SinkOutlets) {
    this.#options = options;
    this.#context = context;
    this.#outlets = outlets;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      this.#part ??= await this.#openPart();
      const part = this.#part;
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

  async abort(): Promise<void> {
    const part = this.#part;
    this.#part = undefined;
    await part?.file.close();
  }

  /** How the names of this sink's parts begin: job and sink keep two writers of one folder apart. */
  get #owner(): string {
    const { job, operator } = this.#context;
    const sink = operator.replaceAll(/[^A-Za-z0-9_-]/g, "_");
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
      const attempt = Number.parseInt(name.slice(start.length), 10);
      if (attempt < this.#context.attempt) await rm(join(path, name), { force: true });
    }
  }

  async #openPart(): Promise<Part> {
    const { path, suffix } = this.#options;
    const { attempt, subtask } = this.#context;
    const name = `${this.#owner}${attempt}-${subtask}-${this.#parts++}${suffix}`;
    const held = { inProgress: join(path, `.${name}${IN_PROGRESS}`), final: join(path, name) };
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
    const { path } = this.#options;
    const message = `Cannot write to ${path}: ${cause.message}`;
    return new MillraceError("FILE_NOT_WRITABLE", message, { field: "path", value: path, cause });
  }
}
