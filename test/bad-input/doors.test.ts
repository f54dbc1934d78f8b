/** Who knocks and does not come in: at the JobManager's port, at a worker's data port, on the command line. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startMillrace, stopProcess } from "../../src/cli/demo/processes.ts";
import { FRAME_MAX_BYTES, HANDSHAKE_TIMEOUT_MS } from "../../src/protocol/limits.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/versions.ts";
import { Closers, inTime, TestCluster, temporaryFolder } from "../cluster/cluster.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const closers = new Closers();
let cluster: TestCluster;
let dataAddress: string;

beforeAll(async () => {
  cluster = await TestCluster.start(closers);
  ({ dataAddress } = await cluster.worker("w1", 1));
});
afterAll(() => closers.close());

/** How long a connection that sends this stays open, ms. */
async function lifetimeOf(url: string, text: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const sinceMs = performance.now();
  const tcp = connect(Number(port), hostname);
  closers.add(() => void tcp.destroy());
  tcp.resume();
  if (text !== "") tcp.write(text);
  await inTime(`close after ${JSON.stringify(text)}`, once(tcp, "close"));
  return performance.now() - sinceMs;
}

async function dialWorker(token = cluster.manager.tokens.worker): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${token}` };
  const ws = new WebSocket(`${dataAddress}/v1/data`, { headers });
  closers.add(() => ws.terminate());
  await inTime("data link", once(ws, "open"));
  return ws;
}

test("a connection that does not come to its point is closed", async () => {
  const head = "GET /v1/worker HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n";
  const urls = [cluster.manager.url, dataAddress];
  const waits = urls.flatMap((url) => ["", head].map((text) => lifetimeOf(url, text)));
  const silent = await dialWorker();
  const [tookMs] = await Promise.all([
    Promise.all(waits),
    // A worker's token alone is not enough either: its hello is waited for just as long.
    inTime("close of a silent data link", once(silent, "close")),
  ]);
  for (const ms of tookMs) {
    expect(ms).toBeGreaterThan(HANDSHAKE_TIMEOUT_MS / 2);
    expect(ms).toBeLessThan(HANDSHAKE_TIMEOUT_MS + 4_000);
  }
  expect((await cluster.client.taskManagers()).map(({ id }) => id)).toEqual(["w1"]);
});

describe("a data link", () => {
  test("a frame too large is refused by its length, before its bytes come", async () => {
    const ws = await dialWorker();
    const { worker: token } = cluster.manager.tokens;
    const hello = { type: "hello", protocolVersion: PROTOCOL_VERSION, worker: "w0" };
    ws.send(JSON.stringify({ ...hello, incarnation: "1", token }));
    const closed = once(ws, "close");
    // A binary message, masked, of one byte more than may come; RFC 6455, 5.2.
    const header = Buffer.alloc(14);
    header.writeUInt16BE(0x82ff, 0);
    header.writeBigUInt64BE(BigInt(FRAME_MAX_BYTES + 1), 2);
    (ws as unknown as { _socket: Socket })._socket.write(header);
    const [code] = await inTime("close", closed);
    expect(code).toBe(1009);
    // The worker itself is as before.
    expect((await cluster.client.taskManagers()).map(({ id }) => id)).toEqual(["w1"]);
  });

  test("is refused to a client's token and to a browser", async () => {
    const { client, worker } = cluster.manager.tokens;
    const refused = async (headers: Record<string, string>) => {
      const ws = new WebSocket(`${dataAddress}/v1/data`, { headers });
      const [error] = await inTime("refusal", once(ws, "error"));
      return error.message;
    };
    expect(await refused({ authorization: `Bearer ${client}` })).toContain("401");
    const origin = "http://127.0.0.1:8081";
    expect(await refused({ authorization: `Bearer ${worker}`, origin })).toContain("403");
  });
});

describe("the JobManager", () => {
  test("refuses the page of another site, on routes and on the worker link", async () => {
    const { url, tokens } = cluster.manager;
    const ask = async (path: string, extra: Record<string, string>) => {
      const headers = { authorization: `Bearer ${tokens.client}`, ...extra };
      const call = request(`${url}${path}`, { headers });
      call.end();
      const [response] = await inTime("answer", once(call, "response"));
      let text = "";
      for await (const chunk of response) text += chunk;
      return { status: response.statusCode, headers: response.headers, text };
    };
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const key = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
    const origin = "https://evil.example";
    for (const answer of [
      await ask("/v1/overview", { origin }),
      await ask("/v1/worker", { origin, ...upgrade, ...key }),
    ]) {
      expect(answer.status).toBe(403);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      expect(JSON.parse(answer.text).errors[0]).toMatchObject({
        code: "ORIGIN_NOT_ALLOWED",
        field: "Origin",
        value: origin,
      });
    }
    expect((await ask("/v1/overview", { origin: url })).status).toBe(200);
  });
});

describe("the command line", () => {
  test("--allowed-host and --allowed-origin let in who is named, and nobody else", async () => {
    const folder = temporaryFolder(closers);
    const named = ["--allowed-host", "mill.example", "--allowed-origin", "https://ui.example"];
    const flags = ["--port", "0", "--data-dir", folder, ...named];
    const { child, line } = await startMillrace(["jobmanager", ...flags], /ready at/);
    const { readOnly } = JSON.parse(readFileSync(join(folder, "tokens.json"), "utf8"));
    const statusOf = async (host: string, origin: string) => {
      const headers = { authorization: `Bearer ${readOnly}`, host, origin };
      const call = request(`${/http:\S+/.exec(line)}/v1/overview`, { headers });
      call.end();
      const [response] = await inTime("answer", once(call, "response"));
      response.resume();
      return response.statusCode;
    };
    expect(await statusOf("mill.example", "https://ui.example")).toBe(200);
    expect(await statusOf("mill.example", "https://evil.example")).toBe(403);
    expect(await statusOf("evil.example", "https://ui.example")).toBe(403);
    await stopProcess(child);
  });

  test("a port in use is named on the command line, with what to do", () => {
    const { port } = new URL(cluster.manager.url);
    const args = [MAIN, "jobmanager", "--port", port, "--data-dir", temporaryFolder(closers)];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: the port is in use`);
    expect(stderr).toContain("[PORT_IN_USE]");
    expect(stderr).toMatch(/expected: .*--port 0/);
  });

  test("tokens are printed once, and kept for the owner alone", async () => {
    const folder = join(temporaryFolder(closers), "data");
    const printed: string[] = [];
    for (let run = 0; run < 2; run++) {
      const args = ["jobmanager", "--port", "0", "--data-dir", folder];
      const { child, line } = await startMillrace(args, run === 0 ? /read-only/ : /ready at/);
      printed.push(line);
      await stopProcess(child);
    }
    const { readOnly } = JSON.parse(readFileSync(join(folder, "tokens.json"), "utf8"));
    expect(printed[0]).toContain(readOnly);
    expect(printed[1]).not.toContain(readOnly);
    expect(statSync(join(folder, "tokens.json")).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });
});
