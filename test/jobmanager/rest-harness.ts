/** A JobManager's app over a temporary folder, without a port. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../../src/jobmanager/app.ts";
import type { App } from "../../src/jobmanager/app-context.ts";
import { BundleStore } from "../../src/jobmanager/bundle-store.ts";
import { Dispatcher } from "../../src/jobmanager/dispatcher.ts";
import { LogTail } from "../../src/jobmanager/log-tail.ts";
import { IngressPolicy, type Tokens } from "../../src/jobmanager/security.ts";
import { parseJobSpec } from "../../src/plan/validate-job.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import { ABI_VERSION, PROTOCOL_VERSION } from "../../src/protocol/versions.ts";
import { plannedJob } from "./planned-jobs.ts";

export const TOKENS: Tokens = {
  client: "client-token-client-token-client-token",
  worker: "worker-token-worker-token-worker-token",
  readOnly: "readonly-token-readonly-token-readonly",
};

export type TestRole = "client" | "worker" | "read-only";

const BEARER = { client: TOKENS.client, worker: TOKENS.worker, "read-only": TOKENS.readOnly };

export interface RestHarness {
  readonly app: App;
  readonly dispatcher: Dispatcher;
  readonly bundles: BundleStore;
  readonly log: LogTail;
  readonly dir: string;
  request(path: string, init?: RequestInit & { role?: TestRole }): Promise<Response>;
  /** Registers a worker that nobody plays. */
  worker(name: string, slots: number): void;
  close(): void;
}

/** A spec of the right shape; the harness plans it by its name alone. */
export function jobSpec(name = "words", bundle?: string) {
  const operator = { ...(bundle === undefined ? {} : { bundle }), name: "datagen" };
  const vertices = [{ id: "source", kind: "source", operator, parallelism: 1 }];
  return { version: 1, name, vertices };
}

export async function restHarness(): Promise<RestHarness> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-rest-"));
  const log = new LogTail(() => {});
  const bundles = await BundleStore.open(join(dir, "bundles"), async (path) => {
    const bytes = readFileSync(path);
    if (bytes.subarray(0, 4).toString("latin1") !== "\0asm") {
      throw new MillraceError("BUNDLE_NOT_WASM", "Cannot accept bundle: it is no module");
    }
    return bundleInfo(bytes);
  });
  const ingress = new IngressPolicy({ host: "127.0.0.1", tls: false });
  ingress.listensOn(8081);
  const dispatcher = new Dispatcher({ seed: 1 }, log);
  const app = createApp({
    dispatcher,
    bundles,
    log,
    tokens: TOKENS,
    ingress,
    planJob: (spec) => {
      const { name, vertices } = parseJobSpec(spec);
      const used = vertices.map((vertex) => vertex.operator.bundle);
      return plannedJob({ name, parallelism: 1, bundles: used, sink: "collect" });
    },
    heartbeatIntervalMs: 1_000,
    heartbeatTimeoutMs: 10_000,
    memoryMaxPages: 4_096,
  });
  return {
    app,
    dispatcher,
    bundles,
    log,
    dir,
    request: async (path, { role = "client", headers, ...init } = {}) =>
      app.request(path, {
        ...init,
        headers: { host: "127.0.0.1:8081", authorization: `Bearer ${BEARER[role]}`, ...headers },
      }),
    worker: (name, slots) => {
      dispatcher.handle({ type: "link_opened", link: name });
      const description = { incarnation: "1", slots, address: `ws://${name}`, runtime: "test" };
      const message = { type: "register" as const, protocolVersion: PROTOCOL_VERSION };
      const rest = { worker: name, labels: {}, memoryMaxPages: 64 };
      dispatcher.handle({
        type: "link_message",
        link: name,
        message: { ...message, ...description, ...rest },
      });
    },
    close: () => {
      dispatcher.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Bytes that the harness takes for a bundle. */
export function wasmBytes(text = "a"): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(`\0asm\x01\0\0\0${text}`, "latin1"));
}

function bundleInfo(bytes: Buffer) {
  return {
    hash: createHash("sha256").update(bytes).digest("hex"),
    size: bytes.length,
    manifest: {
      manifestVersion: 1,
      abiVersion: ABI_VERSION,
      sdkVersion: "0.1.0",
      name: "word-count",
      operators: [
        {
          name: "datagen",
          kind: "source" as const,
          inputs: [],
          outputs: [],
          parameters: [],
          states: [],
        },
      ],
      capabilities: [],
    },
    imports: [],
    exports: [],
    memory: { initial: 1, imposed: true, budget: 4_096 },
    sourcesBytes: 0,
    warnings: ["its memory has no maximum: 4096 pages are imposed"],
  };
}
