/** Files that sinks hold back until their job has finished, by attempt. */
import { rename, rm } from "node:fs/promises";
import type { HeldBackFile } from "../connectors/connector.ts";
import { MillraceError } from "../protocol/errors.ts";

/** Names that an error lists; of more it says how many there are. */
const NAMES_SHOWN = 5;

/** Registry of a worker. */
export class HeldFiles {
  readonly #files = new Map<string, HeldBackFile[]>();

  add(job: string, attempt: number, file: HeldBackFile): void {
    const key = keyOf(job, attempt);
    const files = this.#files.get(key);
    if (files === undefined) this.#files.set(key, [file]);
    else files.push(file);
  }

  /**
   * Gives the files of an attempt their final names. If one cannot be published, the rest stay
   * hidden, for `discard`.
   * @throws MillraceError COMMIT_FAILED saying which are public and which are not
   */
  async publish(job: string, attempt: number): Promise<void> {
    const files = this.#files.get(keyOf(job, attempt)) ?? [];
    const published: string[] = [];
    for (let next = files[0]; next !== undefined; next = files[0]) {
      try {
        await rename(next.inProgress, next.final);
      } catch (cause) {
        const hidden = files.map((file) => file.final);
        const message =
          `Cannot publish ${next.final}: ${(cause as Error).message}; on this worker ` +
          `${listOf(published)} public, ${listOf(hidden)} not`;
        throw new MillraceError("COMMIT_FAILED", message, { value: next.final, cause });
      }
      published.push(next.final);
      files.shift();
    }
    this.#files.delete(keyOf(job, attempt));
  }

  /** Removes the files of an attempt that failed or was cancelled. */
  async discard(job: string, attempt: number): Promise<void> {
    const files = this.#files.get(keyOf(job, attempt)) ?? [];
    this.#files.delete(keyOf(job, attempt));
    for (const file of [...files]) await rm(file.inProgress, { force: true });
  }
}

/** `2 (a, b) are`, the names up to NAMES_SHOWN. */
function listOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length > NAMES_SHOWN ? ", ..." : "";
  const list = names.length === 0 ? "" : ` (${shown}${more})`;
  return `${names.length}${list} ${names.length === 1 ? "is" : "are"}`;
}

function keyOf(job: string, attempt: number): string {
  return `${job}/${attempt}`;
}
