/** Files that sinks hold back until their job has finished, by attempt. */
import { rename, rm } from "node:fs/promises";
import type { HeldBackFile } from "../connectors/connector.ts";
import { MillraceError } from "../protocol/errors.ts";

/** Registry of a worker. */
export class HeldFiles {
  readonly #files = new Map<string, HeldBackFile[]>();

  add(job: string, attempt: number, file: HeldBackFile): void {
    const key = `${job}/${attempt}`;
    const files = this.#files.get(key);
    if (files === undefined) this.#files.set(key, [file]);
    else files.push(file);
  }

  /**
   * Gives the files of an attempt their final names.
   * @throws MillraceError COMMIT_FAILED naming the file
   */
  async publish(job: string, attempt: number): Promise<void> {
    for (const file of this.#take(job, attempt)) {
      try {
        await rename(file.inProgress, file.final);
      } catch (cause) {
        const message = `Cannot publish ${file.final}: ${(cause as Error).message}`;
        throw new MillraceError("COMMIT_FAILED", message, { value: file.final, cause });
      }
    }
  }

  /** Removes the files of an attempt that failed or was cancelled. */
  async discard(job: string, attempt: number): Promise<void> {
    for (const file of this.#take(job, attempt)) await rm(file.inProgress, { force: true });
  }

  #take(job: string, attempt: number): HeldBackFile[] {
    const key = `${job}/${attempt}`;
    const files = this.#files.get(key) ?? [];
    this.#files.delete(key);
    return files;
  }
}
