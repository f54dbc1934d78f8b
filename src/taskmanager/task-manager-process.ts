/**
 * The TaskManager process: joins the pure core (core/task-manager.ts) to its control link, data
 * links, slot isolates, module cache and clock.
 */
import { randomUUID } from "node:crypto";
import { availableParallelism, hostname } from "node:os";
import { checkedDeployment } from "../connectors/connector-check.ts";
import type { WorkerMessage } from "../protocol/control-messages.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { type ErrorBody, errorBodyOf, MillraceError, unreachable } from "../protocol/errors.ts";
import { decodeFrame } from "../protocol/frame.ts";
import {
  MODULE_MEMORY_MAX_PAGES,
  SLOT_STARTS_AT_ONCE,
  WATCHDOG_PERIOD_MS,
} from "../protocol/limits.ts";
import { AttemptRuntime } from "./attempt-runtime.ts";
import { FrameBuffers } from "./channels/frame-buffers.ts";
import { ControlLink } from "./control-link.ts";
import { DataRouting, slotRoutes } from "./core/data-routing.ts";
import {
  type TaskManagerAction,
  TaskManagerCore,
  type TaskManagerInput,
} from "./core/task-manager.ts";
import { Watchdog } from "./core/watchdog.ts";
import { DataLinks, type DataTls } from "./data-links.ts";
import { HeldFiles } from "./held-files.ts";
import { ModuleCache } from "./module-cache.ts";
import type { LoadedModule } from "./module-instance.ts";
import type { SlotReport } from "./slot-messages.ts";

type FetchModules = Extract<TaskManagerAction, { type: "fetch_modules" }>;

export interface TaskManagerOptions {
  /** http:// or https:// address of the JobManager. */
  readonly jobManager: string;
  /** The worker token. */
  readonly token: string;
  /** Name that stays the same over restarts; default: host name and process id. */
  readonly name?: string;
  /** Default 1. */
  readonly slots?: number;
  /** Interface and port of the data listener; default 127.0.0.1 and any free port. */
  readonly host?: string;
  readonly dataPort?: number;
  /** Data address told to peers, where it differs from the bound one. */
  readonly advertise?: string;
  /** Certificate and key of the data listener, PEM texts; needed beyond loopback. */
  readonly tls?: DataTls;
  /** A proxy in front of the data listener ends TLS; `advertise` names it. */
  readonly behindTlsProxy?: boolean;
  /** Certificate authority of the JobManager and of the peers, PEM. */
  readonly ca?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Most memory of one module instance, pages of 64 KiB. */
  readonly memoryMaxPages?: number;
  /** Time one call into user code may take, ms; default WATCHDOG_MS. */
  readonly watchdogMs?: number;
  /** Folders that file sources and files sinks stay in, links followed; default: no bound. */
  readonly filesRoots?: readonly string[];
  /** File of the built-in operators; default build/builtin.wasm. */
  readonly builtinPath?: string;
  /** Default: standard output. */
  readonly print?: (text: string) => void;
  /** Default: standard error. */
  readonly log?: (line: string) => void;
}

/** A running TaskManager. */
export interface TaskManager {
  readonly worker: string;
  readonly dataAddress: string;
  /** Resolves when the JobManager has taken this worker for the first time. */
  readonly registered: Promise<void>;
  /** Resolves when it has stopped: with the error if the JobManager does not want it. */
  readonly stopped: Promise<ErrorBody | undefined>;
  close(): Promise<void>;
}

/**
 * Starts a TaskManager in this process.
 * @throws MillraceError CLUSTER_UNREACHABLE: no address; BIND_REFUSED, TLS_INVALID, PORT_IN_USE,
 * LISTEN_FAILED
 */
export async function startTaskManager(options: TaskManagerOptions): Promise<TaskManager> {
  checkAddress(options.jobManager);
  const worker = options.name ?? `${hostname()}-${process.pid}`;
  const identity = { worker, incarnation: randomUUID(), token: options.token };
  let shell: TaskManagerShell | undefined;
  const links = await DataLinks.listen({
    identity,
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.dataPort === undefined ? {} : { port: options.dataPort }),
    ...(options.advertise === undefined ? {} : { advertise: options.advertise }),
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    behindTlsProxy: options.behindTlsProxy ?? false,
    onFrame: (peer, bytes) => shell?.frame(peer, bytes),
    onDown: (peer, error) => shell?.peerDown(peer, error),
  });
  shell = new TaskManagerShell(options, identity, links);
  shell.begin();
  const { registered, stopped } = shell;
  const close = () => shell.close();
  return { worker, dataAddress: links.address, registered, stopped, close };
}

/** Before anything listens: what cannot be dialled now never can. */
function checkAddress(jobManager: string): void {
  if (URL.canParse(jobManager) && /^https?:$/.test(new URL(jobManager).protocol)) return;
  throw new MillraceError(
    "CLUSTER_UNREACHABLE",
    `Cannot join ${jobManager}: it is no http:// or https:// address`,
    {
      field: "jobmanager",
      value: jobManager,
      expected: "http://host:port of a running JobManager",
    },
  );
}

class TaskManagerShell {
  readonly #options: TaskManagerOptions;
  readonly #worker: string;
  readonly #core: TaskManagerCore;
  readonly #control: ControlLink;
  readonly #links: DataLinks;
  readonly #modules: ModuleCache;
  readonly #routing = new DataRouting();
  readonly #watchdog: Watchdog;
  readonly #buffers = new FrameBuffers();
  readonly #held = new HeldFiles();
  readonly #memories = new SharedArrayBuffer(4);
  readonly #attempts = new Map<string, AttemptRuntime>();
  readonly #loaded = new Map<string, LoadedModule[]>();
  readonly #registered = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<ErrorBody | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #watching: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    options: TaskManagerOptions,
    identity: { readonly worker: string; readonly incarnation: string },
    links: DataLinks,
  ) {
    this.#options = options;
    this.#worker = identity.worker;
    this.#links = links;
    const profile = {
      worker: identity.worker,
      incarnation: identity.incarnation,
      slots: options.slots ?? 1,
      address: links.address,
      runtime: runtimeName(),
      labels: { ...options.labels },
      memoryMaxPages: options.memoryMaxPages ?? MODULE_MEMORY_MAX_PAGES,
    };
    const startsAtOnce = Math.max(SLOT_STARTS_AT_ONCE, availableParallelism());
    this.#core = new TaskManagerCore(profile, startsAtOnce);
    this.#watchdog = new Watchdog(options.watchdogMs);
    this.#modules = new ModuleCache(options);
    this.#control = new ControlLink(options, {
      opened: () => this.#step({ type: "link_opened" }),
      message: (message) => {
        if (message.type === "registered") this.#registered.resolve();
        this.#step({ type: "message", message });
      },
      closed: (reason) => {
        this.#step({ type: "link_closed", reason, jitter: Math.random() });
      },
      refused: (error) => {
        const message = { type: "rejected" as const, error: error.toBody() };
        this.#step({ type: "message", message });
      },
    });
  }

  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  get stopped(): Promise<ErrorBody | undefined> {
    return this.#stopped.promise;
  }

  begin(): void {
    this.#step({ type: "tick" });
  }

  async close(error?: ErrorBody): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#watching);
    this.#control.terminate();
    await Promise.all([...this.#attempts.values()].map((attempt) => attempt.close()));
    await this.#links.close();
    this.#stopped.resolve(error);
  }

  /** A frame came over a data link. */
  frame(peer: string, bytes: Uint8Array<ArrayBuffer>): void {
    try {
      const frame = decodeFrame(bytes);
      const verdict = this.#routing.route(peer, frame);
      if (verdict.type === "refused") {
        const message = `Cannot take frame of worker ${peer}: ${verdict.reason}`;
        throw new MillraceError("FRAME_REFUSED", message);
      }
      if (verdict.type !== "deliver") return;
      this.#attempts.get(keyOf(frame))?.deliver(verdict.slot, peer, bytes);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.#links.drop(peer, error);
    }
  }

  /** A data link went down, or never came up: the tasks that need it fail. */
  peerDown(peer: string, error: MillraceError): void {
    this.#log("warn", error.message);
    for (const { job, attempt, slots } of this.#routing.affectedBy(peer)) {
      this.#step({ type: "attempt_failed", job, attempt, slots, error: error.toBody() });
    }
  }

  #step(input: TaskManagerInput): void {
    if (this.#closed) return;
    for (const action of this.#core.step(input, performance.now())) this.#perform(action);
    clearTimeout(this.#timer);
    const dueMs = this.#core.nextDeadlineMs();
    if (dueMs === undefined || this.#closed) return;
    const waitMs = Math.max(0, Math.ceil(dueMs - performance.now()));
    this.#timer = setTimeout(() => this.#step({ type: "tick" }), waitMs);
  }

  #perform(action: TaskManagerAction): void {
    switch (action.type) {
      case "dial":
        this.#control.dial();
        return;
      case "close_link":
        this.#log("warn", action.reason);
        this.#control.terminate();
        return;
      case "send":
        this.#control.send(action.message);
        return;
      case "fetch_modules":
        this.#fetch(action);
        return;
      case "start_attempt":
        this.#startAttempt(action.deployment);
        return;
      case "start_slot":
        this.#startSlot(action, action.slot);
        return;
      case "cancel_slot":
        this.#attempts.get(keyOf(action))?.slot(action.slot)?.command({ type: "cancel" });
        return;
      case "terminate_slot":
        this.#later("terminate slot", this.#terminate(action, action.slot));
        return;
      case "release":
        this.#release(action);
        return;
      case "commit":
        this.#commit(action.job, action.attempt);
        return;
      case "discard":
        this.#later("discard", this.#held.discard(action.job, action.attempt));
        return;
      case "task_message": {
        const slots = this.#attempts.get(keyOf(action.message))?.slots().values() ?? [];
        for (const slot of slots) slot.command(action.message);
        return;
      }
      case "log":
        this.#log(action.level, action.message);
        return;
      case "exit":
        this.#log("error", action.error.message);
        this.#later("exit", this.close(action.error));
        return;
      default:
        unreachable(action);
    }
  }

  #fetch({ job, attempt, hashes, undoing }: FetchModules): void {
    const maxPages = this.#options.memoryMaxPages ?? MODULE_MEMORY_MAX_PAGES;
    const get = (hash: string) => this.#modules.get(hash, maxPages, undoing.includes(hash));
    Promise.all(hashes.map(get)).then(
      (modules) => {
        this.#loaded.set(keyOf({ job, attempt }), modules);
        this.#step({ type: "modules_ready", job, attempt });
        this.#loaded.delete(keyOf({ job, attempt }));
      },
      (thrown) => {
        const error = errorBodyOf(thrown);
        this.#step({ type: "attempt_failed", job, attempt, error });
      },
    );
  }

  #startAttempt(given: Deployment): void {
    const { job, attempt } = given;
    let deployment: Deployment;
    try {
      deployment = checkedDeployment(given);
    } catch (thrown) {
      this.#stepSoon({ type: "attempt_failed", job, attempt, error: errorBodyOf(thrown) });
      return;
    }
    const key = keyOf(deployment);
    const routes = slotRoutes(deployment, this.#worker);
    for (const { sends, receives } of routes) {
      for (const to of [...sends.values(), ...receives.values()]) {
        if (to.type === "worker") this.#links.connect(to.worker, to.address);
      }
    }
    const runtime = new AttemptRuntime({
      worker: this.#worker,
      deployment,
      routes,
      modules: this.#loaded.get(key)!,
      links: this.#links,
      buffers: this.#buffers,
      memories: this.#memories,
      filesRoots: this.#options.filesRoots,
      report: (report) => this.#slotReport(job, attempt, report),
      exited: (slot, error) => this.#step({ type: "slot_exited", slot, job, attempt, error }),
    });
    this.#attempts.set(key, runtime);
    for (const { peer, frame } of this.#routing.deploy(job, attempt, routes)) {
      const verdict = this.#routing.route(peer, frame);
      if (verdict.type === "deliver") runtime.deliverHeld(verdict.slot, peer, frame);
    }
    this.#watching ??= setInterval(() => this.#watch(), WATCHDOG_PERIOD_MS);
  }

  #startSlot(of: { job: string; attempt: number }, slot: number): void {
    try {
      this.#attempts.get(keyOf(of))?.startSlot(slot);
    } catch (thrown) {
      const { job, attempt } = of;
      const message = `Cannot start slot ${slot}: ${errorBodyOf(thrown).message}`;
      const error = { code: "SLOT_LOST", message };
      this.#stepSoon({ type: "slot_exited", slot, job, attempt, error });
    }
  }

  /** After the step that is under way: its other actions come first. */
  #stepSoon(input: TaskManagerInput): void {
    queueMicrotask(() => this.#step(input));
  }

  #slotReport(job: string, attempt: number, report: SlotReport): void {
    switch (report.type) {
      case "task_state":
        this.#step({ type: "task_state", report: { ...report, job, attempt } });
        return;
      case "metrics":
        this.#control.send({ ...report, job, attempt, tasks: [...report.tasks] });
        return;
      case "rows":
        this.#control.send({ ...report, job, attempt });
        return;
      case "print":
        if (this.#options.print !== undefined) this.#options.print(report.text);
        else process.stdout.write(report.text);
        return;
      case "hold_back":
        this.#held.add(job, attempt, report.file);
        return;
      case "log":
        this.#log(report.level, report.message, job);
        return;
      default:
        unreachable(report);
    }
  }

  #watch(): void {
    for (const [key, runtime] of this.#attempts) {
      for (const [slot, isolate] of runtime.slots()) {
        const overrun = this.#watchdog.observe(slot, isolate.board(), performance.now());
        if (overrun === undefined) continue;
        const { job, attempt } = ofKey(key);
        const operator = isolate.operatorName(overrun.operator);
        const source = isolate.operatorSource(overrun.operator);
        const of = { job, attempt, ...overrun, operator };
        this.#step({ type: "slot_overrun", ...of, ...(source === undefined ? {} : { source }) });
      }
    }
  }

  async #terminate(of: { job: string; attempt: number }, slot: number): Promise<void> {
    this.#watchdog.forget(slot);
    await this.#attempts.get(keyOf(of))?.terminateSlot(slot);
  }

  #release(of: { job: string; attempt: number }): void {
    this.#routing.release(of.job, of.attempt);
    const runtime = this.#attempts.get(keyOf(of));
    this.#attempts.delete(keyOf(of));
    if (runtime !== undefined) this.#later("release", runtime.close());
    if (this.#attempts.size > 0) return;
    clearInterval(this.#watching);
    this.#watching = undefined;
  }

  #commit(job: string, attempt: number): void {
    this.#held.publish(job, attempt).then(
      () => this.#step({ type: "committed", job, attempt }),
      (thrown) => this.#step({ type: "committed", job, attempt, error: errorBodyOf(thrown) }),
    );
  }

  /** Lets work go on behind the loop; a failure of it is told, not lost. */
  #later(what: string, work: Promise<void>): void {
    work.catch((thrown) => this.#log("error", `${what}: ${errorBodyOf(thrown).message}`));
  }

  #log(level: "debug" | "info" | "warn" | "error", message: string, job?: string): void {
    const entry: WorkerMessage = {
      type: "log",
      level,
      message,
      ...(job === undefined ? {} : { job }),
    };
    this.#control.send(entry);
    if (level === "debug") return;
    const line = `${this.#worker} ${level}: ${message}`;
    if (this.#options.log !== undefined) this.#options.log(line);
    else process.stderr.write(`${line}\n`);
  }
}

/** Deno gives a version of Node, too: the one it behaves like. */
function runtimeName(): string {
  const { deno, node } = process.versions;
  return deno === undefined ? `node ${node}` : `deno ${deno}`;
}

function keyOf(of: { readonly job: string; readonly attempt: number }): string {
  return `${of.job}/${of.attempt}`;
}

function ofKey(key: string): { job: string; attempt: number } {
  const at = key.lastIndexOf("/");
  return { job: key.slice(0, at), attempt: Number(key.slice(at + 1)) };
}
