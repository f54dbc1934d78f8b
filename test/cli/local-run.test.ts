/** `millrace run` in its own process, and a cluster whose jobs stay in a folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startMillrace, stopProcess } from "../../src/cli/demo/processes.ts";
import { Closers, inTime, temporaryFolder } from "../cluster/cluster.ts";
import { MAIN, millrace } from "./millrace.ts";

const closers = new Closers();
afterAll(() => closers.close());

function jobFile(text: string): string {
  const path = join(temporaryFolder(closers), "job.js");
  writeFileSync(path, text);
  return path;
}

const ENDLESS = `import { datagen, schemaOf } from "millrace";
export default ({ env }) => env
  .fromSource(datagen(schemaOf({ n: "INT NOT NULL" }), { rowsPerSecond: 50 })).collect();\n`;

describe("millrace run --local", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "ends with its job at %s, and says no word of it",
    async (signal) => {
      const args = [MAIN, "run", "--local", jobFile(ENDLESS)];
      const child = spawn(process.execPath, args, { env: { ...process.env, NO_COLOR: "1" } });
      closers.add(() => void child.kill("SIGKILL"));
      let err = "";
      child.stderr.on("data", (chunk: Buffer) => {
        err += chunk;
      });
      const closed = once(child, "close");
      // The first row says that it runs.
      await inTime("row", once(child.stdout, "data"));
      child.stdout.resume();
      child.kill(signal);
      expect(await inTime("end", closed)).toEqual([signal === "SIGINT" ? 130 : 143, null]);
      expect(err).not.toMatch(/error|goes on/);
    },
  );

  test("does not go with --detach: nothing would be left to run the job", async () => {
    const { code, err } = await millrace(["run", "--local", "--detach", jobFile(ENDLESS)]);
    expect([code, err]).toEqual([2, expect.stringContaining("'--local' cannot be used with")]);
  });
});

test("millrace cluster --files-root keeps the jobs of its workers in that folder", async () => {
  const [home, inside, outside] = [0, 1, 2].map(() => realpathSync(temporaryFolder(closers)));
  writeFileSync(join(inside!, "a.txt"), "a\n");
  writeFileSync(join(outside!, "b.txt"), "b\n");
  const args = ["cluster", "--port", "0", "--data-dir", home!, "--files-root", inside!];
  const { child, line } = await startMillrace(args, /ready at/);
  closers.add(() => stopProcess(child));
  const { client } = JSON.parse(readFileSync(join(home!, "tokens.json"), "utf8"));
  const cluster = ["--url", /http:\S+/.exec(line)![0], "--token", client];
  const job = jobFile("export default ({ env, args }) => env.readTextFile(args[0]).collect();\n");
  const allowed = await millrace(["run", ...cluster, job, join(inside!, "a.txt")]);
  expect([allowed.code, allowed.out]).toEqual([0, '{"line":"a"}\n']);
  const refused = await millrace(["run", ...cluster, "--json", job, join(outside!, "b.txt")]);
  const { errors } = JSON.parse(refused.out.trim().split("\n").at(-1)!);
  expect([refused.code, errors[0]]).toMatchObject([
    1,
    {
      code: "PATH_NOT_ALLOWED",
      field: "path",
      value: join(outside!, "b.txt"),
      expected: `a path below ${inside}`,
    },
  ]);
});
