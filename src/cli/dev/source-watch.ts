/** Tells when a file that a project's job depends on has been saved. */
import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

/** Editors write a file in several steps: what comes within this time is one save. */
const SETTLE_MS = 25;
/** Folders that no author edits. */
const IGNORED = /^(node_modules|build|dist|coverage|\..*)$/;

export interface WatchOptions {
  readonly folder: string;
  /** Files that are written by us: their change is no save. */
  readonly written: readonly string[];
  /** At a save; `atMs` is when its first event came (performance.now()). */
  changed(atMs: number): void;
}

export class SourceWatch {
  readonly #options: WatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #inputs: readonly string[] = [];
  #pending = new Set<string>();
  #pendingSinceMs: number | undefined;
  readonly #seen = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { folder } = options;
    this.#watch(folder, false);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !IGNORED.test(entry.name)) {
        this.#watch(join(folder, entry.name), true);
      }
    }
  }

  /** Files and folders that the job reads: a change of them runs it again. */
  setInputs(inputs: readonly string[]): void {
    this.#inputs = inputs.map((path) => resolve(path));
    for (const input of this.#inputs) {
      const folder = dirname(input);
      const watched = [...this.#watchers.keys()].some(
        (known) => folder === known || folder.startsWith(known + sep),
      );
      if (!watched) this.#watch(folder, false);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(folder: string, recursive: boolean): void {
    const watcher = watch(folder, { recursive }, (_, name) => {
      if (name !== null) this.#saw(join(folder, name));
    });
    // A folder that goes away is seen as a change of its parent.
    watcher.on("error", () => watcher.close());
    this.#watchers.set(folder, watcher);
  }

  #saw(file: string): void {
    if (!this.#matters(file)) return;
    this.#pending.add(file);
    this.#pendingSinceMs ??= performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const files = [...this.#pending].filter((name) => this.#isNew(name));
      const sinceMs = this.#pendingSinceMs ?? performance.now();
      this.#pending = new Set();
      this.#pendingSinceMs = undefined;
      if (files.length > 0) this.#options.changed(sinceMs);
    }, SETTLE_MS);
  }

  /** One write makes several events, and on a busy machine some come late: the file decides. */
  #isNew(file: string): boolean {
    const stats = statSync(file, { throwIfNoEntry: false });
    const now = stats === undefined ? "gone" : `${stats.mtimeMs} ${stats.size}`;
    const before = this.#seen.get(file);
    this.#seen.set(file, now);
    return now !== before;
  }

  #matters(file: string): boolean {
    if (this.#options.written.includes(file)) return false;
    const inside = file.slice(this.#options.folder.length + 1).split(sep);
    if (inside.some((part) => IGNORED.test(part))) return false;
    // Sources and settings; not what a job writes beside them.
    if (/\.([cm]?[jt]s|json)$/.test(file)) return true;
    return this.#inputs.some((input) => file === input || file.startsWith(input + sep));
  }
}
