/**
 * The files sink: records into part files that roll by size and time (Flink: FileSink).
 *
 * A part is written under a name that starts with a dot and gets its final name only when the whole
 * job has finished, so files of a failed attempt never look final. Both names carry the attempt.
 */
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import { FILE_PART_MAX_BYTES, FILE_PART_MAX_MS } from "../protocol/limits.ts";
import type { SinkOutlets, SinkWriter, SubtaskContext } from "./connector.ts";

export const filesSinkSchema = z.strictObject({
  type: z.literal("files"),
  /** Folder; made where it is missing. */
  path: z.string().min(1),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/)
    .default("part"),
  suffix: z
    .string()
    .regex(/^[A-Za-z0-9._-]*$/)
    .default(""),
  rollBytes: z.int().min(1).default(FILE_PART_MAX_BYTES),
  rollMs: z.int().min(1).default(FILE_PART_MAX_MS),
});

interface Part {
  readonly file: FileHandle;
  readonly openedMs: number;
  bytes: number;
}

/** Writes the parts of one subtask. */
export class FilesSinkWriter implements SinkWriter {
  readonly #options: z.infer<typeof filesSinkSchema>;
  readonly #context: SubtaskContext;
  readonly #outlets: SinkOutlets;
  #part: Part | undefined;
  #parts = 0;

  constructor(
    options: z.infer<typeof filesSinkSchema>,
    context: SubtaskContext,
    outlets: SinkOutlets,
  ) {
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
    } catch (cause) {
      throw this.#failed(cause as Error);
    }
  }

  async abort(): Promise<void> {
    const part = this.#part;
    this.#part = undefined;
    await part?.file.close();
  }

  async #openPart(): Promise<Part> {
    const { path, prefix, suffix } = this.#options;
    const { job, attempt, vertex, subtask } = this.#context;
    // Job and vertex keep two writers of one folder apart; the subtask and part order the rest.
    const owner = `${job.slice(0, 8)}-${vertex.replaceAll(/[^A-Za-z0-9_-]/g, "_")}-a${attempt}`;
    const name = `${prefix}-${owner}-${subtask}-${this.#parts++}${suffix}`;
    const held = { inProgress: join(path, `.${name}.inprogress`), final: join(path, name) };
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
