/**
 * Bad input of an author's first hour on the command line: code, field, value and way out, as JSON.
 * What an editor refuses is in test/plan/handle-module.test.ts, what a running cluster refuses in
 * bad-input.test.ts, constructs outside of the subset in test/inline/refused.test.ts.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorBody } from "../../src/protocol/errors.ts";
import { ABI_VERSION } from "../../src/protocol/versions.ts";
import { sampleManifest, sampleModule } from "../build/module-bytes.ts";
import { millrace } from "../cli/millrace.ts";
import { Closers, TestCluster, temporaryFolder } from "../cluster/cluster.ts";
import { OPERATOR, ProjectFiles } from "../project/project-files.ts";

const closers = new Closers();
const project = new ProjectFiles("first-hour");
let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 1);
  folder = temporaryFolder(closers);
  writeFileSync(join(folder, "taken"), "");
  project.write("operators/index.ts", OPERATOR);
});
afterAll(async () => {
  await closers.close();
  project.remove();
});

/** The error of `millrace ARGS --json`, which ends with 1. */
async function refusal(args: readonly string[], token?: string): Promise<ErrorBody> {
  const { url, tokens } = cluster.manager;
  const environment = { MILLRACE_URL: url, MILLRACE_TOKEN: token ?? tokens.client };
  const { code, out } = await millrace([...args, "--json"], environment);
  expect(code).toBe(1);
  return JSON.parse(out.trim().split("\n").at(-1)!).errors[0];
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe("the command line refuses", () => {
  test("a job that keys by a field that is not there, and a parameter of the wrong type", async () => {
    const job = (change: string) =>
      `import { count, TumblingEventTimeWindows } from "millrace";
export default async ({ env, bundle }) => {
  const ops = await bundle(${JSON.stringify(join(process.cwd(), "build/sensor-fleet.wasm"))});
  env.readTextFile("x")${change}.discard();
};\n`;
    const window = ".window(TumblingEventTimeWindows.of(1000)).aggregate(count())";
    const keyed = file("keyed.js", job(`.keyBy("wrod")${window}`));
    expect(await refusal(["run", keyed])).toMatchObject({
      code: "JOB_KEY_FIELD_MISSING",
      field: expect.stringMatching(/^edges\[\d+\]\.keys\[0\]$/),
      value: "wrod",
      expected: expect.stringContaining("line STRING NOT NULL"),
    });
    const readings = `import { files, jsonLines, schemaOf } from "millrace";
export default async ({ env, bundle }) => {
  const ops = await bundle(${JSON.stringify(join(process.cwd(), "build/sensor-fleet.wasm"))});
  const columns = schemaOf({ device: "STRING NOT NULL", temperature: "DOUBLE NOT NULL" });
  const plausible = ops.operator("PlausibleReadings", { lowest: "cold" });
  env.fromSource(jsonLines(files("x"), columns)).filter(plausible).discard();
};\n`;
    expect(await refusal(["run", file("wrong-type.js", readings)])).toMatchObject({
      code: "JOB_PARAMETER_INVALID",
      field: expect.stringMatching(/operator\.parameters\.lowest/),
      value: "cold",
      expected: "a number",
    });
  });

  test("a bundle of another SDK's ABI, and a file that is none, by its name", async () => {
    const manifest = sampleManifest({ abiVersion: 7 });
    const other = file("other.wasm", sampleModule({ manifest }));
    const expected = {
      code: "BUNDLE_ABI_VERSION",
      field: "abiVersion",
      value: "7",
      expected: String(ABI_VERSION),
    };
    expect(await refusal(["inspect", other])).toMatchObject(expected);
    expect(await refusal(["upload", other])).toMatchObject(expected);
    const text = file("notes.txt", "no bundle");
    expect(await refusal(["inspect", text])).toMatchObject({
      code: "BUNDLE_NOT_WASM",
      field: "file",
      value: text,
      expected: expect.stringContaining("WebAssembly core module"),
    });
  });

  test("a name with odd characters, and a folder that is not empty", async () => {
    expect(await refusal(["new", join(folder, "Größe 1")])).toMatchObject({
      code: "PROJECT_NAME_INVALID",
      field: "name",
      value: "Größe 1",
      expected: expect.stringContaining("gro-e-1"),
    });
    mkdirSync(join(folder, "full"));
    file("full/a", "");
    expect(await refusal(["new", join(folder, "full")])).toMatchObject({
      code: "PROJECT_FOLDER_NOT_EMPTY",
      field: "folder",
      value: join(folder, "full"),
      expected: expect.stringContaining("an empty folder"),
    });
  });

  test("a cluster that is not there", async () => {
    expect(await refusal(["list", "--url", "http://127.0.0.1:9"])).toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      field: "url",
      value: "http://127.0.0.1:9",
      expected: expect.stringContaining("millrace cluster"),
    });
  });

  test("who has no permission: by the token", async () => {
    const job = file("job.js", "export default ({ env }) => env.readTextFile('x').discard();\n");
    expect(await refusal(["run", job], cluster.manager.tokens.readOnly)).toMatchObject({
      code: "FORBIDDEN",
      field: "Authorization",
      expected: expect.stringContaining("client"),
    });
  });

  test("who has no permission: by the file system", async () => {
    const at = join(folder, "taken", "x");
    expect(await refusal(["new", at])).toMatchObject({
      code: "PROJECT_FOLDER_UNUSABLE",
      field: "folder",
      value: at,
    });
    const build = ["build", "--fast", project.path("operators/index.ts")];
    expect(await refusal([...build, "--out", at])).toMatchObject({
      code: "FILE_NOT_WRITABLE",
      field: "output",
      value: at,
      expected: expect.stringContaining("may be written to"),
    });
    const { code, err } = await millrace(["jobmanager", "--port", "0", "--data-dir", at]);
    expect([code, err]).toEqual([1, expect.stringContaining("[DATA_DIR_UNUSABLE]")]);
    expect(err).toContain(`dataDir = ${at}`);
  });

  test("a job file that throws, by its line", async () => {
    const job = file("throws.js", "export default () => {\n  throw new Error('no idea');\n};\n");
    const error = await refusal(["run", job]);
    expect(error.code).toBe("JOB_FILE_INVALID");
    expect(error.message).toContain(`${job}:2: no idea`);
  });

  test("a type in a place that cannot hold it, in the build and in a job", async () => {
    project.write(
      "operators/price.ts",
      OPERATOR.replace("word!: Text;", '@type("DECIMAL(10, 2)") word!: Text;'),
    );
    const built = await refusal(["build", "--fast", project.path("operators/price.ts")]);
    expect(built).toMatchObject({ code: "BUNDLE_COMPILE_FAILED", field: "price.ts:4:19" });
    expect(built.message).toContain("DECIMAL(10, 2) is kept in Value, not in Text");
    const job = file(
      "price.js",
      `import { csv, files, schemaOf } from "millrace";
export default ({ env }) => env.fromSource(csv(files("x"), schemaOf({ price: "ARRAY<INT>" }))).discard();\n`,
    );
    expect(await refusal(["run", job])).toMatchObject({
      code: "UNSUPPORTED_TYPE",
      field: "vertices[0].outputs",
      value: "price ARRAY<INT>",
    });
  });
});
