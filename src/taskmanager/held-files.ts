/** Files that sinks hold back until their job has finished, by attempt. */
import { link, open, rename, rm } from "node:fs/promises";
import type { HeldBackFile } from "../connectors/connector.ts";
import { MillraceError } from "../protocol/errors.ts";

/** Names that an error lists; of more it says how many there are. */
const NAMES_SHOWN = 5;

/** Registry of a worker. Publishing and discarding an attempt take turns. */
export class HeldFiles {
  readonly #files = new Map<string, HeldBackFile[]>();
  readonly #turns = new Map<string, Promise<void>>();

  add(job: string, attempt: number, file: HeldBackFile): void {
    const key = keyOf(job, attempt);
    const files = this.#files.get(key);
    if (files === undefined) this.#files.set(key, [file]);
    else files.push(file);
  }

  /**
   * Gives the files of an attempt their final names. If one cannot be published, the rest stay
   * hidden, for `discard`. A file that is there already is never replaced.
   * @throws MillraceError COMMIT_FAILED saying which are public and which are not
   */
  publish(job: string, attempt: number): Promise<void> {
    return this.#inTurn(keyOf(job, attempt), (key) => this.#publish(key));
  }

  /** Removes the files of an attempt that failed or was cancelled. */
  discard(job: string, attempt: number): Promise<void> {
    return this.#inTurn(keyOf(job, attempt), async (key) => {
      const files = this.#files.get(key) ?? [];
      this.#files.delete(key);
      for (const file of files) await rm(file.inProgress, { force: true });
    });
  }

  async #publish(key: string): Promise<void> {
    const files = this.#files.get(key) ?? [];
    const published: string[] = [];
    for (let next = files[0]; next !== undefined; next = files[0]) {
      try {
        await moveExclusively(next);
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
    this.#files.delete(key);
  }

  /** A discard that came in the middle of a publish would make its list of what is public wrong. */
  #inTurn(key: string, work: (key: string) => Promise<void>): Promise<void> {
    const before = this.#turns.get(key) ?? Promise.resolve();
    const result = before.then(() => work(key));
    // The caller hears of a failure; the next in turn does not.
    const turn = result
      .catch(() => undefined)
      .then(() => {
        if (this.#turns.get(key) === turn) this.#turns.delete(key);
      });
    this.#turns.set(key, turn);
    return result;
  }
}

/** File systems without hard links say one of these. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** A rename that fails where there is a file of the new name: `rename` itself would replace it. */
async function moveExclusively({ inProgress, final }: HeldBackFile): Promise<void> {
  try {
    await link(inProgress, final);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    // The name is taken with an empty file first, which the rename then replaces.
    await (await open(final, "wx")).close();
    await rename(inProgress, final);
    return;
  }
  await rm(inProgress);
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
