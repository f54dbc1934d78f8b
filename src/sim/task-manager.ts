/**
 * A simulated TaskManager process: the counterpart of src/taskmanager/task-manager-process.ts around
 * the same TaskManagerCore, DataRouting and Watchdog.
 */
import { parseJobManagerMessage, type WorkerMessage } from "../protocol/control-messages.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { assert, MillraceError, unreachable } from "../protocol/errors.ts";
import { decodeFrame } from "../protocol/frame.ts";
import { MODULE_MEMORY_MAX_PAGES, WATCHDOG_PERIOD_MS } from "../protocol/limits.ts";
import { FrameBuffers } from "../taskmanager/channels/frame-buffers.ts";
import { type DataRouting, slotRoutes } from "../taskmanager/core/data-routing.ts";
import type {
  TaskManagerAction,
  TaskManagerCore,
  TaskManagerInput,
} from "../taskmanager/core/task-manager.ts";
import { Watchdog } from "../taskmanager/core/watchdog.ts";
import type { SlotReport } from "../taskmanager/slot-messages.ts";
import { SimAttempt } from "./attempt.ts";
import { SimDataLinks } from "./data-links.ts";
import { describePlain } from "./descriptions.ts";
import type { SmallFaults } from "./fault-plan.ts";
import { Isolate } from "./isolate.ts";
import { JOB_MANAGER_ADDRESS } from "./job-manager.ts";
import type { Wire } from "./network.ts";
import { DeadlineTimer, type SimProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { SlotCoreMaker, SlotTuning } from "./slot.ts";
import type { Packet, World } from "./world.ts";

/** Makes a worker's core; tests put one with a planted defect in its place. */
export type TaskManagerCoreMaker = (
  profile: ConstructorParameters<typeof TaskManagerCore>[0],
) => TaskManagerCore;

export interface SimTaskManagerOptions {
  readonly world: World;
  readonly process: SimProcess;
  readonly slots: number;
  readonly tuning: SlotTuning;
  readonly faults: SmallFaults;
  readonly makeCore: TaskManagerCoreMaker;
  readonly makeSlotCore: SlotCoreMaker;
  readonly routing: DataRouting;
}

/** One life of a worker. */
export class SimTaskManager {
  readonly worker: string;
  readonly core: TaskManagerCore;
  readonly #options: SimTaskManagerOptions;
  readonly #random: Random;
  readonly #redials: Random;
  readonly #main: Isolate;
  readonly #links: SimDataLinks;
  readonly #routing: DataRouting;
  readonly #watchdog = new Watchdog();
  readonly #buffers = new FrameBuffers();
  readonly #attempts = new Map<string, SimAttempt>();
  /** Hidden files by attempt. */
  readonly #held = new Map<string, string[]>();
  readonly #timer: DeadlineTimer;
  #control: Wire<Packet> | undefined;
  #watching = false;

  constructor(options: SimTaskManagerOptions) {
    const { world, process, slots } = options;
    this.#options = options;
    this.worker = process.name;
    this.#routing = options.routing;
    const incarnation = world.random.fork(`${process.name} ${world.clock.nowMs}`);
    this.#random = incarnation.fork("worker");
    this.#redials = incarnation.fork("redials");
    this.#main = new Isolate(process, this.#random, process.begin(), true);
    const id = incarnation.uuid();
    const address = `ws://${process.name}/${id}`;
    this.core = options.makeCore({
      worker: process.name,
      incarnation: id,
      slots,
      address,
      runtime: "simulated",
      labels: {},
      memoryMaxPages: MODULE_MEMORY_MAX_PAGES,
    });
    this.#links = new SimDataLinks({
      world,
      isolate: this.#main,
      worker: process.name,
      address,
      onFrame: (peer, bytes) => this.#frame(peer, bytes),
      onDown: (peer, error) => this.#peerDown(peer, error),
    });
    this.#timer = new DeadlineTimer(process, this.#main.life, () => this.#step({ type: "tick" }));
    this.#main.soon(() => this.#step({ type: "tick" }));
  }

  /** Attempts whose isolates or channels are still there. */
  get liveAttempts(): readonly string[] {
    return [...this.#attempts.keys()];
  }

  /** Hidden files that nobody has published or removed. */
  get heldFiles(): readonly string[] {
    return [...this.#held.values()].flat();
  }

  /** Isolates at work, for faults that hit one. */
  runningSlots(): { readonly attempt: SimAttempt; readonly slot: number; readonly key: string }[] {
    return [...this.#attempts].flatMap(([key, attempt]) =>
      attempt.numbers().map((slot) => ({ attempt, slot, key })),
    );
  }

  /** A call into user code never returns: the watchdog is to find it. */
  stick(attempt: SimAttempt, slot: number): void {
    attempt.slot(slot)?.isolate.stick();
    this.#watch();
  }

  /** An isolate ends by itself. */
  crashSlot(key: string, attempt: SimAttempt, slot: number): void {
    attempt.slot(slot)?.isolate.terminate();
    const error = { code: "SLOT_LOST", message: `Slot ${slot} ended: simulated crash` };
    this.#main.soon(() => this.#step({ type: "slot_exited", slot, ...ofKey(key), error }));
  }

  /** The process' clock has leapt. */
  clockJumped(): void {
    this.#timer.renew();
  }

  #frame(peer: string, bytes: Uint8Array<ArrayBuffer>): void {
    try {
      const frame = decodeFrame(bytes);
      const verdict = this.#routing.route(peer, frame);
      if (verdict.type === "refused") {
        const message = `Cannot take frame of worker ${peer}: ${verdict.reason}`;
        throw new MillraceError("FRAME_REFUSED", message);
      }
      if (verdict.type === "deliver") {
        this.#attempts.get(keyOf(frame))?.deliver(verdict.slot, peer, bytes);
      }
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.#options.world.journal.note(this.worker, () => error.message);
      this.#links.drop(peer, error);
    }
  }

  #peerDown(peer: string, error: MillraceError): void {
    for (const { job, attempt, slots } of this.#routing.affectedBy(peer)) {
      this.#step({ type: "attempt_failed", job, attempt, slots, error: error.toBody() });
    }
  }

  #step(input: TaskManagerInput): void {
    const { world, process } = this.#options;
    const given = describePlain(input);
    const actions = world.step(this.worker, given, () => this.core.step(input, process.nowMs));
    world.journal.note(this.worker, () => `${given} -> ${describePlain(actions)}`);
    for (const action of actions) {
      if (this.#main.alive) this.#perform(action);
    }
    this.#timer.set(this.core.nextDeadlineMs());
  }

  #perform(action: TaskManagerAction): void {
    switch (action.type) {
      case "dial":
        this.#dial();
        return;
      case "close_link":
        this.#control?.close(action.reason);
        return;
      case "send":
        this.#send(action.message);
        return;
      case "fetch_modules":
        this.#fetch(action.job, action.attempt);
        return;
      case "start_attempt":
        this.#startAttempt(action.deployment);
        return;
      case "start_slot":
        this.#attempts.get(keyOf(action))?.startSlot(action.slot);
        return;
      case "cancel_slot":
        this.#attempts.get(keyOf(action))?.command(action.slot, { type: "cancel" });
        return;
      case "terminate_slot":
        this.#watchdog.forget(action.slot);
        this.#attempts.get(keyOf(action))?.terminateSlot(action.slot);
        return;
      case "release":
        this.#routing.release(action.job, action.attempt);
        this.#attempts.get(keyOf(action))?.close();
        this.#attempts.delete(keyOf(action));
        return;
      case "commit":
        this.#commit(action.job, action.attempt);
        return;
      case "discard":
        for (const file of this.#takeHeld(keyOf(action))) this.#options.world.disk.remove(file);
        return;
      case "task_message":
        this.#taskMessage(action);
        return;
      case "log":
        return;
      case "exit":
        this.#options.world.network.processEnded(this.#options.process, false);
        this.#options.process.crash();
        return;
      default:
        unreachable(action);
    }
  }

  #dial(): void {
    const { world, process } = this.#options;
    const wire = world.network.dial(process, this.#main.life, JOB_MANAGER_ADDRESS, {
      opened: () => this.#step({ type: "link_opened" }),
      message: (data) => {
        assert(typeof data === "string", "control messages are text");
        this.#step({ type: "message", message: parseJobManagerMessage(data) });
      },
      closed: (reason) => {
        if (this.#control === wire) this.#control = undefined;
        this.#step({ type: "link_closed", reason, jitter: this.#redials.fraction() });
      },
    });
    this.#control = wire;
  }

  #send(message: WorkerMessage): void {
    const failed = message.type === "task_state" || message.type === "committed";
    if (failed && message.error !== undefined) {
      this.#options.world.faults.workerReports(this.worker, message.job, message.error);
    }
    this.#control?.send(JSON.stringify(message));
  }

  #fetch(job: string, attempt: number): void {
    const failed = this.#options.faults.fetchFails(job);
    this.#main.after(this.#random.fraction() * this.#random.pick([2, 50]), () => {
      const message = "Cannot fetch module: the simulated JobManager answered 500";
      const error = { code: "MODULE_FETCH_FAILED", message };
      if (failed) this.#step({ type: "attempt_failed", job, attempt, error });
      else this.#step({ type: "modules_ready", job, attempt });
    });
  }

  #startAttempt(deployment: Deployment): void {
    const { job, attempt } = deployment;
    const key = keyOf(deployment);
    const { world, tuning, faults, makeSlotCore } = this.#options;
    const routes = slotRoutes(deployment, this.worker);
    for (const { sends, receives } of routes) {
      for (const to of [...sends.values(), ...receives.values()]) {
        if (to.type === "worker") this.#links.connect(to.worker, to.address);
      }
    }
    const runtime = new SimAttempt({
      world,
      worker: this.worker,
      main: this.#main,
      random: this.#random,
      deployment,
      routes,
      links: this.#links,
      buffers: this.#buffers,
      tuning,
      faults,
      makeSlotCore,
      report: (report) => this.#slotReport(job, attempt, report),
      holdBack: (file) => this.#hold(key, file),
    });
    this.#attempts.set(key, runtime);
    for (const { peer, frame } of this.#routing.deploy(job, attempt, routes)) {
      const verdict = this.#routing.route(peer, frame);
      if (verdict.type === "deliver") runtime.deliverHeld(verdict.slot, peer, frame);
    }
  }

  #slotReport(job: string, attempt: number, report: SlotReport): void {
    switch (report.type) {
      case "task_state":
        this.#step({ type: "task_state", report: { ...report, job, attempt } });
        return;
      case "metrics":
        this.#send({ ...report, job, attempt, tasks: [...report.tasks] });
        return;
      case "rows":
        this.#send({ ...report, job, attempt });
        return;
      case "print":
      case "hold_back":
      case "log":
        return;
      default:
        unreachable(report);
    }
  }

  #taskMessage({ message }: Extract<TaskManagerAction, { type: "task_message" }>): void {
    const attempt = this.#attempts.get(keyOf(message));
    for (const slot of attempt?.numbers() ?? []) attempt?.command(slot, message);
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#main.after(WATCHDOG_PERIOD_MS, () => {
      this.#watching = false;
      for (const { attempt, slot, key } of this.runningSlots()) {
        const board = attempt.slot(slot)?.board();
        if (board === undefined) continue;
        if (board.call !== 0) this.#watch();
        const overrun = this.#watchdog.observe(slot, board, this.#options.process.nowMs);
        if (overrun === undefined) continue;
        const { runningMs } = overrun;
        const operator = "simulated";
        this.#step({ type: "slot_overrun", slot, ...ofKey(key), operator, runningMs });
      }
    });
  }

  #commit(job: string, attempt: number): void {
    const files = this.#takeHeld(keyOf({ job, attempt }));
    const { world, faults } = this.#options;
    let afterMs = 0;
    let failed = false;
    for (const file of files) {
      if (failed) break;
      failed = faults.publishFails(job);
      const publishes = !failed;
      afterMs += this.#random.fraction() * 5;
      this.#main.after(afterMs, () => {
        if (publishes) world.disk.publish(file);
      });
    }
    const error = { code: "COMMIT_FAILED", message: "Cannot publish: simulated rename failed" };
    this.#main.after(afterMs, () =>
      this.#step({ type: "committed", job, attempt, ...(failed ? { error } : {}) }),
    );
  }

  #hold(key: string, file: string): void {
    const files = this.#held.get(key);
    if (files === undefined) this.#held.set(key, [file]);
    else files.push(file);
  }

  #takeHeld(key: string): string[] {
    const files = this.#held.get(key) ?? [];
    this.#held.delete(key);
    return files;
  }
}

function keyOf(of: { readonly job: string; readonly attempt: number }): string {
  return `${of.job}/${of.attempt}`;
}

function ofKey(key: string): { job: string; attempt: number } {
  const at = key.lastIndexOf("/");
  return { job: key.slice(0, at), attempt: Number(key.slice(at + 1)) };
}
