import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { SourceReader } from "../../src/connectors/connector.ts";
import { checkedSource } from "../../src/connectors/connector-check.ts";
import { openSource } from "../../src/connectors/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-file-source-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface ReadSplit {
  readonly descriptor: { path: string; start: number; end: number; firstLine?: number };
  readonly text: string;
}

function reader(options: Record<string, unknown>, subtask = 0, parallelism = 1): SourceReader {
  const context = { job: "j", attempt: 1, vertex: "v", operator: "s", subtask, parallelism };
  return openSource(checkedSource({ type: "file", ...options }), context);
}

async function readAll(source: SourceReader): Promise<ReadSplit[]> {
  const splits: ReadSplit[] = [];
  let chunks: Uint8Array[] = [];
  for (;;) {
    const piece = await source.next();
    if (piece.type === "finished") return splits;
    if (piece.type === "split") {
      splits.push({ descriptor: JSON.parse(new TextDecoder().decode(piece.split)), text: "" });
      chunks = [];
    } else if (piece.type === "bytes") {
      chunks.push(piece.bytes);
      const text = Buffer.concat(chunks).toString();
      if (piece.last) splits.push({ ...splits.pop()!, text });
    }
  }
}

/** What an operator makes of a split, by the rule of file-source.ts. */
function linesOf({ descriptor, text }: ReadSplit): string[] {
  const rest = descriptor.start === 0 ? text : text.slice(text.indexOf("\n") + 1 || text.length);
  const lines = rest.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

describe("file source", () => {
  test("gives every line of a split file to exactly one split, at any cut", async () => {
    const path = join(folder, "lines.txt");
    const line = fc.stringMatching(/^[a-z]{0,12}$/);
    const cases = fc.record({
      lines: fc.array(line, { maxLength: 40 }),
      newlineAtEnd: fc.boolean(),
      splitBytes: fc.integer({ min: 1, max: 64 }),
      parallelism: fc.integer({ min: 1, max: 4 }),
    });
    const property = fc.asyncProperty(
      cases,
      async ({ lines, newlineAtEnd, splitBytes, parallelism }) => {
        const text = lines.join("\n") + (newlineAtEnd && lines.length > 0 ? "\n" : "");
        writeFileSync(path, text);
        const splits: ReadSplit[] = [];
        for (let subtask = 0; subtask < parallelism; subtask++) {
          splits.push(...(await readAll(reader({ path, splitBytes }, subtask, parallelism))));
        }
        splits.sort((a, b) => a.descriptor.start - b.descriptor.start);
        const expected = text.split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(splits.flatMap(linesOf)).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  test("tells the number of newlines before a split when line numbers are wanted", async () => {
    const path = join(folder, "numbered.txt");
    writeFileSync(path, "a\nbb\nccc\ndddd\n");
    const splits = await readAll(reader({ path, splitBytes: 6, lineNumbers: true }));
    expect(splits.map((split) => split.descriptor.firstLine)).toEqual([0, 2, 3]);
  });

  test.each([
    ["gzip", gzipSync, "z.gz"],
    ["zstd", zstdCompressSync, "z.zst"],
  ] as const)("reads %s files whole, known by their name", async (_name, compress, file) => {
    const path = join(folder, file);
    const text = "line\n".repeat(200_000);
    writeFileSync(path, compress(text));
    const splits = await readAll(reader({ path, splitBytes: 10 }));
    expect(splits).toHaveLength(1);
    expect(splits[0]?.text === text).toBe(true);
  });

  test.each([
    ["gzip", gzipSync, "parts.gz"],
    ["zstd", zstdCompressSync, "parts.zst"],
  ] as const)("reads every part of a %s file that was put together", async (_, compress, file) => {
    const path = join(folder, file);
    const texts = ["first\n".repeat(100_000), "", "second\n", "third\n".repeat(50_000)];
    writeFileSync(path, Buffer.concat(texts.map((text) => compress(text))));
    const splits = await readAll(reader({ path }));
    expect(splits.map((split) => split.text === texts.join(""))).toEqual([true]);
  });

  test("passes over a skippable frame and refuses rubbish behind the last one", async () => {
    const frame = zstdCompressSync("text\n");
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
    const path = join(folder, "skippable.zst");
    writeFileSync(path, Buffer.concat([skippable, frame]));
    expect((await readAll(reader({ path }))).map((split) => split.text)).toEqual(["text\n"]);
    writeFileSync(path, Buffer.concat([frame, Buffer.from("rubbish behind it")]));
    await expect(readAll(reader({ path }))).rejects.toMatchObject({ code: "FILE_CORRUPT" });
  });

  test("does not cut a file that may hold newlines inside records", async () => {
    const path = join(folder, "quoted.csv");
    writeFileSync(path, 'a,"x\ny"\n'.repeat(10));
    expect(await readAll(reader({ path, splitBytes: 8, splittable: false }))).toHaveLength(1);
  });

  test("reads the files of a folder in the order of their names, without hidden ones", async () => {
    const path = mkdtempSync(join(folder, "many-"));
    for (const name of ["b", "a", "c", ".hidden", "_SUCCESS"])
      writeFileSync(join(path, name), name);
    const first = await readAll(reader({ path }, 0, 2));
    const second = await readAll(reader({ path }, 1, 2));
    expect(first.map((split) => split.text)).toEqual(["a", "c"]);
    expect(second.map((split) => split.text)).toEqual(["b"]);
  });

  test("names a file that is missing", async () => {
    const path = join(folder, "missing.txt");
    const error = { code: "FILE_NOT_FOUND", value: path };
    await expect(reader({ path }).next()).rejects.toMatchObject(error);
  });

  test("names a file that vanishes or shrinks while it is read", async () => {
    const path = join(folder, "vanishing.txt");
    writeFileSync(path, "x".repeat(1_000));
    const vanishing = reader({ path });
    await vanishing.next();
    rmSync(path);
    await expect(vanishing.next()).rejects.toMatchObject({ code: "FILE_NOT_FOUND", value: path });
    writeFileSync(path, "x".repeat(1_000));
    const shrinking = reader({ path });
    await shrinking.next();
    truncateSync(path, 0);
    await expect(shrinking.next()).rejects.toMatchObject({ code: "FILE_CHANGED", value: path });
  });

  test("names a compressed file that is damaged", async () => {
    const path = join(folder, "damaged.gz");
    writeFileSync(path, gzipSync("text\n".repeat(1_000)).subarray(0, 40));
    const error = { code: "FILE_CORRUPT", value: path };
    await expect(readAll(reader({ path }))).rejects.toMatchObject(error);
  });

  test("names an option it does not know", () => {
    expect(() => reader({ path: "x", pth: 1 })).toThrow(/option pth/);
    expect(() => checkedSource({ type: "carrier-pigeon" })).toThrow(/carrier-pigeon is unknown/);
  });
});
