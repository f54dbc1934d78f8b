import { describe, expect, test } from "vitest";
import { CoreDriver } from "./core-driver.ts";
import { plannedJob } from "./planned-jobs.ts";

function collecting() {
  const driver = new CoreDriver();
  driver.register("a");
  const job = driver.submit(
    plannedJob({
      parallelism: 1,
      sink: "collect",
      restartStrategy: { type: "fixed_delay", attempts: 1, delay: 0 },
    }),
  );
  driver.tasks(job, "RUNNING");
  const rows = (lines: string) =>
    driver.say("a", {
      type: "rows",
      job,
      attempt: driver.core.job(job)?.attempt ?? 0,
      vertex: "sink",
      subtask: 0,
      sink: "sink",
      lines,
    });
  const take = () => driver.step({ type: "rows_take", job, subscriber: "me" });
  const items = () =>
    driver.actions.flatMap((action) => (action.type === "rows" ? [action.item] : []));
  return { driver, job, rows, take, items };
}

describe("rows of a collect sink", () => {
  test("get credits when the sink runs, and one for each message that was taken", () => {
    const { driver, job, rows, take } = collecting();
    const credits = () =>
      driver
        .sent("rows_credit")
        .map(({ message }) => (message.type === "rows_credit" ? message.messages : 0));
    expect(credits()).toEqual([2]);
    driver.step({ type: "rows_subscribe", job, subscriber: "me" });
    rows("1");
    expect(credits(), "nobody has taken it").toEqual([2]);
    take();
    expect(credits()).toEqual([2, 1]);
  });

  test("are handed out in order, whether the reader or the row comes first", () => {
    const { driver, job, rows, take, items } = collecting();
    rows("1");
    driver.step({ type: "rows_subscribe", job, subscriber: "me" });
    take();
    take();
    rows("2");
    take();
    expect(items().map((item) => item.type === "rows" && item.lines)).toEqual(["1", "2"]);
  });

  test("without a credit cost the worker its link", () => {
    const { driver, rows } = collecting();
    rows("1");
    rows("2");
    rows("3");
    expect(driver.closed()[0]?.reason).toContain("without a credit");
  });

  test("of an attempt that failed are void, and the reader is told", () => {
    const { driver, job, rows, take, items } = collecting();
    driver.step({ type: "rows_subscribe", job, subscriber: "me" });
    rows("old");
    driver.task(job, "source", 0, "FAILED");
    driver.released(job, ["a"]);
    driver.tasks(job, "RUNNING");
    rows("new");
    take();
    take();
    expect(items()).toEqual([
      { type: "restart", attempt: 2 },
      { type: "rows", attempt: 2, vertex: "sink", subtask: 0, sink: "sink", lines: "new" },
    ]);
  });

  test("end with the job's status, also for a reader that comes later", () => {
    const { driver, job, rows, take, items } = collecting();
    rows("1");
    driver.tasks(job, "FINISHED");
    driver.say("a", { type: "committed", job, attempt: 1 });
    driver.step({ type: "rows_subscribe", job, subscriber: "me" });
    take();
    take();
    take();
    expect(items().map((item) => item.type)).toEqual(["rows", "end", "end"]);
  });

  test("have one reader at a time", () => {
    const { driver, job } = collecting();
    driver.step({ type: "rows_subscribe", job, subscriber: "me" });
    driver.step({ type: "rows_subscribe", job, subscriber: "you" });
    expect(driver.refusal()?.code).toBe("ROWS_TAKEN");
    driver.step({ type: "rows_unsubscribe", job, subscriber: "me" });
    const actions = driver.step({ type: "rows_subscribe", job, subscriber: "you" });
    expect(actions).toEqual([]);
  });
});
