/**
 * Bad input to a running cluster: each is refused or fails its own job with a clear error, and a
 * neighbour that ran before goes on and ends right. Every error says code, field, value and what
 * would be right, as far as there is one.
 */

import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { customSection } from "../../src/build/bundle-writer.ts";
import { MillraceClient } from "../../src/client/millrace-client.ts";
import { OutputTag } from "../../src/plan/output-tag.ts";
import { csv, files, jsonLines, socket, textLines } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { SOURCES_SECTION } from "../../src/protocol/abi.ts";
import { type ErrorBody, errorBodyOf } from "../../src/protocol/errors.ts";
import { BUNDLE_MAX_BYTES, CONTROL_MESSAGE_MAX_BYTES } from "../../src/protocol/limits.ts";
import type { Schema } from "../../src/protocol/types.ts";
import { ABI_VERSION } from "../../src/protocol/versions.ts";
import { startTaskManager } from "../../src/taskmanager/task-manager-process.ts";
import { sampleManifest, sampleModule } from "../build/module-bytes.ts";
import { BlackHoleProxy } from "../cluster/black-hole-proxy.ts";
import { Closers, inTime, TestCluster, temporaryFolder } from "../cluster/cluster.ts";
import { LineServer } from "../cluster/line-server.ts";

const NUMBERS: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];
const NEIGHBOUR_ROWS = Array.from({ length: 1_000 }, (_, n) => ({ n }));

const closers = new Closers();
let cluster: TestCluster;
let folder: string;
let finishNeighbour: () => Promise<void>;

beforeAll(async () => {
  folder = temporaryFolder(closers);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2);
  const lines = NEIGHBOUR_ROWS.map((row) => JSON.stringify(row));
  const server = await LineServer.start(closers, lines, 1);
  const env = new StreamExecutionEnvironment();
  env.fromSource(jsonLines(socket("127.0.0.1", server.port), NUMBERS)).collect();
  const job = await cluster.client.submitJob(env.toJobSpec("neighbour"));
  await cluster.running(job, 1, 1);
  finishNeighbour = async () => {
    const rows = cluster.rows<{ n: number }>(job);
    server.release();
    expect((await rows).rows).toEqual(NEIGHBOUR_ROWS);
    expect(await cluster.client.job(job)).toMatchObject({ state: "FINISHED", attempt: 1 });
  };
});
afterAll(() => closers.close());

async function refusalOf(work: Promise<unknown>): Promise<ErrorBody> {
  const answer = await work.then(
    (value) => new Error(`accepted: ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (answer instanceof Error && answer.message.startsWith("accepted: ")) throw answer;
  return errorBodyOf(answer);
}

const upload = (bytes: Uint8Array) => refusalOf(cluster.client.uploadBundle(bytes));

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("a bundle is refused", () => {
  test("when it is cut off", async () => {
    const error = await upload(sampleModule().subarray(0, 200));
    expect(error).toMatchObject({ code: "BUNDLE_TRUNCATED" });
  });

  test("when it is too large", async () => {
    expect(await upload(new Uint8Array(BUNDLE_MAX_BYTES + 1))).toMatchObject({
      code: "BUNDLE_TOO_LARGE",
      expected: `at most ${BUNDLE_MAX_BYTES} bytes`,
    });
  });

  test("when it is something else", async () => {
    expect(await upload(zipSync({ "a.txt": strToU8("a") }))).toMatchObject({
      code: "BUNDLE_NOT_WASM",
      value: "a zip archive",
    });
  });

  test("when its sources are a zip bomb", async () => {
    const bomb = zipSync({ "zeros.ts": new Uint8Array(12 * 1024 * 1024) }, { level: 9 });
    const custom = [customSection(SOURCES_SECTION, bomb)];
    const error = await upload(sampleModule({ custom }));
    expect(error.code).toBe("BUNDLE_ARCHIVE_BOMB");
    expect(error.expected).toBeDefined();
  });

  test("when it imports what no module may", async () => {
    const imports = ["wasi_snapshot_preview1.fd_write"];
    const error = await upload(sampleModule({ imports }));
    expect(error).toMatchObject({
      code: "BUNDLE_IMPORT_FORBIDDEN",
      value: `function ${imports[0]}`,
    });
    expect(error.expected).toContain("millrace.log");
  });

  test("when it declares more memory than the budget; without a maximum it gets the budget", async () => {
    expect(await upload(sampleModule({ memory: [1, 1, 1, 0x81, 0x20] }))).toMatchObject({
      code: "BUNDLE_MEMORY_ABOVE_BUDGET",
      value: "4097 pages",
      expected: expect.stringContaining("4096 pages"),
    });
    const accepted = await cluster.client.uploadBundle(sampleModule({ memory: [1, 0, 1] }));
    expect(accepted.memory.imposed).toBe(true);
    expect(accepted.warnings.join()).toContain("4096");
  });

  test("when it speaks another ABI version", async () => {
    const manifest = sampleManifest({ abiVersion: 7 });
    expect(await upload(sampleModule({ manifest }))).toMatchObject({
      code: "BUNDLE_ABI_VERSION",
      value: "7",
      expected: String(ABI_VERSION),
    });
  });
});

describe("a job is refused", () => {
  const vertex = (id: string, name: string, kind = "operator", more = {}) => {
    return { id, kind, operator: { bundle: "builtin", name }, ...more };
  };
  const source = vertex("lines", "text_lines", "source", {
    connector: { type: "file", path: "/nowhere" },
  });
  const sink = vertex("out", "format_json", "sink", { connector: { type: "blackhole" } });
  const submit = (vertices: unknown[], edges: unknown[], more = {}) =>
    refusalOf(cluster.client.submitJob({ version: 1, name: "bad", vertices, edges, ...more }));
  const plain = [{ from: "lines", to: "out" }];

  test("for an operator nobody knows", async () => {
    const error = await submit([source, vertex("x", "splitt"), sink], plain);
    expect(error).toMatchObject({ code: "JOB_UNKNOWN_OPERATOR", value: "splitt" });
    expect(error.field).toBe("vertices[1].operator.name");
    expect(error.expected).toContain("select");
  });

  test("for a cycle", async () => {
    const select = { parameters: { fields: { line: "line" } }, bundle: "builtin", name: "select" };
    const ring = ["a", "b"].map((id) => ({ id, kind: "operator", operator: select }));
    const edges = [
      { from: "lines", to: "a" },
      { from: "a", to: "b" },
      { from: "b", to: "a" },
      { from: "b", to: "out" },
    ];
    const error = await submit([source, ...ring, sink], edges);
    expect(error.code).toBe("JOB_CYCLE");
    expect(error.field).toMatch(/^edges/);
    expect(error.message).toContain("a");
  });

  test("for a key field that is not there", async () => {
    const edges = [{ from: "lines", to: "out", partitioner: "key_by", keys: ["word"] }];
    const error = await submit([source, sink], edges);
    expect(error).toMatchObject({ code: "JOB_KEY_FIELD_MISSING", value: "word" });
    expect(error.field).toBe("edges[0].keys[0]");
    expect(error.expected).toContain("line");
  });

  test("for a type that does not fit the input", async () => {
    const parameters = { field: "line", unit: "ms", maxOutOfOrdernessMs: 0 };
    const stamps = vertex("stamps", "assign_timestamps");
    const operator = { ...stamps.operator, parameters };
    const edges = [
      { from: "lines", to: "stamps" },
      { from: "stamps", to: "out" },
    ];
    const error = await submit([source, { ...stamps, operator }, sink], edges);
    expect(error).toMatchObject({
      code: "JOB_FIELD_TYPE",
      field: "vertices[1].operator.parameters.field",
      value: "STRING NOT NULL",
      expected: "BIGINT, TIMESTAMP(p) or TIMESTAMP_LTZ(p)",
    });
  });

  test("for more parallelism than maxParallelism", async () => {
    const wide = { ...source, parallelism: 3, maxParallelism: 2 };
    expect(await submit([wide, sink], [{ ...plain[0], partitioner: "rebalance" }])).toMatchObject({
      code: "JOB_PARALLELISM_ABOVE_MAX",
      value: "3",
    });
  });

  test("for more parallelism than the cluster has slots", async () => {
    expect(await submit([source, sink], plain, { parallelism: 9 })).toMatchObject({
      code: "SLOTS_INSUFFICIENT",
      field: "parallelism",
      value: "9",
      expected: "at most 2 slots, or more workers",
    });
  });

  test("for an option of a connector that is misspelt", async () => {
    const misspelt = { ...source, connector: { type: "file", path: "/x", recursiv: true } };
    expect(await submit([misspelt, sink], plain)).toMatchObject({
      code: "CONNECTOR_OPTION_UNKNOWN",
      field: "vertices[0].connector.recursiv",
      expected: expect.stringContaining("recursive"),
    });
  });
});

describe.each([
  [
    "JSON",
    '{"n":1}\n{"n":oops}\n{"n":3}\n[]\n{"n":5}\n',
    (path: string) => jsonLines(files(path), NUMBERS),
  ],
  ["CSV", "1\noops\n3\n4,too many\n5\n", (path: string) => csv(files(path), NUMBERS)],
])("%s lines that do not parse", (format, content, sourceOf) => {
  const submit = (choice: "fail" | "drop" | "dead-letter") => {
    const env = new StreamExecutionEnvironment();
    const path = fileOf(`${format}.txt`, content);
    const rows = env.fromSource(sourceOf(path)).onRowError(choice);
    if (choice === "dead-letter") rows.getSideOutput(OutputTag.deadLetter).collect();
    else rows.collect();
    if (choice === "dead-letter") rows.discard();
    return cluster.client.submitJob(env.toJobSpec(`${format} ${choice}`));
  };

  test("fail the job, with the place", async () => {
    const failure = await cluster.end(await submit("fail"));
    expect(failure).toMatchObject({
      code: "ROW_FAILED",
      expected: "rows it accepts, or onRowError drop or dead-letter",
    });
    expect(failure?.message).toMatch(/(json_lines|csv).*(byte|position|line|column)/);
  });

  test("are dropped and counted", async () => {
    const job = await submit("drop");
    expect((await cluster.rows(job)).rows).toEqual([{ n: 1 }, { n: 3 }, { n: 5 }]);
    expect(await cluster.end(job)).toBeUndefined();
    const { vertices } = await cluster.client.job(job);
    expect(vertices[0]?.metrics["failed-records"]).toBe(2);
  });

  test("go to the dead letters, each with its text, reason and position", async () => {
    const job = await submit("dead-letter");
    const { rows } = await cluster.rows<{ record: string; error: string; position: number }>(job);
    expect(rows).toHaveLength(2);
    expect(rows[0]?.record).toContain("oops");
    expect(rows[0]?.error).not.toBe("");
    expect(rows[0]?.position).toBe(content.indexOf("\n") + 1);
    expect(await cluster.end(job)).toBeUndefined();
  });
});

describe("a file", () => {
  const submit = (path: string, recursive = false) => {
    const env = new StreamExecutionEnvironment();
    env.fromSource(textLines(files(path, { recursive }))).collect();
    return cluster.client.submitJob(env.toJobSpec("file"));
  };

  test("that is missing fails the job with its path", async () => {
    const path = join(folder, "nowhere.txt");
    const failure = await cluster.end(await submit(path));
    expect(failure).toMatchObject({ code: "FILE_NOT_FOUND", field: "path", value: path });
  });

  test("that vanishes while the job reads its folder fails the job with its path", async () => {
    const inputs = join(folder, "inputs");
    mkdirSync(inputs);
    const line = `${"x".repeat(1_000)}\n`;
    for (const name of ["a", "b"]) writeFileSync(join(inputs, name), line.repeat(20_000));
    const job = await submit(inputs);
    let failure: ErrorBody | undefined;
    // The client takes a little, the job waits for it, the second file goes.
    for await (const item of cluster.client.rows(job)) {
      if (item.type === "rows") rmSync(join(inputs, "b"), { force: true });
      if (item.type === "end") failure = item.error;
    }
    const value = join(inputs, "b");
    expect(failure).toMatchObject({ code: "FILE_NOT_FOUND", field: "path", value });
  });

  test("that is not what its name says fails the job with its path", async () => {
    const path = fileOf("text.gz", "not gzip");
    const failure = await cluster.end(await submit(path));
    expect(failure).toMatchObject({ code: "FILE_CORRUPT", field: "path", value: path });
  });
});

describe("at the door", () => {
  const wait = (socket: WebSocket) =>
    once(socket, "close").then(([code, reason]) => ({ code, reason: String(reason) }));
  const dial = async () => {
    const { workerUrl, tokens } = cluster.manager;
    const headers = { authorization: `Bearer ${tokens.worker}` };
    const ws = new WebSocket(workerUrl, { headers });
    closers.add(() => ws.terminate());
    await once(ws, "open");
    return ws;
  };

  test("a wrong token is refused, for a client and for a worker", async () => {
    const client = new MillraceClient({ url: cluster.manager.url, token: "wrong" });
    expect(await refusalOf(client.overview())).toMatchObject({
      code: "UNAUTHORIZED",
      field: "Authorization",
      expected: expect.stringMatching(/^Bearer <token>, .*tokens\.json/),
    });
    const options = { jobManager: cluster.manager.url, log: () => undefined };
    for (const [token, code] of [
      ["wrong", "UNAUTHORIZED"],
      [cluster.manager.tokens.readOnly, "FORBIDDEN"],
    ] as const) {
      const worker = await startTaskManager({ ...options, token });
      expect(await inTime("refusal", worker.stopped)).toMatchObject({ code });
    }
  });

  test("a wrong Host is refused, for a client and for a worker", async () => {
    const { port } = new URL(cluster.manager.url);
    const tcp = connect(Number(port), "127.0.0.1");
    const { client } = cluster.manager.tokens;
    const head = [
      "GET /v1/overview HTTP/1.1",
      "Host: evil.example",
      `Authorization: Bearer ${client}`,
    ];
    tcp.write(`${head.join("\r\n")}\r\nConnection: close\r\n\r\n`);
    let answer = "";
    for await (const chunk of tcp) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
    expect(answer).toContain('"HOST_NOT_ALLOWED"');
    expect(answer).toContain('"evil.example"');
    // A port that is forwarded to the server's is not the server's, unless it was told so.
    const proxy = await BlackHoleProxy.start(closers);
    proxy.forwardTo(Number(port));
    const jobManager = `http://127.0.0.1:${proxy.port}`;
    const token = cluster.manager.tokens.worker;
    const worker = await startTaskManager({ jobManager, token, log: () => undefined });
    expect(await inTime("refusal", worker.stopped)).toMatchObject({
      code: "HOST_NOT_ALLOWED",
      field: "Host",
      value: `127.0.0.1:${proxy.port}`,
      expected: "a name of this server; more by --allowed-host",
    });
  });

  test("a frame that is too large ends its link alone", async () => {
    const ws = await dial();
    const closed = wait(ws);
    ws.send("x".repeat(CONTROL_MESSAGE_MAX_BYTES + 1));
    expect((await inTime("close", closed)).code).toBe(1009);
  });

  test("a WebSocket that says nothing is closed", async () => {
    const { code, reason } = await inTime("close", wait(await dial()));
    expect(code).toBe(1000);
    expect(reason).toContain("did not register within 5000 ms");
  });

  test("a port in use is named", async () => {
    const port = Number(new URL(cluster.manager.url).port);
    const second = TestCluster.start(closers, { port });
    expect(await refusalOf(second)).toMatchObject({
      code: "PORT_IN_USE",
      field: "port",
      value: String(port),
      expected: "another port, or --port 0 for any free one",
    });
  });
});

test("the neighbour of all this has run on and ends right", async () => {
  await finishNeighbour();
  const workers = await cluster.client.taskManagers();
  expect(workers.map(({ id, freeSlots }) => [id, freeSlots])).toEqual([["w1", 2]]);
});
