/** Texts that a newcomer meets: errors said once, streams that end nowhere, dev's tables. */
import { describe, expect, test } from "vitest";
import type { DevRun } from "../../src/cli/dev/dev-session.ts";
import { runText } from "../../src/cli/dev/dev-view.ts";
import { openEndNote } from "../../src/cli/open-end-note.ts";
import { describeError } from "../../src/cli/terminal.ts";
import { checkNode } from "../../src/embedded/mini-cluster.ts";
import { files, textLines } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { startTaskManager } from "../../src/taskmanager/task-manager-process.ts";
import { millrace } from "./millrace.ts";

test("an error whose message ends with the way out does not say it twice", () => {
  const said = { code: "X", message: "Cannot compile a.ts:1:2: new. Use y.", expected: "Use y." };
  expect(describeError(said)).toBe("error Cannot compile a.ts:1:2: new. Use y. [X]");
  expect(describeError({ ...said, expected: "z" })).toMatch(/\n {2}expected: z$/);
});

test("a stream that ends nowhere is named", () => {
  const env = new StreamExecutionEnvironment();
  const lines = env.fromSource(textLines(files("a.txt")));
  const upper = lines.select({ text: "line" }).name("renamed");
  expect(openEndNote(env.toJobSpec("job"))).toContain("Nobody takes the rows of renamed");
  upper.discard();
  expect(openEndNote(env.toJobSpec("job"))).toBeUndefined();
});

test("dev shows a table for each sink, under its name where there are several", () => {
  const run: DevRun = {
    number: 1,
    job: "job.ts",
    state: "FINISHED",
    rows: [{ word: "sea" }, { total: 3 }, { word: "whale" }],
    sinks: ["words", "totals", "words"],
    rowCount: 3,
    built: false,
    linear: [],
  };
  expect(runText(run, 20)).toMatch(/\nwords\nword\nsea\nwhale\ntotals\ntotal\n3$/);
  const one = runText({ ...run, sinks: ["words", "words", "words"] }, 20);
  expect(one).toMatch(/\nword {3}total\nsea\n {7}3\nwhale$/);
});

describe("an application", () => {
  test("under a Node that is too old is told which one to take", () => {
    expect(() => checkNode({ node: "20.20.2" })).toThrow(
      expect.objectContaining({
        code: "NODE_TOO_OLD",
        value: "20.20.2",
        expected: expect.stringContaining("npx node"),
      }),
    );
    checkNode({ node: "24.0.0" });
    checkNode({ node: "22.0.0", deno: "2.0.0" });
  });
});

describe("an address of a JobManager without http:// ends the worker at once", () => {
  test.each(["localhost:8081", "127.0.0.1:8081", "ftp://hub"])("%s", async (jobManager) => {
    await expect(startTaskManager({ jobManager, token: "x" })).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      value: jobManager,
      expected: "http://host:port of a running JobManager",
    });
  });

  test("of the command line", async () => {
    const args = ["taskmanager", "--token", "x", "--jobmanager", "hub:8081"];
    const { code, err } = await millrace(args);
    expect([code, err]).toEqual([1, expect.stringContaining("Cannot join hub:8081")]);
  });
});
