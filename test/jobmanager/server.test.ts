import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { MillraceClient } from "../../src/client/millrace-client.ts";
import { type JobManagerOptions, startJobManager } from "../../src/jobmanager/server.ts";
import {
  deploymentBytes,
  type JobManagerMessage,
  parseJobManagerMessage,
} from "../../src/protocol/control-messages.ts";
import { CONTROL_MESSAGE_MAX_BYTES } from "../../src/protocol/limits.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/versions.ts";

let dir: string;
const closers: (() => Promise<void> | void)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-jobmanager-"));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: JobManagerOptions = {}) {
  const manager = await startJobManager({ port: 0, dataDir: dir, print: () => {}, ...options });
  closers.push(() => manager.close());
  const client = new MillraceClient({ url: manager.url, token: manager.tokens.client });
  return { manager, client };
}

const REGISTER = {
  type: "register",
  protocolVersion: PROTOCOL_VERSION,
  worker: "w",
  incarnation: "1",
  slots: 2,
  address: "ws://127.0.0.1:1",
  runtime: "test",
  labels: {},
  memoryMaxPages: 64,
};

/** A worker that says what it is told to; `next` gives the JobManager's messages in order. */
async function dial(url: string, token: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}`, ...headers } });
  closers.push(() => socket.terminate());
  const messages: JobManagerMessage[] = [];
  let wake = () => {};
  socket.on("message", (data) => {
    messages.push(parseJobManagerMessage(String(data)));
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
    socket.on("unexpected-response", (_request, response) => {
      reject(new Error(`status ${response.statusCode}`));
    });
  });
  return {
    socket,
    closed,
    say: (message: unknown) => socket.send(JSON.stringify(message)),
    next: async (): Promise<JobManagerMessage> => {
      while (messages.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return messages.shift()!;
    },
  };
}

describe("starting", () => {
  test("makes three tokens on the first run, readable by the owner only, and keeps them", async () => {
    const first = await start();
    expect(first.manager.tokensCreated).toBe(true);
    expect(statSync(first.manager.tokensPath).mode & 0o777).toBe(0o600);
    expect(new Set(Object.values(first.manager.tokens)).size).toBe(3);
    const second = await start();
    expect(second.manager.tokensCreated).toBe(false);
    expect(second.manager.tokens).toEqual(first.manager.tokens);
  });

  test("refuses damaged tokens instead of replacing them", async () => {
    writeFileSync(join(dir, "tokens.json"), "{");
    await expect(start()).rejects.toMatchObject({ code: "TOKENS_UNREADABLE" });
  });

  test.each([["0.0.0.0"], ["::"], ["192.168.1.1"], ["127.0.0.1.evil.example"]])(
    "refuses to listen on %s in the clear",
    async (host) => {
      await expect(start({ host })).rejects.toMatchObject({ code: "BIND_REFUSED", value: host });
    },
  );

  test("listens there behind a TLS proxy, for the hosts that are named", async () => {
    const options = { host: "0.0.0.0", behindTlsProxy: true, allowedHosts: ["mill.example"] };
    const { manager } = await start(options);
    const port = new URL(manager.url).port;
    const url = `http://127.0.0.1:${port}/v1/overview`;
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${manager.tokens.client}` },
    });
    expect(response.status, "127.0.0.1 was not named").toBe(403);
  });

  test("names a TLS file that is not there", async () => {
    const tls = { cert: join(dir, "none.pem"), key: join(dir, "none.key") };
    await expect(start({ tls })).rejects.toMatchObject({ code: "TLS_INVALID", value: tls.cert });
  });

  test("says that a port is in use", async () => {
    const { server, port } = await occupiedPort();
    closers.push(() => void server.close());
    await expect(start({ port })).rejects.toMatchObject({ code: "PORT_IN_USE", field: "port" });
  });
});

describe("a worker link", () => {
  test("registers, beats, and is gone from the overview as soon as it closes", async () => {
    const { manager, client } = await start();
    const worker = await dial(manager.workerUrl, manager.tokens.worker);
    worker.say(REGISTER);
    expect(await worker.next()).toMatchObject({ type: "registered", heartbeatTimeoutMs: 10_000 });
    worker.say({ type: "heartbeat", sequence: 7 });
    expect(await worker.next()).toEqual({ type: "heartbeat_ack", sequence: 7 });
    expect((await client.overview()).taskmanagers).toBe(1);
    const lost = new Promise<void>((resolve) => {
      const events = manager.dispatcher.events.subscribe(
        (event) => event.type === "worker" && event.state === "lost",
      );
      void events.next(Number.POSITIVE_INFINITY).then(() => resolve());
    });
    worker.socket.terminate();
    await lost;
    expect((await client.overview()).taskmanagers).toBe(0);
  });

  test("takes the worker token only, from an allowed Host and no other site", async () => {
    const { manager } = await start();
    const { workerUrl, tokens } = manager;
    await expect(dial(workerUrl, "wrong")).rejects.toThrow("401");
    await expect(dial(workerUrl, tokens.client)).rejects.toThrow("403");
    await expect(dial(workerUrl, tokens.readOnly)).rejects.toThrow("403");
    const foreign = { origin: "http://evil.example" };
    await expect(dial(workerUrl, tokens.worker, foreign)).rejects.toThrow("403");
    await expect(dial(workerUrl, tokens.worker, { host: "evil.example" })).rejects.toThrow("403");
    await expect(dial(`${workerUrl}/x`, tokens.worker)).rejects.toThrow("404");
  });

  test("of another protocol version is refused by name, whatever else it says", async () => {
    const { manager } = await start();
    const worker = await dial(manager.workerUrl, manager.tokens.worker);
    worker.say({ ...REGISTER, protocolVersion: 9, novelty: true });
    expect(await worker.next()).toMatchObject({
      type: "rejected",
      error: { code: "PROTOCOL_VERSION_MISMATCH", value: "9" },
    });
    await worker.closed;
  });

  test.each([
    ["no JSON", "{"],
    ["an unknown message", JSON.stringify({ type: "nonsense" })],
    ["a message with a wrong field", JSON.stringify({ ...REGISTER, slots: 0 })],
    ["bytes", Buffer.from([1, 2, 3])],
  ])("is closed when it says %s", async (_name, data) => {
    const { manager } = await start();
    const worker = await dial(manager.workerUrl, manager.tokens.worker);
    worker.socket.send(data);
    expect((await worker.closed).reason).toContain("MESSAGE_INVALID");
  });

  test("is closed when a frame is too large", async () => {
    const { manager } = await start();
    const worker = await dial(manager.workerUrl, manager.tokens.worker);
    worker.socket.on("error", () => {});
    worker.socket.send("x".repeat(5 * 1024 * 1024));
    expect([1006, 1009]).toContain((await worker.closed).code);
  });

  test("gives way to a newer process of its name, and is told so", async () => {
    const { manager } = await start();
    const old = await dial(manager.workerUrl, manager.tokens.worker);
    old.say(REGISTER);
    await old.next();
    const young = await dial(manager.workerUrl, manager.tokens.worker);
    young.say({ ...REGISTER, incarnation: "2" });
    expect(await young.next()).toMatchObject({ type: "registered" });
    expect(await old.next()).toMatchObject({ error: { code: "WORKER_REPLACED" } });
    await old.closed;
  });

  test("that stays silent is cut after the heartbeat time-out", async () => {
    const { manager } = await start({ heartbeatIntervalMs: 50, heartbeatTimeoutMs: 200 });
    const worker = await dial(manager.workerUrl, manager.tokens.worker);
    worker.say(REGISTER);
    await worker.next();
    expect((await worker.closed).reason).toContain("no sign of life for 200 ms");
  });
});

describe("a bundle and a job over HTTP", () => {
  const wordCount = new URL("../../build/word-count.wasm", import.meta.url);

  test("an upload is parsed in a thread, kept, and found again after a restart", async () => {
    const { manager, client } = await start();
    const bundle = await client.uploadBundle(readFileSync(wordCount));
    expect(bundle.manifest.operators.length).toBeGreaterThan(0);
    await manager.close();
    const again = await start();
    expect((await again.client.bundles()).map(({ id }) => id)).toEqual([bundle.id]);
  });

  test("a foreign file is refused by what it is", async () => {
    const { client } = await start();
    await expect(client.uploadBundle(Buffer.from("PK\x03\x04 not wasm"))).rejects.toMatchObject({
      code: "BUNDLE_NOT_WASM",
    });
  });

  test("a job is planned, deployed to the worker, followed to its end and read", async () => {
    const { manager, client } = await start();
    const worker = await dial(manager.workerUrl, manager.tokens.worker);
    worker.say(REGISTER);
    await worker.next();
    const job = await client.submitJob(LINES_TO_COLLECT);
    const message = await worker.next();
    if (message.type !== "deploy") throw new Error(`expected a deployment, got ${message.type}`);
    const { attempt, tasks } = message.deployment;
    const sink = tasks.find((one) => one.chain.some((op) => op.connector?.type === "collect"))!;
    for (const state of ["RUNNING", "FINISHED"]) {
      for (const { vertex, subtask } of tasks) {
        if (state === "FINISHED" && vertex === sink.vertex) {
          const lines = '{"record":"a"}\n';
          const { uid } = sink.chain.find((op) => op.connector?.type === "collect")!;
          worker.say({ type: "rows", job, attempt, vertex, subtask, sink: uid, lines });
        }
        worker.say({ type: "task_state", job, attempt, vertex, subtask, state });
      }
    }
    const told: string[] = [];
    while (!told.includes("commit")) told.push((await worker.next()).type);
    expect(told).toEqual(["rows_credit", "commit"]);
    worker.say({ type: "attempt_released", job, attempt });
    worker.say({ type: "committed", job, attempt });
    await client.waitForEnd(job);
    const rows = [];
    for await (const item of client.rows(job)) rows.push(item);
    expect(rows).toMatchObject([{ lines: '{"record":"a"}\n' }, { type: "end" }]);
    const { state, plan } = await client.job(job);
    expect(state).toBe("FINISHED");
    expect(plan).toMatchObject({ jid: job, type: "STREAMING" });
    expect((await client.overview())["slots-available"]).toBe(2);
  });

  test("a job that needs more slots, or names an unknown operator, is refused with the field", async () => {
    const { client } = await start();
    await expect(client.submitJob(LINES_TO_COLLECT)).rejects.toMatchObject({
      code: "SLOTS_INSUFFICIENT",
    });
    const [source, sink] = LINES_TO_COLLECT.vertices;
    const unknown = { ...source, operator: { bundle: "builtin", name: "nothing" } };
    const spec = { ...LINES_TO_COLLECT, vertices: [unknown, sink] };
    await expect(client.submitJob(spec)).rejects.toMatchObject({
      code: "JOB_UNKNOWN_OPERATOR",
      field: expect.stringContaining("vertices[0].operator"),
    });
  });
});

describe("a job of 200 subtasks on each side of an exchange", () => {
  test("reaches one worker with all its 80,000 channel ends, in a message far below the limit", async () => {
    const { manager, client } = await start();
    const worker = await dial(manager.workerUrl, manager.tokens.worker);
    worker.say({ ...REGISTER, slots: 200 });
    await worker.next();
    const vertices = LINES_TO_COLLECT.vertices.map((vertex) => ({ ...vertex, parallelism: 200 }));
    const edges = [{ from: "lines", to: "out", partitioner: "rebalance" }];
    await client.submitJob({ ...LINES_TO_COLLECT, vertices, edges });
    const message = await worker.next();
    if (message.type !== "deploy") throw new Error(`expected a deployment, got ${message.type}`);
    const edgesOf = message.deployment.tasks.flatMap((task) => [...task.gates, ...task.outputs]);
    expect(edgesOf.flatMap((edge) => edge.channels)).toHaveLength(2 * 200 * 200);
    expect(deploymentBytes(message.deployment)).toBeLessThan(CONTROL_MESSAGE_MAX_BYTES / 50);
  });

  test("is refused when it is submitted, if no worker could read what it has to be told", async () => {
    const { client } = await start();
    const schema = Array.from({ length: 1_000 }, (_, i) => ({
      name: `${"n".repeat(100)}${i}`,
      type: { type: "BIGINT" },
    }));
    const operator = { bundle: "builtin", name: "json_lines" };
    const connector = { type: "file", path: "/tmp/lines.txt" };
    const outputs = [{ name: "main", schema }];
    const source = { id: "lines", kind: "source", operator, connector, outputs };
    const sinks = Array.from({ length: 40 }, (_, i) => ({
      ...LINES_TO_COLLECT.vertices[1],
      id: `out${i}`,
    }));
    const edges = sinks.map(({ id }) => ({ from: "lines", to: id }));
    const spec = { version: 1, name: "wide", vertices: [source, ...sinks], edges };
    await expect(client.submitJob(spec)).rejects.toMatchObject({ code: "DEPLOYMENT_TOO_LARGE" });
  });
});

describe("the client", () => {
  test("says clearly that nobody answers, and that somebody else does", async () => {
    const nobody = new MillraceClient({ url: "http://127.0.0.1:1", token: "x" });
    await expect(nobody.overview()).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    const other = new MillraceClient({
      url: "http://127.0.0.1:1",
      token: "x",
      fetch: async () => new Response("<html>"),
    });
    await expect(other.overview()).rejects.toMatchObject({ code: "ANSWER_INVALID" });
  });
});

const LINES_TO_COLLECT = {
  version: 1,
  name: "lines",
  vertices: [
    {
      id: "lines",
      kind: "source",
      operator: { bundle: "builtin", name: "text_lines" },
      connector: { type: "file", path: "/tmp/lines.txt" },
    },
    {
      id: "out",
      kind: "sink",
      operator: { bundle: "builtin", name: "format_json" },
      connector: { type: "collect" },
    },
  ],
  edges: [{ from: "lines", to: "out" }],
};

async function occupiedPort(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as { port: number }).port };
}
