import { describe, expect, test } from "vitest";
import { HeartbeatMonitor } from "../../src/jobmanager/core/heartbeat.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/versions.ts";
import { CoreDriver } from "./core-driver.ts";
import { plannedJob } from "./planned-jobs.ts";

const FIXED = { type: "fixed_delay" as const, attempts: 9, delay: 0 };

describe("a worker", () => {
  test("is lost at once when its link closes", () => {
    const driver = new CoreDriver();
    driver.register("a");
    driver.step({ type: "link_closed", link: "a", reason: "killed" });
    expect(driver.core.slots.workerCount).toBe(0);
  });

  test("is lost when it is silent for the heartbeat time-out, not before", () => {
    const driver = new CoreDriver();
    driver.register("a");
    driver.beating.delete("a");
    driver.pass(9_999);
    expect(driver.core.slots.workerCount).toBe(1);
    driver.pass(1);
    expect(driver.core.slots.workerCount).toBe(0);
    expect(driver.closed()).toEqual([{ link: "a", reason: "no sign of life for 10000 ms" }]);
  });

  test("stays while it beats, and every heartbeat is answered", () => {
    const driver = new CoreDriver();
    driver.register("a");
    driver.pass(60_000);
    expect(driver.core.slots.workerCount).toBe(1);
    expect(driver.sent("heartbeat_ack").length).toBe(60);
  });

  test("is not blamed when the JobManager itself stood still", () => {
    const driver = new CoreDriver();
    driver.register("a");
    driver.pass(3_000);
    driver.nowMs += 60_000;
    driver.step({ type: "tick" });
    expect(driver.core.slots.workerCount).toBe(1);
    driver.beating.delete("a");
    driver.pass(11_000);
    expect(driver.core.slots.workerCount, "but it still has to say something").toBe(0);
  });

  test("that does not register is cut off", () => {
    const driver = new CoreDriver();
    driver.step({ type: "link_opened", link: "x" });
    driver.pass(5_000);
    expect(driver.closed()[0]).toMatchObject({ link: "x" });
  });

  test("that says something else first is refused", () => {
    const driver = new CoreDriver();
    driver.step({ type: "link_opened", link: "x" });
    driver.say("x", { type: "heartbeat", sequence: 1 });
    expect(driver.sent("rejected")[0]?.message).toMatchObject({
      error: { code: "NOT_REGISTERED" },
    });
    expect(driver.closed()[0]?.link).toBe("x");
  });

  test("of another protocol version is refused by name", () => {
    const driver = new CoreDriver();
    driver.step({ type: "link_opened", link: "x" });
    driver.say("x", {
      type: "register",
      protocolVersion: 99,
      worker: "x",
      incarnation: "1",
      slots: 1,
      address: "",
      runtime: "",
      labels: {},
      memoryMaxPages: 1,
    });
    expect(driver.sent("rejected")[0]?.message).toMatchObject({
      error: { code: "PROTOCOL_VERSION_MISMATCH", value: "99", expected: "1" },
    });
  });
});

describe("a second process of one name", () => {
  test("replaces the first, which is told so, and the job restarts on it", () => {
    const driver = new CoreDriver();
    driver.register("a", 2, "old", "link-1");
    const job = driver.submit(plannedJob({ restartStrategy: FIXED }));
    driver.register("a", 2, "new", "link-2");
    expect(driver.sent("rejected")).toMatchObject([
      { link: "link-1", message: { error: { code: "WORKER_REPLACED" } } },
    ]);
    expect(driver.closed()[0]?.link).toBe("link-1");
    expect(driver.status(job)).toBe("RUNNING");
    expect(driver.core.job(job)?.attempt).toBe(2);
    expect(driver.sent("deploy").at(-1)?.link).toBe("link-2");
  });

  test("is not replaced back by a late message of the first", () => {
    const driver = new CoreDriver();
    driver.register("a", 2, "old", "link-1");
    driver.register("a", 2, "new", "link-2");
    driver.register("a", 2, "old", "link-3");
    expect(driver.sent("rejected").map(({ link }) => link)).toEqual(["link-1", "link-3"]);
    expect(driver.core.slots.worker("a")?.incarnation).toBe("new");
    driver.step({ type: "link_closed", link: "link-1", reason: "late" });
    expect(driver.core.slots.workerCount).toBe(1);
  });
});

describe("a registration that a newer link has overtaken", () => {
  const register = (incarnation: string) => ({
    type: "register" as const,
    protocolVersion: PROTOCOL_VERSION,
    worker: "a",
    incarnation,
    slots: 2,
    address: "ws://a",
    runtime: "test",
    labels: {},
    memoryMaxPages: 64,
  });

  test("does not cost the process that took its place", () => {
    const driver = new CoreDriver();
    driver.step({ type: "link_opened", link: "slow" });
    driver.nowMs += 20;
    driver.register("a", 2, "new", "link-2");
    driver.say("slow", register("old"));
    expect(driver.sent("rejected")).toMatchObject([
      { link: "slow", message: { error: { code: "WORKER_REPLACED" } } },
    ]);
    expect(driver.core.slots.worker("a")).toMatchObject({ incarnation: "new", link: "link-2" });
  });

  test("of the same process only loses its link", () => {
    const driver = new CoreDriver();
    driver.step({ type: "link_opened", link: "slow" });
    driver.nowMs += 20;
    driver.register("a", 2, "1", "link-2");
    driver.say("slow", register("1"));
    expect(driver.sent("rejected")).toEqual([]);
    expect(driver.closed().map(({ link }) => link)).toEqual(["slow"]);
    expect(driver.core.slots.worker("a")?.link).toBe("link-2");
  });
});

describe("the deadline of a silent worker", () => {
  test("is past when it has come, also where its sum with the time-out is rounded", () => {
    for (let i = 0; i < 200; i++) {
      const heardMs = 9_467.536 + i * 0.137;
      const monitor = new HeartbeatMonitor(10_000, 1_000_000);
      monitor.watch("a", heardMs);
      expect(monitor.expire(monitor.nextDeadlineMs()!), `heard at ${heardMs}`).toEqual(["a"]);
    }
  });
});

describe("the same process on a new link", () => {
  test("keeps its slots held until it has released what it ran", () => {
    const driver = new CoreDriver();
    driver.register("a", 2, "1", "link-1");
    const job = driver.submit(plannedJob({ restartStrategy: FIXED }));
    driver.step({ type: "link_closed", link: "link-1", reason: "link dropped" });
    driver.beating.delete("link-1");
    expect(driver.status(job)).toBe("RESTARTING");
    driver.register("a", 2, "1", "link-2");
    expect(driver.status(job), "its old tasks may still run").toBe("RESTARTING");
    expect(driver.sent("cancel")).toEqual([
      { link: "link-2", message: { type: "cancel", job, attempt: 1 } },
    ]);
    driver.say("link-2", { type: "attempt_released", job, attempt: 1 });
    expect(driver.status(job)).toBe("RUNNING");
  });

  test("leaves no slot behind when a new process comes instead", () => {
    const driver = new CoreDriver();
    driver.register("a", 2, "1", "link-1");
    const job = driver.submit(plannedJob({ restartStrategy: FIXED }));
    driver.step({ type: "link_closed", link: "link-1", reason: "killed" });
    driver.register("a", 2, "2", "link-2");
    expect(driver.status(job)).toBe("RUNNING");
  });
});
