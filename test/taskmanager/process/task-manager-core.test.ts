import { describe, expect, test } from "vitest";
import type { Deployment, TaskDescriptor } from "../../../src/protocol/deployment.ts";
import {
  HEARTBEAT_TIMEOUT_MS,
  SLOT_START_TIMEOUT_MS,
  TASK_CANCEL_TIMEOUT_MS,
} from "../../../src/protocol/limits.ts";
import {
  type TaskManagerAction,
  TaskManagerCore,
} from "../../../src/taskmanager/core/task-manager.ts";
import { Watchdog } from "../../../src/taskmanager/core/watchdog.ts";

const JOB = "00112233-4455-6677-8899-aabbccddeeff";
const profile = {
  worker: "w1",
  incarnation: "i1",
  slots: 2,
  address: "ws://127.0.0.1:1",
  runtime: "node",
  labels: {},
  memoryMaxPages: 4096,
};

function task(slot: number): TaskDescriptor {
  const operator = { uid: "u", name: "Op", bundle: "b".repeat(64), operator: "Op", parameters: {} };
  const chain = [{ ...operator, inputs: [], outputs: [], onRowError: "fail" as const }];
  const place = {
    vertex: "v",
    name: "v",
    subtask: slot,
    parallelism: 2,
    maxParallelism: 128,
    slot,
  };
  return { ...place, chain, gates: [], outputs: [] };
}

function deployment(attempt: number, slots = [0, 1]): Deployment {
  const options = { bufferTimeoutMs: 10, batchRows: 4096, memoryMaxPages: 4096 };
  return { job: JOB, jobName: "j", attempt, ...options, tasks: slots.map(task) };
}

const of = (attempt: number) => ({ job: JOB, attempt });
const report = (attempt: number, subtask: number, state: "RUNNING" | "FINISHED" | "FAILED") => ({
  type: "task_state" as const,
  report: { type: "task_state" as const, ...of(attempt), vertex: "v", subtask, state },
});

/** A registered core with attempt 1 running on both slots. */
function running(): TaskManagerCore {
  const core = registered();
  core.step({ type: "message", message: { type: "deploy", deployment: deployment(1) } }, 0);
  core.step({ type: "modules_ready", ...of(1) }, 0);
  return core;
}

function registered(of = profile): TaskManagerCore {
  const core = new TaskManagerCore(of, 2);
  core.step({ type: "tick" }, 0);
  core.step({ type: "link_opened" }, 0);
  const limits = { heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS };
  const message = { type: "registered" as const, protocolVersion: 1, ...limits };
  core.step({ type: "message", message }, 0);
  return core;
}

const kinds = (actions: TaskManagerAction[]) =>
  actions.map((action) => (action.type === "send" ? action.message.type : action.type));

describe("TaskManagerCore", () => {
  test("dials at once, registers when the link opens", () => {
    const core = new TaskManagerCore(profile);
    expect(core.step({ type: "tick" }, 0)).toEqual([{ type: "dial" }]);
    const [register] = core.step({ type: "link_opened" }, 5);
    expect(register).toMatchObject({ message: { type: "register", worker: "w1", slots: 2 } });
  });

  test("dials again with growing pauses while the JobManager is away", () => {
    const core = new TaskManagerCore(profile);
    core.step({ type: "tick" }, 0);
    const dials: number[] = [];
    const told: string[] = [];
    for (let nowMs = 1; dials.length < 10; ) {
      const actions = core.step({ type: "link_closed", reason: "refused", jitter: 1 }, nowMs);
      told.push(...kinds(actions));
      nowMs = core.nextDeadlineMs()!;
      expect(kinds(core.step({ type: "tick" }, nowMs))).toEqual(["dial"]);
      dials.push(nowMs);
    }
    const pauses = dials.slice(1).map((at, i) => at - dials[i]!);
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(told, "once, not at every dial").toEqual(["log"]);
  });

  test("goes on with those pauses where links open and close again before it is taken", () => {
    const core = new TaskManagerCore(profile);
    const dials: number[] = [];
    for (let nowMs = 0; dials.length < 4; nowMs = core.nextDeadlineMs()!) {
      dials.push(nowMs);
      core.step({ type: "tick" }, nowMs);
      core.step({ type: "link_opened" }, nowMs);
      core.step({ type: "link_closed", reason: "full", jitter: 0 }, nowMs);
    }
    expect(dials).toEqual([0, 25, 75, 175]);
  });

  test("tells each change once: away, away for another reason, there again, away again", () => {
    const core = registered();
    const close = (reason: string) =>
      kinds(core.step({ type: "link_closed", reason, jitter: 0 }, 0)).filter((k) => k === "log");
    expect(["it closed", "refused", "refused"].map((reason) => close(reason).length)).toEqual([
      1, 1, 0,
    ]);
    const limits = { heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 1_000 };
    const message = { type: "registered" as const, protocolVersion: 1, ...limits };
    expect(kinds(core.step({ type: "message", message }, 0))).toEqual(["log"]);
    expect(close("refused")).toHaveLength(1);
  });

  test("sends heartbeats each interval and leaves a JobManager that is silent too long", () => {
    const core = registered();
    expect(kinds(core.step({ type: "tick" }, 1_000))).toEqual(["heartbeat"]);
    expect(core.nextDeadlineMs()).toBe(2_000);
    const ack = { type: "message", message: { type: "heartbeat_ack", sequence: 0 } } as const;
    core.step(ack, 1_500);
    expect(kinds(core.step({ type: "tick" }, 1_500 + HEARTBEAT_TIMEOUT_MS))).toEqual([
      "close_link",
    ]);
  });

  test("leaves a silent JobManager at its deadline, however the times are rounded", () => {
    for (let i = 0; i < 1_000; i++) {
      const core = registered();
      const ack = { type: "message", message: { type: "heartbeat_ack", sequence: 0 } } as const;
      const heardMs = 8_000 + i * 0.8073;
      core.step(ack, heardMs);
      const deadlineMs = heardMs + HEARTBEAT_TIMEOUT_MS;
      expect([i, kinds(core.step({ type: "tick" }, deadlineMs))]).toEqual([i, ["close_link"]]);
    }
  });

  test("fetches the modules of a deployment before it starts the attempt", () => {
    const core = registered();
    const deploy = { type: "deploy" as const, deployment: deployment(1) };
    const fetch = core.step({ type: "message", message: deploy }, 0);
    expect(fetch).toEqual([
      { type: "fetch_modules", ...of(1), hashes: ["b".repeat(64)], undoing: [] },
    ]);
    expect(kinds(core.step({ type: "modules_ready", ...of(1) }, 0))).toEqual([
      "start_attempt",
      "start_slot",
      "start_slot",
    ]);
  });

  test("fails the tasks and releases when a module cannot be fetched", () => {
    const core = registered();
    core.step({ type: "message", message: { type: "deploy", deployment: deployment(1) } }, 0);
    const error = { code: "MODULE_FETCH_FAILED", message: "m" };
    const actions = core.step({ type: "attempt_failed", ...of(1), error }, 0);
    const states = ["task_state", "task_state"];
    expect(kinds(actions)).toEqual([...states, "release", "discard", "attempt_released"]);
    expect(actions[0]).toMatchObject({ message: { state: "FAILED", error } });
  });

  test("refuses slots that do not exist or are held", () => {
    const core = running();
    const second = { type: "deploy" as const, deployment: deployment(2, [1, 2]) };
    const actions = core.step({ type: "message", message: second }, 0);
    expect(actions[0]).toMatchObject({ message: { error: { code: "SLOT_OCCUPIED" } } });
    const third = { type: "deploy" as const, deployment: deployment(3, [7]) };
    const [unknown] = core.step({ type: "message", message: third }, 0);
    expect(unknown).toMatchObject({ message: { error: { code: "SLOT_UNKNOWN", value: "7" } } });
  });

  test("releases a finished attempt, keeps its output for commit, and answers committed", () => {
    const core = running();
    expect(kinds(core.step(report(1, 0, "FINISHED"), 0))).toEqual(["task_state"]);
    const last = core.step(report(1, 1, "FINISHED"), 0);
    expect(kinds(last)).toEqual(["task_state", "release", "attempt_released"]);
    const commit = { type: "message", message: { type: "commit", ...of(1) } } as const;
    expect(core.step(commit, 0)).toEqual([{ type: "commit", ...of(1) }]);
    expect(kinds(core.step({ type: "committed", ...of(1) }, 0))).toEqual(["committed"]);
    expect(core.attempts()).toEqual([]);
  });

  test("discards the output of a finished attempt that is cancelled after all", () => {
    const core = running();
    core.step(report(1, 0, "FINISHED"), 0);
    core.step(report(1, 1, "FINISHED"), 0);
    const cancel = { type: "message", message: { type: "cancel", ...of(1) } } as const;
    expect(kinds(core.step(cancel, 0))).toEqual(["discard"]);
  });

  test("refuses to commit an attempt whose tasks have not finished", () => {
    const core = running();
    const commit = { type: "message", message: { type: "commit", ...of(1) } } as const;
    expect(core.step(commit, 0)[0]).toMatchObject({
      message: { error: { code: "COMMIT_REFUSED" } },
    });
  });

  test("cancels gracefully, then ends the isolates of tasks that do not stop in time", () => {
    const core = running();
    const cancel = { type: "message", message: { type: "cancel", ...of(1) } } as const;
    expect(kinds(core.step(cancel, 100))).toEqual(["cancel_slot", "cancel_slot"]);
    const stopped = report(1, 0, "FAILED");
    core.step({ ...stopped, report: { ...stopped.report, state: "CANCELED" } }, 110);
    const forced = core.step({ type: "tick" }, 100 + TASK_CANCEL_TIMEOUT_MS);
    const end = ["terminate_slot", "task_state", "release", "discard", "attempt_released"];
    expect(kinds(forced).filter((kind) => kind !== "heartbeat")).toEqual(end);
    expect(forced.find((a) => a.type === "send" && a.message.type === "task_state")).toMatchObject({
      message: { subtask: 1, state: "CANCELED" },
    });
  });

  test("gives a slot up whose tasks have not begun in time, and only that", () => {
    const core = running();
    core.step(report(1, 0, "RUNNING"), 50);
    const actions = core.step({ type: "tick" }, SLOT_START_TIMEOUT_MS);
    expect(kinds(actions).slice(-2)).toEqual(["terminate_slot", "task_state"]);
    expect(actions.at(-1)).toMatchObject({
      message: { subtask: 1, state: "FAILED", error: { code: "SLOT_START_TIMEOUT", value: "1" } },
    });
    core.step(report(1, 0, "FAILED"), SLOT_START_TIMEOUT_MS);
    expect(core.attempts()).toEqual([]);
  });

  describe("with five slots, two of which may start at once", () => {
    const started = (actions: TaskManagerAction[]) =>
      actions.flatMap((action) => (action.type === "start_slot" ? action.slot : []));

    function starting(): { core: TaskManagerCore; first: number[] } {
      const core = registered({ ...profile, slots: 5 });
      const deploy = { type: "deploy" as const, deployment: deployment(1, [0, 1, 2, 3, 4]) };
      core.step({ type: "message", message: deploy }, 0);
      return { core, first: started(core.step({ type: "modules_ready", ...of(1) }, 0)) };
    }

    test("starts the next slot when one runs or has ended", () => {
      const { core, first } = starting();
      expect(first).toEqual([0, 1]);
      expect(started(core.step(report(1, 1, "RUNNING"), 50))).toEqual([2]);
      expect(started(core.step(report(1, 2, "FINISHED"), 60))).toEqual([3]);
      expect(started(core.step(report(1, 1, "FINISHED"), 70))).toEqual([]);
      expect(started(core.step(report(1, 0, "RUNNING"), 80))).toEqual([4]);
    });

    test("counts the time of each from its own start, and heartbeats go on", () => {
      const { core } = starting();
      core.step(report(1, 0, "RUNNING"), 9_000);
      const heart = { type: "heartbeat_ack", sequence: 0 } as const;
      expect(kinds(core.step({ type: "tick" }, 9_000))).toEqual(["heartbeat"]);
      core.step({ type: "message", message: heart }, 9_000);
      core.step(report(1, 1, "RUNNING"), 9_500);
      expect(kinds(core.step({ type: "tick" }, SLOT_START_TIMEOUT_MS))).toEqual(["heartbeat"]);
      core.step({ type: "message", message: heart }, 18_000);
      const late = core.step({ type: "tick" }, 9_000 + SLOT_START_TIMEOUT_MS);
      expect(late.find((action) => action.type === "terminate_slot")).toMatchObject({ slot: 2 });
      expect(late.at(-1)).toMatchObject({ message: { error: { code: "SLOT_START_TIMEOUT" } } });
    });

    test("starts none after a failure, and cancels those that wait at once", () => {
      const { core } = starting();
      expect(started(core.step(report(1, 0, "FAILED"), 50))).toEqual([]);
      const cancel = { type: "message", message: { type: "cancel", ...of(1) } } as const;
      const waiting = ["task_state", "task_state", "task_state"];
      expect(kinds(core.step(cancel, 60))).toEqual(["cancel_slot", ...waiting]);
      const last = report(1, 1, "FAILED");
      core.step({ ...last, report: { ...last.report, state: "CANCELED" } }, 70);
      expect(core.attempts()).toEqual([]);
    });
  });

  test("fails only the tasks of a slot that the watchdog stopped, and names the operator", () => {
    const core = running();
    const overrun = { slot: 1, operator: "Loop", runningMs: 5_250 };
    const actions = core.step({ type: "slot_overrun", ...of(1), ...overrun }, 0);
    expect(kinds(actions)).toEqual(["terminate_slot", "task_state"]);
    expect(actions[1]).toMatchObject({
      message: { subtask: 1, state: "FAILED", error: { code: "WATCHDOG_TIMEOUT", value: "Loop" } },
    });
  });

  test("ignores the late word of a task that has ended already", () => {
    const core = running();
    core.step(report(1, 0, "FAILED"), 0);
    expect(core.step(report(1, 0, "FINISHED"), 0)).toEqual([]);
    expect(core.step(report(9, 0, "FINISHED"), 0)).toEqual([]);
  });

  test("ends everything when the link closes, because the JobManager runs it elsewhere", () => {
    const core = running();
    const actions = core.step({ type: "link_closed", reason: "gone", jitter: 0 }, 0);
    expect(kinds(actions)).toEqual([
      "log",
      "terminate_slot",
      "terminate_slot",
      "release",
      "discard",
    ]);
    expect(core.attempts()).toEqual([]);
  });

  test("stops and does not dial again when it is rejected", () => {
    const core = running();
    const error = { code: "WORKER_REPLACED", message: "m" };
    const actions = core.step({ type: "message", message: { type: "rejected", error } }, 0);
    expect(actions.at(-1)).toEqual({ type: "exit", error });
    expect(core.step({ type: "link_closed", reason: "x", jitter: 0 }, 0)).toEqual([]);
    expect(core.nextDeadlineMs()).toBeUndefined();
  });

  test("confirms the release of an attempt it no longer has", () => {
    const cancel = { type: "message", message: { type: "cancel", ...of(4) } } as const;
    expect(kinds(registered().step(cancel, 0))).toEqual(["attempt_released", "discard"]);
  });
});

describe("Watchdog", () => {
  test("reports a call only when the same call has run past the limit", () => {
    const watchdog = new Watchdog(1_000);
    expect(watchdog.observe(0, { call: 7, operator: 2 }, 0)).toBeUndefined();
    expect(watchdog.observe(0, { call: 7, operator: 2 }, 999)).toBeUndefined();
    expect(watchdog.observe(0, { call: 8, operator: 2 }, 1_500)).toBeUndefined();
    expect(watchdog.observe(0, { call: 8, operator: 2 }, 2_500)).toEqual({
      slot: 0,
      operator: 2,
      runningMs: 1_000,
    });
  });

  test("never reports a slot without a call under way", () => {
    const watchdog = new Watchdog(10);
    expect(watchdog.observe(0, { call: 0, operator: 0 }, 0)).toBeUndefined();
    expect(watchdog.observe(0, { call: 0, operator: 0 }, 100)).toBeUndefined();
  });
});
