import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DevRun } from "../../src/cli/dev/dev-session.ts";
import { JOB, MAIN, OPERATOR, PACKAGE, ProjectFiles } from "./project-files.ts";

const project = new ProjectFiles("dev");
project.write("package.json", PACKAGE);
project.write("operators/index.ts", OPERATOR);
project.write("job.ts", JOB);
project.write("lines.txt", "a bb ccc\ndddd\n");

// A job of the checkout finds the sources of `millrace`, not a packed copy.
const args = ["--conditions=millrace-source", MAIN, "dev", "--json"];
const dev = spawn(process.execPath, args, {
  cwd: project.folder,
  stdio: ["ignore", "pipe", "inherit"],
});
const lines = createInterface({ input: dev.stdout! })[Symbol.asyncIterator]();

/** The end of the next run. */
async function ended(): Promise<DevRun> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error("millrace dev ended");
    const run = JSON.parse(value) as DevRun;
    if (run.state !== "RUNNING") return run;
  }
}

function save(name: string, text: string): Promise<DevRun> {
  project.write(name, text);
  return ended();
}

const words = (run: DevRun) => run.rows.map((row) => row.word);

beforeAll(async () => {
  const run = await ended();
  expect([run.state, words(run), run.built]).toEqual(["FINISHED", ["bb", "ccc", "dddd"], true]);
});

afterAll(async () => {
  if (dev.exitCode === null) {
    dev.kill("SIGKILL");
    await once(dev, "exit");
  }
  project.remove();
});

describe("millrace dev", () => {
  test("builds and runs again when an operator is saved, within a second where the machine is free", async () => {
    const run = await save(
      "operators/index.ts",
      OPERATOR.replace("< this.minLength", "<= this.minLength"),
    );
    expect([words(run), run.built]).toEqual([["ccc", "dddd"], true]);
    console.log(`save of an operator to new output: ${Math.round(run.firstOutputMs ?? 0)} ms`);
  });

  test("shows the line of a compiler's error, and goes on", async () => {
    const broken = await save(
      "operators/index.ts",
      OPERATOR.replace("value.length", "value.lenght"),
    );
    expect(broken.error).toMatchObject({
      code: "BUNDLE_COMPILE_FAILED",
      message: expect.stringMatching(/index\.ts:11:\d+: .*lenght/),
    });
    expect(words(await save("operators/index.ts", OPERATOR))).toEqual(["bb", "ccc", "dddd"]);
  });

  test("loads the job again, and names the line where it throws", async () => {
    const run = await save("job.ts", JOB.replace("minLength: 2", "minLength: 4"));
    expect([words(run), run.built]).toEqual([["dddd"], false]);
    const thrown = await save("job.ts", JOB.replace("  env.", "  null.x;\n  env."));
    expect(thrown.error?.code).toBe("JOB_FILE_INVALID");
    expect(thrown.error?.message).toMatch(/job\.ts:5: /);
    await save("job.ts", JOB);
  });

  test("runs again when the input is saved", async () => {
    expect(words(await save("lines.txt", "a bb\n"))).toEqual(["bb"]);
  });

  test("ends at Ctrl-C", async () => {
    dev.kill("SIGINT");
    const [code] = await once(dev, "exit");
    expect(code).toBe(0);
  });
});

test("ends at a signal while a job file waits for something that never comes", async () => {
  project.write(
    "waits.ts",
    `console.error("loading");\nawait new Promise(() => setInterval(() => {}, 1_000));\n${JOB}`,
  );
  const waiting = spawn(process.execPath, [...args, "waits.ts"], {
    cwd: project.folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exit = once(waiting, "exit");
  for await (const line of createInterface({ input: waiting.stderr! })) {
    if (line === "loading") waiting.kill("SIGTERM");
  }
  expect((await exit)[0]).toBe(0);
  // Less than the 30 s that a job file may take.
}, 25_000);
