import { describe, expect, test } from "vitest";
import { CONTROL_MESSAGE_MAX_BYTES } from "../../src/protocol/limits.ts";
import { CoreDriver } from "./core-driver.ts";
import { plannedJob } from "./planned-jobs.ts";

const FIXED = { type: "fixed_delay" as const, attempts: 2, delay: 500 };

function running(options: Parameters<typeof plannedJob>[0] = {}) {
  const driver = new CoreDriver();
  driver.register("a");
  driver.register("b");
  const job = driver.submit(plannedJob(options));
  driver.tasks(job, "RUNNING");
  return { driver, job };
}

describe("a job that goes well", () => {
  test("is deployed to every worker that has a part of it, subtask i in slot i of its group", () => {
    const { driver, job } = running();
    expect(driver.status(job)).toBe("RUNNING");
    const deployments = driver.sent("deploy").map(({ link, message }) => ({
      link,
      tasks: message.type === "deploy" ? message.deployment.tasks.map((t) => t.subtask) : [],
    }));
    expect(deployments).toEqual([
      { link: "a", tasks: [0, 0] },
      { link: "b", tasks: [1, 1] },
    ]);
  });

  test("commits once all tasks have finished and is FINISHED once all workers have published", () => {
    const { driver, job } = running({ sink: "files" });
    driver.tasks(job, "FINISHED", ["a"]);
    driver.released(job, ["a"]);
    expect(driver.sent("commit")).toEqual([]);
    driver.tasks(job, "FINISHED", ["b"]);
    expect(driver.sent("commit").map(({ link }) => link)).toEqual(["a", "b"]);
    driver.say("a", { type: "committed", job, attempt: 1 });
    expect(driver.status(job)).toBe("RUNNING");
    driver.say("b", { type: "committed", job, attempt: 1 });
    expect(driver.status(job)).toBe("FINISHED");
    driver.released(job, ["b"]);
    expect(driver.core.slots.freeSlots).toBe(4);
  });

  test("a finished task that never said RUNNING does not run into the deployment time-out", () => {
    const driver = new CoreDriver();
    driver.register("a");
    const job = driver.submit(plannedJob({ parallelism: 1 }));
    driver.task(job, "source", 0, "FINISHED");
    driver.task(job, "sink", 0, "RUNNING");
    driver.pass(120_000);
    expect(driver.status(job)).toBe("RUNNING");
  });
});

describe("a job whose task fails", () => {
  test("fails for good without a restart strategy, after every worker has let go of it", () => {
    const { driver, job } = running();
    driver.task(job, "source", 1, "FAILED");
    expect(driver.status(job)).toBe("FAILING");
    expect(driver.sent("cancel").map(({ link }) => link)).toEqual(["a", "b"]);
    driver.released(job, ["a"]);
    expect(driver.status(job)).toBe("FAILING");
    driver.released(job, ["b"]);
    expect(driver.status(job)).toBe("FAILED");
    expect(driver.core.job(job)?.failure?.code).toBe("OPERATOR_FAILED");
  });

  test("restarts as a new attempt after the delay and after its tasks are gone", () => {
    const { driver, job } = running({ restartStrategy: FIXED });
    driver.task(job, "source", 0, "FAILED");
    expect(driver.status(job)).toBe("RESTARTING");
    driver.pass(5_000);
    expect(driver.status(job), "workers still hold the first attempt").toBe("RESTARTING");
    driver.released(job, ["a", "b"]);
    expect(driver.status(job)).toBe("RUNNING");
    expect(driver.core.job(job)?.attempt).toBe(2);
  });

  test("waits out the delay though its tasks are gone", () => {
    const { driver, job } = running({ restartStrategy: FIXED });
    driver.task(job, "source", 0, "FAILED");
    driver.released(job, ["a", "b"]);
    driver.pass(499);
    expect(driver.status(job)).toBe("RESTARTING");
    driver.pass(1);
    expect(driver.status(job)).toBe("RUNNING");
  });

  test("gives up when the strategy does, and lists each failure", () => {
    const { driver, job } = running({ restartStrategy: { ...FIXED, attempts: 1, delay: 0 } });
    driver.task(job, "source", 0, "FAILED");
    driver.task(job, "source", 1, "FAILED");
    driver.released(job, ["a", "b"]);
    driver.task(job, "source", 1, "FAILED");
    driver.released(job, ["a", "b"]);
    expect(driver.status(job)).toBe("FAILED");
    const { entries } = driver.core.job(job)!.exceptions;
    expect(entries.map((entry) => [entry.attempt, entry.subtask, entry.concurrent.length])).toEqual(
      [
        [2, 1, 0],
        [1, 0, 1],
      ],
    );
  });

  test("ignores what an older attempt still says", () => {
    const { driver, job } = running({ restartStrategy: { ...FIXED, delay: 0 } });
    driver.task(job, "source", 0, "FAILED");
    driver.released(job, ["a", "b"]);
    driver.tasks(job, "RUNNING");
    const old = { job, attempt: 1, vertex: "source", subtask: 0 };
    driver.say("a", { type: "task_state", ...old, state: "FAILED" });
    driver.say("a", { type: "attempt_released", job, attempt: 1 });
    driver.say("a", { type: "committed", job, attempt: 1 });
    expect(driver.status(job)).toBe("RUNNING");
    expect(driver.core.job(job)?.attempt).toBe(2);
    expect(driver.core.slots.freeSlots).toBe(2);
  });

  test("ignores a worker that speaks for a task of another", () => {
    const { driver, job } = running();
    const task = { job, attempt: 1, vertex: "source", subtask: 0 };
    driver.say("b", { type: "task_state", ...task, state: "FAILED" });
    expect(driver.status(job)).toBe("RUNNING");
  });

  test("fails when its tasks do not all run in time", () => {
    const driver = new CoreDriver();
    driver.register("a");
    const job = driver.submit(plannedJob({ parallelism: 1 }));
    driver.pass(60_000);
    expect(driver.status(job)).toBe("FAILING");
    expect(driver.core.job(job)?.failure?.code).toBe("DEPLOYMENT_TIMEOUT");
  });
});

describe("a job whose worker is lost", () => {
  test("restarts on the slots that are left", () => {
    const driver = new CoreDriver();
    driver.register("a", 2);
    driver.register("b", 2);
    const job = driver.submit(plannedJob({ restartStrategy: FIXED }));
    driver.tasks(job, "RUNNING");
    driver.step({ type: "link_closed", link: "b", reason: "killed" });
    expect(driver.status(job)).toBe("RESTARTING");
    driver.released(job, ["a"]);
    driver.pass(500);
    expect(driver.status(job)).toBe("RUNNING");
    expect([...driver.core.job(job)!.tasks].map((task) => task.worker)).toEqual([
      "a",
      "a",
      "a",
      "a",
    ]);
  });

  test("waits for slots, and fails with the reason when none come", () => {
    const driver = new CoreDriver();
    driver.register("a", 1);
    driver.register("b", 1);
    const job = driver.submit(plannedJob({ restartStrategy: { ...FIXED, delay: 0 } }));
    driver.tasks(job, "RUNNING");
    driver.beating.delete("b");
    driver.step({ type: "link_closed", link: "b", reason: "killed" });
    driver.released(job, ["a"]);
    driver.pass(29_999);
    expect(driver.status(job)).toBe("RESTARTING");
    driver.pass(1);
    expect(driver.status(job)).toBe("FAILED");
    expect(driver.core.job(job)?.failure).toMatchObject({ code: "SLOTS_INSUFFICIENT", value: "2" });
  });

  test("goes on when the lost worker had finished its part and held nothing back", () => {
    const { driver, job } = running();
    driver.tasks(job, "FINISHED", ["a"]);
    driver.step({ type: "link_closed", link: "a", reason: "killed" });
    expect(driver.status(job)).toBe("RUNNING");
    driver.tasks(job, "FINISHED", ["b"]);
    driver.say("b", { type: "committed", job, attempt: 1 });
    expect(driver.status(job)).toBe("FINISHED");
  });

  test("restarts when the lost worker had finished but held output back", () => {
    const { driver, job } = running({ sink: "files", restartStrategy: FIXED });
    driver.tasks(job, "FINISHED", ["a"]);
    driver.released(job, ["a"]);
    driver.step({ type: "link_closed", link: "a", reason: "killed" });
    expect(driver.status(job)).toBe("RESTARTING");
  });

  test("fails whatever the strategy when output may be half published", () => {
    const { driver, job } = running({ sink: "files", restartStrategy: FIXED });
    driver.tasks(job, "FINISHED");
    driver.say("a", { type: "committed", job, attempt: 1 });
    driver.step({ type: "link_closed", link: "b", reason: "killed" });
    driver.released(job, ["a"]);
    expect(driver.status(job)).toBe("FAILED");
    expect(driver.core.job(job)?.failure?.code).toBe("COMMIT_INCOMPLETE");
  });
});

describe("cancelling a job", () => {
  test("is over when every worker has let go of it", () => {
    const { driver, job } = running();
    driver.step({ type: "cancel", job });
    expect(driver.status(job)).toBe("CANCELLING");
    driver.tasks(job, "CANCELED");
    driver.released(job, ["a", "b"]);
    expect(driver.status(job)).toBe("CANCELED");
    expect(driver.core.slots.freeSlots).toBe(4);
  });

  test("works while the job waits for slots and between attempts", () => {
    const driver = new CoreDriver();
    driver.register("a", 2);
    driver.submit(plannedJob(), "first");
    driver.submit(plannedJob(), "second");
    expect(driver.status("second")).toBe("CREATED");
    driver.step({ type: "cancel", job: "second" });
    expect(driver.status("second")).toBe("CANCELED");
    const other = running({ restartStrategy: { ...FIXED, delay: 60_000 } });
    other.driver.task(other.job, "sink", 0, "FAILED");
    other.driver.released(other.job, ["a", "b"]);
    other.driver.step({ type: "cancel", job: other.job });
    expect(other.driver.status(other.job)).toBe("CANCELED");
  });

  test("is refused once the job has ended or publishes, and for a job nobody knows", () => {
    const { driver, job } = running({ sink: "files" });
    driver.tasks(job, "FINISHED");
    driver.step({ type: "cancel", job });
    expect(driver.refusal()?.code).toBe("JOB_NOT_CANCELLABLE");
    driver.step({ type: "cancel", job: "nobody" });
    expect(driver.refusal()?.code).toBe("JOB_NOT_FOUND");
    expect(driver.status(job)).toBe("RUNNING");
  });

  test("a worker that does not let go in time counts as lost", () => {
    const { driver, job } = running();
    driver.step({ type: "cancel", job });
    driver.released(job, ["a"]);
    driver.pass(14_999);
    expect(driver.status(job)).toBe("CANCELLING");
    driver.pass(1);
    expect(driver.status(job)).toBe("CANCELED");
    expect(driver.closed().map(({ link }) => link)).toEqual(["b"]);
  });
});

describe("submitting a job", () => {
  test("is refused above the slots of the cluster, with both numbers", () => {
    const driver = new CoreDriver();
    driver.register("a", 2);
    driver.submit(plannedJob({ parallelism: 3 }));
    expect(driver.refusal()).toMatchObject({ code: "SLOTS_INSUFFICIENT", value: "3" });
    expect(driver.refusal()?.message).toContain("the cluster has 2");
    expect([...driver.core.jobs]).toEqual([]);
  });

  test("waits in CREATED while others hold the slots, and starts when they are released", () => {
    const driver = new CoreDriver();
    driver.register("a", 2);
    driver.submit(plannedJob(), "first");
    driver.submit(plannedJob(), "second");
    driver.tasks("first", "FINISHED");
    driver.say("a", { type: "committed", job: "first", attempt: 1 });
    expect(driver.status("first")).toBe("FINISHED");
    expect(driver.status("second"), "slots are not released yet").toBe("CREATED");
    driver.released("first", ["a"]);
    expect(driver.status("second")).toBe("RUNNING");
  });
});

describe("a job whose deployment no worker could read", () => {
  test("fails at once and for good, and the jobs beside it go on", () => {
    const driver = new CoreDriver();
    driver.register("a", 4);
    const neighbour = driver.submit(plannedJob(), "neighbour");
    driver.tasks(neighbour, "RUNNING");
    const parameters = { text: "x".repeat(CONTROL_MESSAGE_MAX_BYTES) };
    const job = driver.submit(plannedJob({ parameters, restartStrategy: FIXED }), "large");
    expect(driver.status(job)).toBe("FAILING");
    driver.released(job, ["a"]);
    expect(driver.status(job)).toBe("FAILED");
    expect(driver.core.job(job)?.failure?.code).toBe("DEPLOYMENT_TOO_LARGE");
    expect(driver.core.job(job)?.attempt).toBe(1);
    expect(driver.sent("deploy").map(({ link }) => link)).toEqual(["a"]);
    expect(driver.status(neighbour)).toBe("RUNNING");
    driver.submit(plannedJob(), "next");
    expect(driver.sent("deploy"), "its slots are free again").toHaveLength(2);
  });
});
