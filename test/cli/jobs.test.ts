/** The commands that work with a cluster, and `build`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { datagen } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { inspectBundle } from "../../src/protocol/bundle/inspect.ts";
import { Closers, TestCluster, temporaryFolder } from "../cluster/cluster.ts";
import { type Finished, MAIN, millrace } from "./millrace.ts";

const closers = new Closers();
let cluster: TestCluster;
let folder: string;

beforeAll(async () => {
  folder = temporaryFolder(closers);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 4);
});
afterAll(() => closers.close());

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A command with the cluster's address and token. */
function call(...args: string[]): Promise<Finished> {
  const { url, tokens } = cluster.manager;
  return millrace(args, { MILLRACE_URL: url, MILLRACE_TOKEN: tokens.client });
}

/** A job of numbers from 0; without a count it never ends. */
function numbersJob(count: number | undefined): string {
  const env = new StreamExecutionEnvironment();
  const schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }] as const;
  const options = count === undefined ? { rowsPerSecond: 100 } : { numberOfRows: count };
  const fields = { n: { kind: "sequence" as const, start: 0, end: 1_000_000 } };
  const numbers = env.fromSource(datagen(schema, { ...options, fields }));
  numbers.collect().uid("first");
  if (count === 2) numbers.collect().uid("second");
  const path = join(folder, `numbers-${count ?? "endless"}.json`);
  writeFileSync(path, JSON.stringify(env.toJobSpec("numbers")));
  return path;
}

describe("millrace run", () => {
  test("uploads the bundle of a job file, prints the rows and ends with 0", async () => {
    const text = join(folder, "text.txt");
    writeFileSync(text, "to be\nor not to be\n");
    const { code, out, err } = await call("run", root("examples/word-count/job.ts"), text);
    expect(err).toContain("finished");
    expect(code).toBe(0);
    const rows = out.trimEnd().split("\n");
    const counts = rows.map((line) => JSON.parse(line)).map((row) => [row.word, row.count]);
    expect(Object.fromEntries(counts)).toEqual({ to: 2, be: 2, or: 1, not: 1 });
  });

  test("takes a job spec, and prints nothing but lines of JSON with --json", async () => {
    const { code, out, err } = await call("run", numbersJob(3), "--json");
    expect(code).toBe(0);
    const [begin, ...rest] = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { jobid } = begin;
    expect(rest).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { jobid, state: "FINISHED" }]);
    expect(err).not.toContain("Job");
  });

  test("names the sink in front of each row where the job has several", async () => {
    const { out } = await call("run", numbersJob(2));
    const lines = ['first> {"n":0}', 'first> {"n":1}', 'second> {"n":0}', 'second> {"n":1}'];
    expect(out.trimEnd().split("\n").sort()).toEqual(lines);
  });

  test("ends with 1 and the reason when the job fails, or is refused", async () => {
    const job = root("examples/word-count/job.ts");
    const failed = await call("run", job, join(folder, "absent.txt"));
    expect(failed.code).toBe(1);
    expect(failed.err).toContain("[FILE_NOT_FOUND]");
    const path = join(folder, "wrong.json");
    writeFileSync(path, JSON.stringify({ version: 1, name: "wrong", vertices: [] }));
    const refused = await call("run", path);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("vertices");
    const absent = await call("run", join(folder, "absent.json"));
    expect([absent.code, absent.err]).toEqual([1, expect.stringContaining("[FILE_NOT_FOUND]")]);
  });
});

describe("millrace run of a job file that is wrong", () => {
  const written = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test("names the line that throws, and not Millrace as at fault", async () => {
    const path = written("throws.js", "export default ({ env }) => {\n  env.nonsense();\n};\n");
    const { code, err } = await call("run", path);
    expect(code).toBe(1);
    expect(err).toContain(`${path}:2: env.nonsense is not a function [JOB_FILE_INVALID]`);
  });

  test.each(["ts", "js"])("names the line that does not parse (.%s)", async (ending) => {
    const path = written(`syntax.${ending}`, "export default () => {\n  const = 1;\n};\n");
    const { code, err } = await call("run", path);
    expect(code).toBe(1);
    expect(err).toContain(`${path}:2: `);
    expect(err).toContain("[JOB_FILE_INVALID]");
  });

  test("says which files it takes", async () => {
    const { code, err } = await call("run", written("job.md", "# a job"));
    expect(code).toBe(1);
    expect(err).toMatch(/\[JOB_FILE_INVALID\][\s\S]*expected: a \.ts or \.js file/);
  });
});

describe("millrace run --detach, list and cancel", () => {
  test("start a job, show it, and end it", async () => {
    const started = await call("run", "--detach", numbersJob(undefined));
    expect(started.code).toBe(0);
    const id = started.out.trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(started.err).toContain(`/v1/jobs/${id}/rows`);
    await cluster.status(id, "RUNNING");
    const list = await call("list");
    expect(list.out.split("\n")[0]).toMatch(/^JOB +STATE +DURATION +ATTEMPT +NAME$/);
    expect(list.out.split("\n")[1]).toMatch(new RegExp(`^${id} +RUNNING .* numbers$`));
    const start = id.slice(0, 12);
    const shown = await call("info", start);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(new RegExp(`^numbers  RUNNING\nid +${id}\n`));
    expect(shown.out).toMatch(/^VERTEX +PARALLELISM .*\n.*format_json +1 +RUNNING/m);
    const cancelled = await call("cancel", start);
    expect([cancelled.code, cancelled.out]).toEqual([0, `${id} CANCELED\n`]);
    const jobs = JSON.parse((await call("list", "--json")).out);
    const job = jobs.find((one: { jid: string }) => one.jid === id);
    expect(job).toMatchObject({ jid: id, state: "CANCELED", name: "numbers" });
    const unknown = await call("cancel", "1f0e8a52-6f0c-4a7b-9a52-6f0c4a7b9a52");
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining("[JOB_NOT_FOUND]")]);
    for (const none of ["nonsense", ""]) {
      const missing = await call("info", none);
      expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("[JOB_NOT_FOUND]")]);
    }
  });

  test("info says why a job failed, and where", async () => {
    const job = root("examples/word-count/job.ts");
    const failed = await call("run", "--json", job, join(folder, "absent.txt"));
    const { jobid } = JSON.parse(failed.out.split("\n")[0]!);
    const shown = await call("info", jobid);
    expect(shown.out).toContain("FAILED");
    expect(shown.out).toMatch(/^error .*absent\.txt.*\[FILE_NOT_FOUND\]/m);
  });
});

describe("millrace run, ended by Ctrl-C", () => {
  async function interrupted(...flags: string[]) {
    const { url, tokens } = cluster.manager;
    const env = { ...process.env, MILLRACE_URL: url, MILLRACE_TOKEN: tokens.client, NO_COLOR: "1" };
    const args = [MAIN, "run", numbersJob(undefined), ...flags];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk;
    });
    // The first row says that it runs.
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    const id = /[0-9a-f-]{36}/.exec(err)![0];
    return { code, err, id };
  }

  test("leaves the job running, and says how to end it", async () => {
    const { code, err, id } = await interrupted();
    expect([code, err]).toEqual([130, expect.stringContaining(`millrace cancel ${id}`)]);
    await cluster.status(id, "RUNNING");
    await call("cancel", id);
  });

  test("cancels the job first with --cancel-on-exit", async () => {
    const { code, err, id } = await interrupted("--cancel-on-exit");
    expect([code, err]).toEqual([130, expect.stringContaining(`Cancelling ${id}`)]);
    await cluster.status(id, "CANCELED");
  });
});

describe("millrace build", () => {
  test("writes the bytes that every build of these sources has, and upload takes them", async () => {
    const entry = root("examples/word-count/operators/index.ts");
    const output = join(folder, "words.wasm");
    const { code, out } = await millrace(["build", entry, "--out", output]);
    expect([code, out]).toEqual([0, expect.stringContaining("SplitWords  flat_map")]);
    const bytes = readFileSync(output);
    // Made by `npm run build:operators`, in another process and another way.
    expect(bytes.equals(readFileSync(root("build/word-count.wasm")))).toBe(true);
    const { hash, manifest } = inspectBundle(bytes);
    expect(manifest.name).toBe("word-count");
    const uploaded = await call("upload", output, "--json");
    expect(JSON.parse(uploaded.out).id).toBe(hash);
  }, 120_000);

  test("ends with 1 and the author's line when the source is wrong", async () => {
    const entry = join(folder, "wrong.ts");
    writeFileSync(entry, "@operator\nexport class Nothing {}\n");
    const { code, err } = await millrace(["build", entry]);
    expect(code).toBe(1);
    expect(err).toMatch(/wrong\.ts:\d/);
  });
});
