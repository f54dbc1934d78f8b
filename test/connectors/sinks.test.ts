import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { HeldBackFile, SubtaskContext } from "../../src/connectors/connector.ts";
import { checkedSink, checkedSource } from "../../src/connectors/connector-check.ts";
import { openSink, openSource } from "../../src/connectors/registry.ts";
import { COLLECT_MESSAGE_MAX_BYTES, CONTROL_MESSAGE_MAX_BYTES } from "../../src/protocol/limits.ts";
import { HeldFiles } from "../../src/taskmanager/held-files.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-sinks-"));
afterAll(() => rmSync(folder, { recursive: true }));

const place = { vertex: "v", operator: "out", subtask: 1, parallelism: 2 };
const context = { job: "00112233-4455", attempt: 2, ...place };
const bytes = (text: string) => new TextEncoder().encode(text);

function outlets() {
  const printed: string[] = [];
  const rows: string[] = [];
  const held: HeldBackFile[] = [];
  const print = (text: string) => void printed.push(text);
  const holdBack = (file: HeldBackFile) => void held.push(file);
  return { printed, rows, held, print, rows_: rows, holdBack };
}

function open(
  spec: { type: string } & Record<string, unknown>,
  parallelism = 2,
  rest: Partial<SubtaskContext> = {},
) {
  const out = outlets();
  const ports = { print: out.print, rows: (lines: string) => void out.rows.push(lines) };
  const sink = openSink(
    checkedSink(spec),
    { ...context, parallelism, ...rest },
    { ...ports, holdBack: out.holdBack },
  );
  return { sink, ...out };
}

describe("files sink", () => {
  test("rolls by size under hidden names that carry the attempt, final only when published", async () => {
    const path = join(folder, "rolled");
    const { sink, held } = open({ type: "files", path, rollBytes: 4, suffix: ".txt" });
    for (const text of ["aaaa\n", "bb\n", "c\n", "dd\n"]) await sink.write(bytes(text), 1);
    await sink.finish();
    const files = new HeldFiles();
    for (const file of held) files.add(context.job, 2, file);
    expect(readdirSync(path).every((name) => name.startsWith("."))).toBe(true);
    await files.publish(context.job, 2);
    const names = readdirSync(path).sort();
    expect(names).toEqual([0, 1, 2].map((n) => `part-00112233-out-a2-1-${n}.txt`));
    expect(names.map((name) => readFileSync(join(path, name), "utf8"))).toEqual([
      "aaaa\n",
      "bb\nc\n",
      "dd\n",
    ]);
  });

  test("leaves nothing of an attempt that is discarded", async () => {
    const path = join(folder, "discarded");
    const { sink, held } = open({ type: "files", path });
    await sink.write(bytes("x\n"), 1);
    await sink.abort();
    const files = new HeldFiles();
    for (const file of held) files.add(context.job, 2, file);
    await files.discard(context.job, 2);
    expect(readdirSync(path)).toEqual([]);
  });

  test("keeps two sinks of one task apart in one folder", async () => {
    const path = join(folder, "shared");
    for (const operator of ["good", "bad"]) {
      const { sink } = open({ type: "files", path }, 2, { operator });
      await sink.write(bytes(`${operator}\n`), 1);
      await sink.finish();
    }
    expect(readdirSync(path)).toHaveLength(2);
  });

  test("removes what earlier attempts left hidden, and nothing else, when a later one ends", async () => {
    const path = join(folder, "leftovers");
    const attempts = [
      { attempt: 1 },
      { attempt: 2 },
      { attempt: 10 },
      { attempt: 1, job: "other" },
    ];
    for (const rest of attempts) {
      const { sink } = open({ type: "files", path }, 2, rest);
      await sink.write(bytes("x\n"), 1);
      await sink.abort();
    }
    const { sink } = open({ type: "files", path }, 2, { attempt: 3, subtask: 0 });
    await sink.finish();
    expect(readdirSync(path).sort()).toEqual([
      ".part-00112233-out-a10-1-0.inprogress",
      ".part-other-out-a1-1-0.inprogress",
    ]);
    const absent = open({ type: "files", path: join(folder, "absent") }, 2, { attempt: 3 });
    await absent.sink.finish();
    expect(existsSync(join(folder, "absent"))).toBe(false);
  });

  test("that cannot be published as a whole says what is public, and hides the rest", async () => {
    const path = join(folder, "partly");
    const { sink, held } = open({ type: "files", path, rollBytes: 1 });
    for (const text of ["a\n", "b\n", "c\n"]) await sink.write(bytes(text), 1);
    await sink.finish();
    const files = new HeldFiles();
    for (const file of held) files.add(context.job, 2, file);
    rmSync(held[1]!.inProgress);
    const [first, second, third] = held.map((file) => file.final);
    const publishing = files.publish(context.job, 2);
    await expect(publishing).rejects.toMatchObject({ code: "COMMIT_FAILED", value: second });
    await expect(publishing).rejects.toThrow(
      `on this worker 1 (${first}) is public, 2 (${second}, ${third}) are not`,
    );
    await files.discard(context.job, 2);
    expect(readdirSync(path)).toEqual(["part-00112233-out-a2-1-0"]);
  });

  test("never replaces a file that has a part's final name, and says which it is", async () => {
    const path = join(folder, "taken");
    const { sink, held } = open({ type: "files", path });
    await sink.write(bytes("new\n"), 1);
    await sink.finish();
    const files = new HeldFiles();
    for (const file of held) files.add(context.job, 2, file);
    const { final } = held[0]!;
    writeFileSync(final, "old\n");
    await expect(files.publish(context.job, 2)).rejects.toMatchObject({
      code: "COMMIT_FAILED",
      value: final,
    });
    expect(readFileSync(final, "utf8")).toBe("old\n");
  });

  test("that is discarded while it is published is published first", async () => {
    const path = join(folder, "turns");
    const { sink, held } = open({ type: "files", path, rollBytes: 1 });
    for (const text of ["a\n", "b\n", "c\n"]) await sink.write(bytes(text), 1);
    await sink.finish();
    const files = new HeldFiles();
    for (const file of held) files.add(context.job, 2, file);
    await Promise.all([files.publish(context.job, 2), files.discard(context.job, 2)]);
    expect(
      readdirSync(path)
        .map((name) => join(path, name))
        .sort(),
    ).toEqual(held.map((file) => file.final));
  });

  test("that is aborted while it opens a part leaves nothing behind the clean-up", async () => {
    const path = join(folder, "aborted");
    const { sink, held } = open({ type: "files", path });
    const writing = sink.write(bytes("x\n"), 1);
    await sink.abort();
    const files = new HeldFiles();
    for (const file of held) files.add(context.job, 2, file);
    await files.discard(context.job, 2);
    await writing;
    expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
  });

  test("stays below the worker's roots, also by links and by folders that are not there yet", async () => {
    const root = join(folder, "root");
    mkdirSync(root);
    symlinkSync(folder, join(root, "out"));
    const options = { filesRoots: [join(folder, "absent"), root] };
    const inside = open({ type: "files", path: join(root, "new", "folder") }, 2, options);
    await inside.sink.write(bytes("x\n"), 1);
    await inside.sink.finish();
    for (const path of [`${root}/../elsewhere`, join(root, "out", "elsewhere"), `${root}-2`]) {
      const { sink } = open({ type: "files", path }, 2, options);
      await expect(sink.write(bytes("x\n"), 1)).rejects.toMatchObject({ code: "PATH_NOT_ALLOWED" });
      const source = openSource(checkedSource({ type: "file", path }), { ...context, ...options });
      await expect(source.next()).rejects.toMatchObject({ code: "PATH_NOT_ALLOWED" });
    }
    expect(existsSync(join(folder, "elsewhere"))).toBe(false);
  });

  test("names a folder that cannot be written", async () => {
    const path = join(folder, "blocked");
    const { sink } = open({ type: "files", path: `${path}\0` });
    await expect(sink.write(bytes("x"), 1)).rejects.toMatchObject({ code: "FILE_NOT_WRITABLE" });
    expect(existsSync(path)).toBe(false);
  });
});

describe("line sinks", () => {
  test("print puts the subtask before each line, as Flink does", async () => {
    const { sink, printed } = open({ type: "print" });
    await sink.write(bytes("a\nb\n"), 2);
    expect(printed).toEqual(["2> a\n2> b\n"]);
    const named = open({ type: "print", identifier: "$out" });
    await named.sink.write(bytes("a\n"), 1);
    expect(named.printed).toEqual(["$out:2> a\n"]);
    const single = open({ type: "print" }, 1);
    await single.sink.write(bytes("a\n"), 1);
    expect(single.printed).toEqual(["a\n"]);
  });

  test("two files sinks whose uids differ by a sign write side by side", async () => {
    const path = join(folder, "signs");
    const spec = { type: "files", path };
    const sinks = ["a.b", "a_b", "a:b", "a-a1-0"].map(
      (operator) => open(spec, 2, { operator }).sink,
    );
    for (const sink of sinks) await sink.write(bytes("x"), 1);
    await open(spec, 2, { operator: "a" }).sink.finish();
    for (const sink of sinks) await sink.finish();
    expect(readdirSync(path)).toHaveLength(4);
  });

  test("collect refuses rows that no control message holds, however they are escaped", async () => {
    const { sink, rows } = open({ type: "collect" });
    sink.credit!(2);
    await expect(
      sink.write(new Uint8Array(COLLECT_MESSAGE_MAX_BYTES + 1), 1),
    ).rejects.toMatchObject({
      code: "ROWS_TOO_LARGE",
      value: String(COLLECT_MESSAGE_MAX_BYTES + 1),
    });
    await sink.write(new Uint8Array(COLLECT_MESSAGE_MAX_BYTES), 1);
    expect(JSON.stringify(rows).length).toBeLessThan(CONTROL_MESSAGE_MAX_BYTES - 4096);
  });

  test("collect sends a message for each credit and waits for the next", async () => {
    const { sink, rows } = open({ type: "collect" });
    sink.credit?.(1);
    await sink.write(bytes("a\n"), 1);
    const second = sink.write(bytes("b\n"), 1);
    expect(rows).toEqual(["a\n"]);
    sink.credit?.(1);
    await second;
    expect(rows).toEqual(["a\n", "b\n"]);
  });

  test("blackhole takes everything", async () => {
    const { sink } = open({ type: "blackhole" });
    await sink.write(bytes("a\n"), 1);
    await sink.finish();
  });
});

describe("socket source", () => {
  test("reads a connection to its end, in subtask 0 only", async () => {
    const server = createServer((socket) => socket.end("one\ntwo\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const spec = { type: "socket", host: "127.0.0.1", port };
    const reader = openSource(checkedSource(spec), { ...context, subtask: 0 });
    let text = "";
    let piece = await reader.next();
    expect(piece.type).toBe("split");
    while (piece.type !== "finished") {
      piece = await reader.next();
      if (piece.type === "bytes") text += new TextDecoder().decode(piece.bytes);
    }
    expect(text).toBe("one\ntwo\n");
    expect(await openSource(checkedSource(spec), context).next()).toEqual({ type: "finished" });
    server.close();
    const gone = openSource(checkedSource({ ...spec, port: 9 }), { ...context, subtask: 0 });
    await expect(gone.next()).rejects.toMatchObject({ code: "SOCKET_LOST" });
  });
});
