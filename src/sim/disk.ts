/** The simulated disk: files by name, each under its hidden or its final name. */

/** A file and whether it shows under its final name. */
interface StoredFile {
  readonly content: Uint8Array[];
  final: boolean;
}

/** A file as a reader of the folder sees it. */
export interface PublicFile {
  readonly name: string;
  readonly text: string;
}

/** A folder that all processes share. */
export class SimDisk {
  readonly #files = new Map<string, StoredFile>();

  /** Adds to a hidden file, making it where it is missing. */
  append(name: string, bytes: Uint8Array): void {
    const file = this.#files.get(name);
    if (file === undefined) this.#files.set(name, { content: [bytes], final: false });
    else file.content.push(bytes);
  }

  /** Gives a file its final name; false: there is none. */
  publish(name: string): boolean {
    const file = this.#files.get(name);
    if (file === undefined) return false;
    file.final = true;
    return true;
  }

  /** Removes a hidden file. */
  remove(name: string): void {
    if (this.#files.get(name)?.final === false) this.#files.delete(name);
  }

  /** Files under their final names whose name begins so. */
  published(prefix: string): PublicFile[] {
    return this.#under(prefix, true);
  }

  /** Files still hidden. */
  hidden(prefix: string): PublicFile[] {
    return this.#under(prefix, false);
  }

  #under(prefix: string, final: boolean): PublicFile[] {
    const decoder = new TextDecoder();
    return [...this.#files]
      .filter(([name, file]) => file.final === final && name.startsWith(prefix))
      .map(([name, file]) => ({
        name,
        text: file.content.map((bytes) => decoder.decode(bytes)).join(""),
      }));
  }
}
