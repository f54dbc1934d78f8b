/** The clickstream as it is, against plain TypeScript. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Duration } from "../../src/plan/duration.ts";
import { EventTimeSessionWindows } from "../../src/plan/window-assigners.ts";
import { expectRows, MiniCluster, OperatorTestHarness, runJob } from "../../src/testing/index.ts";

const EXAMPLE = new URL("../../examples/clickstream-sessions/", import.meta.url);
const JOB = new URL("job.ts", EXAMPLE);
const HOUR = 3_600_000;
const BEGIN = 1_700_000_000_000;

interface Click {
  readonly user: string;
  readonly page: string;
  readonly at: number;
}

let cluster: MiniCluster;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-clicks-"));
  cluster = await MiniCluster.start({ slots: 2 });
});
afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Clicks of 60 users over some hours, up to 4 s out of order, each at a time of its own. */
function clicks(): Click[] {
  let state = 11;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const pages = ["/", "/chairs", "/tables", "/basket", "/video/assembly"];
  return Array.from({ length: 12_000 }, (_, i) => {
    const at = BEGIN + i * 3_000 - random(4) * 1_000 + (i % 7);
    return { user: `user-${random(60)}`, page: pages[random(pages.length)]!, at };
  });
}

const openFor = (page: string, pause: number) => (page.startsWith("/video/") ? HOUR : pause);

/** Visits as one would find them with all clicks at hand. */
function sessionsOf(all: readonly Click[], pause: number) {
  const sessions: { clicks: Click[]; end: number }[] = [];
  const byUser = Map.groupBy(all, ({ user }) => user);
  for (const list of byUser.values()) {
    let open: (typeof sessions)[number] | undefined;
    for (const click of list.toSorted((a, b) => a.at - b.at)) {
      const end = click.at + openFor(click.page, pause);
      if (open === undefined || click.at > open.end) {
        open = { clicks: [], end };
        sessions.push(open);
      }
      open.clicks.push(click);
      open.end = Math.max(open.end, end);
    }
  }
  return sessions.map(({ clicks: [...list], end }) => {
    const [first, last] = [list[0]!, list.at(-1)!];
    const times = { started: first.at, seconds: Math.floor((last.at - first.at) / 1_000) };
    const pages = { entry: first.page, exit: last.page, clicks: list.length };
    return { row: { user: first.user, ...pages, ...times, revised: false }, end };
  });
}

describe("examples/clickstream-sessions", () => {
  test("visits of 12,000 clicks, their statistics, and clicks that came too late", async () => {
    const all = clicks();
    const late = { user: "user-1", page: "/", at: BEGIN - 10 * HOUR };
    const file = join(folder, "clicks.jsonl");
    writeFileSync(file, [...all, late].map((click) => `${JSON.stringify(click)}\n`).join(""));
    const { sinks } = await runJob(JOB, { cluster, args: [file, "60"] });
    const sessions = sessionsOf(all, 60_000);
    expect(sessions.length).toBeGreaterThan(300);
    expectRows(
      sinks.get("sessions")!,
      sessions.map(({ row }) => row),
      { order: "any" },
    );
    expectRows(sinks.get("too-late")!, [{ ...late, open_for: 60_000 }], { order: "any" });
    const groups = Map.groupBy(sessions, ({ row, end }) => {
      return `${row.entry} ${Math.floor((end - 1) / HOUR) * HOUR}`;
    });
    const statistics = [...groups].map(([key, of]) => {
      const sum = (value: (row: (typeof of)[number]["row"]) => number) =>
        of.reduce((total, { row }) => total + value(row), 0) / of.length;
      const [entry, start] = key.split(" ");
      return {
        entry: entry!,
        sessions: of.length,
        bounced: sum(({ clicks: n }) => (n === 1 ? 1 : 0)),
        mean_clicks: sum(({ clicks: n }) => n),
        mean_seconds: sum(({ seconds }) => seconds),
        window_start: Number(start),
        window_end: Number(start) + HOUR,
      };
    });
    expectRows(sinks.get("statistics")!, statistics, { order: "any" });
  });

  test("a click within the lateness gives its visit again; a later one is apart", async () => {
    const source = new URL("operators/index.ts", EXAMPLE).pathname;
    const harness = await OperatorTestHarness.open(source, "SummarizeSession", {
      keyBy: ["user"],
      window: EventTimeSessionWindows.withDynamicGap("open_for"),
      allowedLatenessMs: Duration.ofMinutes(10).ms,
    });
    const click = (page: string, at: number) =>
      harness.processElement({ user: "ada", page, at: BigInt(at), open_for: 60_000n }, at);
    click("/", 1_000);
    harness.processWatermark(100_000);
    click("/chairs", 31_000);
    harness.processWatermark(900_000);
    click("/tables", 40_000);
    const common = { user: "ada", entry: "/", started: 1_000n };
    expectRows(harness.extractOutputValues(), [
      { ...common, exit: "/", clicks: 1, seconds: 0n, revised: false },
      { ...common, exit: "/chairs", clicks: 2, seconds: 30n, revised: true },
    ]);
    expect(harness.extractSideOutputValues("late")).toHaveLength(1);
  });

  test("runs on the clicks beside it", async () => {
    const { sinks } = await runJob(JOB, { cluster });
    const sessions = sinks.get("sessions")!;
    expect(sessions.map(({ user }) => user).sort()).toEqual([
      "ada",
      "ada",
      "bob",
      "bob",
      "cyd",
      "cyd",
      "dan",
      "eve",
      "eve",
      "fay",
    ]);
    expect(sinks.get("too-late")).toEqual([]);
    expect(sinks.get("statistics")!.length).toBeGreaterThan(3);
  });
});
