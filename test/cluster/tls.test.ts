/** TLS: certificates made by openssl; workers verify the JobManager and each other. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { startMillrace, stopProcess } from "../../src/cli/demo/processes.ts";
import { MillraceClient } from "../../src/client/millrace-client.ts";
import { jsonLines, socket } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { HANDSHAKE_TIMEOUT_MS } from "../../src/protocol/limits.ts";
import { startTaskManager } from "../../src/taskmanager/task-manager-process.ts";
import { Closers, inTime, TestCluster, temporaryFolder } from "./cluster.ts";
import { LineServer } from "./line-server.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const closers = new Closers();
afterEach(() => closers.close());

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.log("SKIPPED: TLS tests, because there is no openssl here");

/** A certificate that vouches for itself, for 127.0.0.1. */
function certificate(): { cert: string; key: string } {
  const folder = temporaryFolder(closers);
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const subject = ["-subj", "/CN=millrace.test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const out = ["-days", "2", "-keyout", files.key, "-out", files.cert];
  const made = spawnSync("openssl", ["req", ...kind, ...subject, ...out], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  return files;
}

function pem(files: { cert: string; key: string }): { cert: string; key: string } {
  return { cert: readFileSync(files.cert, "utf8"), key: readFileSync(files.key, "utf8") };
}

describe.skipIf(!hasOpenssl)("TLS", () => {
  test("carries a job: control link, modules and data links", async () => {
    const files = certificate();
    const tls = pem(files);
    const cluster = await TestCluster.start(closers, { tls: files });
    expect(cluster.manager.url).toMatch(/^https:/);
    const worker = await cluster.worker("w1", 1, { ca: tls.cert, tls });
    expect(worker.dataAddress).toMatch(/^wss:/);
    await cluster.worker("w2", 1, { ca: tls.cert, tls });
    const rows = Array.from({ length: 100 }, (_, n) => ({ n }));
    const server = await LineServer.start(
      closers,
      rows.map((row) => JSON.stringify(row)),
      0,
    );
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const schema = [{ name: "n", type: { type: "BIGINT" as const } }];
    env
      .fromSource(jsonLines(socket("127.0.0.1", server.port), schema))
      .rebalance()
      .collect();
    // The certificate vouches for itself: fetch has no place to say so, the dispatcher needs none.
    const response = await httpsJson(cluster, tls.cert, env.toJobSpec("over TLS"));
    const reader = cluster.manager.dispatcher.readRows(response.jobid);
    const lines: string[] = [];
    for (;;) {
      const item = await inTime("rows", reader.next());
      if (item?.type === "rows") lines.push(...item.lines.trimEnd().split("\n"));
      else if (item?.type === "end") {
        expect(item.status).toBe("FINISHED");
        break;
      }
    }
    const numbers = lines.map((line) => (JSON.parse(line) as { n: number }).n);
    expect(numbers.sort((a, b) => a - b)).toEqual(rows.map(({ n }) => n));
  });

  test("is refused by a worker that does not know the certificate", async () => {
    const cluster = await TestCluster.start(closers, { tls: certificate() });
    const { promise, resolve } = Promise.withResolvers<string>();
    const worker = await startTaskManager({
      jobManager: cluster.manager.url,
      token: cluster.manager.tokens.worker,
      log: resolve,
    });
    closers.add(() => worker.close());
    expect(await inTime("a warning", promise)).toMatch(/self.signed certificate/);
  });

  test("closes a connection that does not shake hands", async () => {
    const cluster = await TestCluster.start(closers, { tls: certificate() });
    const tcp = connect(Number(new URL(cluster.manager.url).port), "127.0.0.1");
    closers.add(() => void tcp.destroy());
    tcp.resume();
    const sinceMs = performance.now();
    await inTime("close", once(tcp, "close"));
    expect(performance.now() - sinceMs).toBeLessThan(HANDSHAKE_TIMEOUT_MS + 4_000);
  });

  test("is set by --tls-cert and --tls-key, and taken by --ca", async () => {
    const { cert, key } = certificate();
    const folder = temporaryFolder(closers);
    const flags = ["--port", "0", "--data-dir", folder, "--tls-cert", cert, "--tls-key", key];
    const manager = await startMillrace(["jobmanager", ...flags], /ready at/);
    closers.add(() => stopProcess(manager.child));
    const url = /https:\S+/.exec(manager.line)?.[0] ?? "";
    const tokens = JSON.parse(readFileSync(join(folder, "tokens.json"), "utf8"));
    const listener = ["--host", "0.0.0.0", "--tls-cert", cert, "--tls-key", key];
    const worker = await startMillrace(
      ["taskmanager", "--jobmanager", url, "--ca", cert, "--name", "w1", ...listener],
      /joined/,
      { MILLRACE_WORKER_TOKEN: tokens.worker },
    );
    closers.add(() => stopProcess(worker.child));
    expect(worker.line).toContain("w1");
    const client = new MillraceClient({ url, token: tokens.client });
    await expect(client.overview()).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    // A client says whom it trusts in Node's own way.
    const list = spawnSync(process.execPath, [MAIN, "list", "--url", url], {
      env: { ...process.env, MILLRACE_TOKEN: tokens.client, NODE_EXTRA_CA_CERTS: cert },
      encoding: "utf8",
    });
    expect(list.stderr).toBe("");
    expect(list.status).toBe(0);
  });
});

test("a data listener beyond loopback is refused without TLS", async () => {
  const options = { jobManager: "http://127.0.0.1:1", token: "t", log: () => undefined };
  for (const host of ["0.0.0.0", "::", "192.168.1.1", "127.0.0.1.evil.example"]) {
    await expect(startTaskManager({ ...options, host })).rejects.toMatchObject({
      code: "BIND_REFUSED",
      field: "host",
      value: host,
    });
  }
  const behind = await startTaskManager({ ...options, host: "0.0.0.0", behindTlsProxy: true });
  await behind.close();
  const tls = { cert: "no", key: "certificate" };
  await expect(startTaskManager({ ...options, tls })).rejects.toMatchObject({
    code: "TLS_INVALID",
  });
});

/** Submits a job over HTTPS with the certificate as its own authority. */
async function httpsJson(cluster: TestCluster, ca: string, spec: unknown) {
  const { request } = await import("node:https");
  const { promise, resolve, reject } = Promise.withResolvers<{ jobid: string }>();
  const { client } = cluster.manager.tokens;
  const headers = { authorization: `Bearer ${client}`, "content-type": "application/json" };
  const call = request(`${cluster.manager.url}/v1/jobs`, { ca, headers, method: "POST" }, (r) => {
    let text = "";
    r.on("data", (chunk) => {
      text += chunk;
    });
    r.on("end", () => resolve(JSON.parse(text)));
  });
  call.on("error", reject);
  call.end(JSON.stringify(spec));
  return inTime("answer", promise);
}
