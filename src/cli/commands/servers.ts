/** `millrace jobmanager`, `taskmanager` and `cluster`: processes that stay until they are stopped. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { RunningJobManager } from "../../jobmanager/server.ts";
import { MillraceError } from "../../protocol/errors.ts";
import type { TaskManager, TaskManagerOptions } from "../../taskmanager/task-manager-process.ts";
import { DEFAULT_URL, defaultDataDir, storedToken } from "../connection.ts";
import {
  type HttpEndpointFlags,
  httpEndpointsOf,
  withHttpEndpoints,
} from "../http-endpoint-options.ts";
import { bold, describeError, dim } from "../terminal.ts";

interface JobManagerFlags extends HttpEndpointFlags {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindTlsProxy?: boolean;
  readonly allowedHost?: readonly string[];
  readonly allowedOrigin?: readonly string[];
}

interface TaskManagerFlags {
  readonly jobmanager: string;
  readonly token?: string;
  readonly name?: string;
  readonly slots: number;
  readonly ca?: string;
  readonly label?: readonly string[];
  readonly host?: string;
  readonly dataPort?: number;
  readonly advertise?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindTlsProxy?: boolean;
  readonly filesRoot?: readonly string[];
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("a whole number");
  return value;
}

/** Adds a value of an option that may be given more than once. */
function another(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function withFilesRoots(command: Command): Command {
  const help = "file connectors stay in this folder; may be repeated (default: any folder)";
  return command.option("--files-root <dir>", help, another);
}

function withJobManagerOptions(command: Command): Command {
  return withHttpEndpoints(command)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port; 0: any free one", whole, 8081)
    .option("--data-dir <folder>", "tokens, bundles, logs", defaultDataDir())
    .option("--tls-cert <file>", "certificate, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--behind-tls-proxy", "a proxy in front ends TLS: listen elsewhere than on loopback")
    .option("--allowed-host <name...>", "further names (name or name:port) of this server")
    .option("--allowed-origin <origin...>", "sites whose pages may use this server");
}

export function registerServers(program: Command): void {
  withJobManagerOptions(program.command("jobmanager"))
    .description("start a JobManager: takes bundles and jobs over HTTP, workers over WebSockets")
    .addHelpText("after", "\nExample:\n  millrace jobmanager --port 8081")
    .action(runJobManager);
  withFilesRoots(program.command("taskmanager"))
    .description("start a worker; it dials out to the JobManager and needs no open port for it")
    .option("--jobmanager <url>", "address of the JobManager", DEFAULT_URL)
    .option("--token <token>", "worker token (default: $MILLRACE_WORKER_TOKEN, or this host's own)")
    .option("--name <name>", "name that stays the same over restarts")
    .option("--slots <n>", "subtasks of one vertex it can run", whole, 1)
    .option("--host <address>", "address of its data listener (default: 127.0.0.1)")
    .option("--data-port <port>", "port of its data listener (default: any free one)", whole)
    .option("--advertise <url>", "ws:// or wss:// address for other workers, where --host is none")
    .option("--tls-cert <file>", "certificate of its data listener, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--behind-tls-proxy", "a proxy in front of its data listener ends TLS")
    .option("--ca <file>", "certificate authority of the JobManager and the workers, PEM")
    .option("--label <key=value...>", "labels, shown in the cluster's overview")
    .addHelpText("after", "\nExample:\n  millrace taskmanager --slots 4 --name gateway-7")
    .action(runTaskManager);
  withFilesRoots(withJobManagerOptions(program.command("cluster")))
    .description("start a JobManager and workers in this process")
    .option("--workers <n>", "workers", whole, 1)
    .option("--slots <n>", "slots of each worker", whole, 4)
    .addHelpText("after", "\nExample:\n  millrace cluster --workers 2 --slots 2")
    .action(runCluster);
}

async function openJobManager(flags: JobManagerFlags): Promise<RunningJobManager> {
  const { startJobManager } = await import("../../jobmanager/server.ts");
  const manager = await startJobManager({
    host: flags.host,
    port: flags.port,
    dataDir: flags.dataDir,
    ...tlsOf(flags),
    behindTlsProxy: flags.behindTlsProxy ?? false,
    allowedHosts: flags.allowedHost ?? [],
    allowedOrigins: flags.allowedOrigin ?? [],
    ...httpEndpointsOf(flags),
  });
  console.log(`JobManager ready at ${bold(manager.url)}`);
  if (manager.tokensCreated) {
    console.log(`Tokens (kept in ${manager.tokensPath}, shown this once):`);
    console.log(`  client    ${manager.tokens.client}`);
    console.log(`  worker    ${manager.tokens.worker}`);
    console.log(`  read-only ${manager.tokens.readOnly}`);
  }
  return manager;
}

async function openTaskManager(options: TaskManagerOptions): Promise<TaskManager> {
  const { startTaskManager } = await import("../../taskmanager/task-manager-process.ts");
  return startTaskManager(options);
}

function tellJoined(name: string, slots: number): void {
  console.log(`Worker ${bold(name)} joined with ${slots} slots`);
}

async function runJobManager(flags: JobManagerFlags): Promise<void> {
  const manager = await openJobManager(flags);
  await untilInterrupted();
  await manager.close();
}

async function runTaskManager(flags: TaskManagerFlags): Promise<void> {
  const worker = await openTaskManager({
    jobManager: flags.jobmanager,
    token: flags.token ?? storedToken("worker"),
    slots: flags.slots,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...dataListenerOf(flags),
    ...filesRootsOf(flags.filesRoot),
    labels: labelsOf(flags.label),
  });
  worker.registered.then(() => tellJoined(worker.worker, flags.slots));
  const refused = await Promise.race([untilInterrupted(), worker.stopped]);
  if (refused !== undefined) {
    console.error(describeError(refused));
    process.exitCode = 1;
  }
  await worker.close();
}

async function runCluster(
  flags: JobManagerFlags & { workers: number; slots: number; filesRoot?: readonly string[] },
): Promise<void> {
  const manager = await openJobManager(flags);
  const workers: TaskManager[] = [];
  for (let i = 1; i <= flags.workers; i++) {
    workers.push(
      await openTaskManager({
        jobManager: manager.url,
        token: manager.tokens.worker,
        name: `worker-${i}`,
        slots: flags.slots,
        ...filesRootsOf(flags.filesRoot),
        ...(flags.tlsCert === undefined ? {} : { ca: readPem("--tls-cert", flags.tlsCert) }),
      }),
    );
  }
  console.log(dim("Ctrl-C stops the cluster."));
  await untilInterrupted();
  for (const worker of workers) await worker.close();
  await manager.close();
}

function dataListenerOf(flags: TaskManagerFlags): Partial<TaskManagerOptions> {
  const { host, dataPort, advertise, ca } = flags;
  const { tls } = tlsOf(flags);
  return {
    ...(host === undefined ? {} : { host }),
    ...(dataPort === undefined ? {} : { dataPort }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(tls === undefined
      ? {}
      : { tls: { cert: readPem("--tls-cert", tls.cert), key: readPem("--tls-key", tls.key) } }),
    ...(ca === undefined ? {} : { ca: readPem("--ca", ca) }),
    behindTlsProxy: flags.behindTlsProxy ?? false,
  };
}

function filesRootsOf(roots: readonly string[] = []): Pick<TaskManagerOptions, "filesRoots"> {
  return roots.length === 0 ? {} : { filesRoots: roots };
}

function readPem(field: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const message = `Cannot use TLS: ${field} is not readable`;
    throw new MillraceError("TLS_INVALID", message, {
      field,
      value: path,
      expected: "a PEM file",
      cause,
    });
  }
}

function tlsOf(flags: { tlsCert?: string; tlsKey?: string }): {
  tls?: { cert: string; key: string };
} {
  if (flags.tlsCert === undefined && flags.tlsKey === undefined) return {};
  if (flags.tlsCert === undefined || flags.tlsKey === undefined) {
    throw new InvalidArgumentError("--tls-cert and --tls-key go together");
  }
  return { tls: { cert: flags.tlsCert, key: flags.tlsKey } };
}

function labelsOf(list: readonly string[] = []): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const item of list) {
    const at = item.indexOf("=");
    if (at < 1) throw new InvalidArgumentError(`--label ${item}: key=value`);
    labels[item.slice(0, at)] = item.slice(at + 1);
  }
  return labels;
}

/** Resolves at SIGINT or SIGTERM. */
function untilInterrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve(undefined));
    process.once("SIGTERM", () => resolve(undefined));
  });
}
