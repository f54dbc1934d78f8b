/**
 * A JobManager process: HTTP, worker links, bundle store and the core, started and stopped together.
 */
import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { BundleInfo } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import { type HttpEndpoints, parseHttpEndpoints } from "../protocol/http-endpoint.ts";
import {
  HANDSHAKE_CHECK_PERIOD_MS,
  HANDSHAKE_TIMEOUT_MS,
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TIMEOUT_MS,
  HTTP_CONNECTIONS_MAX,
  MODULE_MEMORY_MAX_PAGES,
} from "../protocol/limits.ts";
import { createApp } from "./app.ts";
import type { JobPlanner } from "./app-context.ts";
import { inspectInThread } from "./bundle-inspector.ts";
import { BundleStore } from "./bundle-store.ts";
import { Dispatcher } from "./dispatcher.ts";
import { createJobPlanner } from "./job-planner.ts";
import { formatLogLine, type LogLine, LogTail } from "./log-tail.ts";
import { checkBindAddress, IngressPolicy, loadTokens, type Tokens } from "./security.ts";
import { readTlsFiles, type TlsFiles } from "./tls.ts";
import { WORKER_LINK_PATH, WorkerLinks } from "./worker-links.ts";

/** How a JobManager is started. */
export interface JobManagerOptions {
  /** Address to listen on; default 127.0.0.1. Another one needs `tls` or `behindTlsProxy`. */
  readonly host?: string;
  /** Default 8081, Flink's; 0: any free one. */
  readonly port?: number;
  /** Folder of tokens and bundles; default `.millrace`. */
  readonly dataDir?: string;
  readonly tls?: TlsFiles;
  /** A proxy in front ends TLS. */
  readonly behindTlsProxy?: boolean;
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly heartbeatIntervalMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly slotWaitTimeoutMs?: number;
  /** Largest memory of a module instance, pages of 64 KiB. */
  readonly memoryMaxPages?: number;
  /** What asynchronous functions may reach: base URLs by the names that bundles declare. Default: nothing. */
  readonly httpEndpoints?: HttpEndpoints;
  /** Judges uploads; default: each in a thread that can be killed, as they may be anybody's. */
  readonly inspectBundle?: (path: string, memoryMaxPages: number) => Promise<BundleInfo>;
  /** Where log lines go; default standard error. */
  readonly print?: (line: LogLine) => void;
}

/** A running JobManager. */
export interface RunningJobManager {
  /** `http://127.0.0.1:8081` */
  readonly url: string;
  /** `ws://127.0.0.1:8081/v1/worker` */
  readonly workerUrl: string;
  readonly tokens: Tokens;
  /** The tokens are new: to be shown once. */
  readonly tokensCreated: boolean;
  /** File that holds them. */
  readonly tokensPath: string;
  readonly dispatcher: Dispatcher;
  close(): Promise<void>;
}

const DEFAULT_PORT = 8081;

/**
 * Starts a JobManager.
 * @throws MillraceError BIND_REFUSED, TLS_INVALID, DATA_DIR_UNUSABLE, TOKENS_UNREADABLE, PORT_IN_USE,
 *   BIND_FAILED, HTTP_ENDPOINT_INVALID
 */
export async function startJobManager(options: JobManagerOptions = {}): Promise<RunningJobManager> {
  const host = options.host ?? "127.0.0.1";
  const tls = options.tls !== undefined;
  checkBindAddress({ host, tls, behindTlsProxy: options.behindTlsProxy ?? false });
  const parts = await makeParts(options, host);
  const { dispatcher, app, links, log, ingress, stored } = parts;
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = makeServer(options, listener as RequestListener);
  links.attach(server);
  dispatcher.connect(links);
  const port = await listen(server, host, options.port ?? DEFAULT_PORT);
  ingress.listensOn(port);
  const shown = host.includes(":") ? `[${host}]` : host;
  const authority = `${shown}:${port}`;
  const url = `${tls ? "https" : "http"}://${authority}`;
  return {
    url,
    workerUrl: `${tls ? "wss" : "ws"}://${authority}${WORKER_LINK_PATH}`,
    tokens: stored.tokens,
    tokensCreated: stored.created,
    tokensPath: stored.path,
    dispatcher,
    close: async () => {
      dispatcher.close();
      log.close();
      links.stop();
      const { promise, resolve: closed } = Promise.withResolvers<void>();
      server.close(() => closed());
      server.closeAllConnections();
      await promise;
    },
  };
}

async function makeParts(options: JobManagerOptions, host: string) {
  const dataDir = resolve(options.dataDir ?? ".millrace");
  makeDataDir(dataDir);
  const log = new LogTail(
    options.print ?? ((line) => process.stderr.write(`${formatLogLine(line)}\n`)),
  );
  const stored = loadTokens(dataDir);
  const grants = parseHttpEndpoints(options.httpEndpoints ?? {});
  const memoryMaxPages = options.memoryMaxPages ?? MODULE_MEMORY_MAX_PAGES;
  const bundles = await BundleStore.open(
    join(dataDir, "bundles"),
    (path) => (options.inspectBundle ?? inspectInThread)(path, memoryMaxPages),
    (hash, error) => log.log("warn", `bundle ${hash} is left out: ${error.code}: ${error.message}`),
  );
  const ingress = new IngressPolicy({
    host,
    tls: options.tls !== undefined,
    ...(options.allowedHosts === undefined ? {} : { allowedHosts: options.allowedHosts }),
    ...(options.allowedOrigins === undefined ? {} : { allowedOrigins: options.allowedOrigins }),
  });
  const heartbeatIntervalMs = options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS;
  const heartbeatTimeoutMs = options.heartbeatTimeoutMs ?? HEARTBEAT_TIMEOUT_MS;
  const slotWait = options.slotWaitTimeoutMs;
  const dispatcher = new Dispatcher(
    {
      seed: randomBytes(4).readUInt32LE(),
      heartbeatIntervalMs,
      heartbeatTimeoutMs,
      ...(slotWait === undefined ? {} : { slotWaitTimeoutMs: slotWait }),
    },
    log,
  );
  const planJob: JobPlanner = createJobPlanner((hash) => bundles.manifestOf(hash), grants);
  const context = { dispatcher, bundles, log, tokens: stored.tokens, ingress, planJob };
  const limits = { heartbeatIntervalMs, heartbeatTimeoutMs, memoryMaxPages };
  const app = createApp({ ...context, ...limits });
  const links = new WorkerLinks({ dispatcher, tokens: stored.tokens, ingress, log });
  return { dispatcher, app, links, log, ingress, stored };
}

function makeServer(options: JobManagerOptions, listener: RequestListener): Server {
  const limits = {
    headersTimeout: HANDSHAKE_TIMEOUT_MS,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    connectionsCheckingInterval: HANDSHAKE_CHECK_PERIOD_MS,
  };
  const server =
    options.tls === undefined
      ? createHttpServer(limits, listener)
      : createHttpsServer({ ...limits, ...readTlsFiles(options.tls) }, listener);
  server.maxConnections = HTTP_CONNECTIONS_MAX;
  return server;
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>();
  server.once("listening", listening);
  server.once("error", reject);
  server.listen(port, host);
  try {
    await promise;
  } catch (cause) {
    const inUse = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
    const why = inUse ? "the port is in use" : (cause as Error).message;
    throw new MillraceError(
      inUse ? "PORT_IN_USE" : "BIND_FAILED",
      `Cannot listen on ${host}:${port}: ${why}`,
      { field: "port", value: port, expected: "another port, or --port 0 for any free one", cause },
    );
  }
  return (server.address() as AddressInfo).port;
}

/** For its owner alone: tokens lie in it. */
function makeDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MillraceError("DATA_DIR_UNUSABLE", `Cannot use data folder ${dataDir}: ${code}`, {
      field: "dataDir",
      value: dataDir,
      expected: "a folder that you may make and write to; another one by --data-dir",
      cause,
    });
  }
}
