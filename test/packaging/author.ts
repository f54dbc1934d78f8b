/** The first hour of an author, from `millrace new` to a cluster, with the packed millrace. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Installation, ROOT } from "./installation.ts";

export const ONE_FILE_JOB = `import { files, type JobContext, textLines } from "millrace";
import { words } from "millrace/text";
export default function job({ env, args, path }: JobContext): void {
  env.fromSource(textLines(files(path(args[0]!))))
    .flatMap((row) => words(row.line.toUpperCase()).map((word) => ({ word, long: word.length > 2 })))
    .collect();
}
`;

const ONE_FILE_TEST = `import { runJob } from "millrace/testing";
import { expect, test } from "vitest";
test("words", async () => {
  const { rows } = await runJob("one-file.ts", { args: ["lines.txt"], inputs: [{ line: "so few" }] });
  expect(rows).toEqual([{ word: "SO", long: false }, { word: "FEW", long: true }]);
}, 60_000);
`;

/** An operator of the author's own beside the template's, as docs/sdk-operators.md teaches it. */
const OWN_OPERATOR = `
@row
export class Reading {
  device!: Text;
  @nullable celsius: f64;
}

@row
export class Warmth {
  device!: Text;
  @nullable fahrenheit: f64;
}

/** Celsius to Fahrenheit. */
@operator
export class ToFahrenheit extends MapFunction<Reading, Warmth> {
  @parameter limit: f64;

  map(value: Reading, out: Warmth): void {
    out.device = value.device;
    if (value.celsiusIsNull || value.kind == RowKind.DELETE) {
      out.setFahrenheitNull();
      return;
    }
    assert(value.celsius <= this.limit, "hotter than the limit");
    if (value.celsius < -273.15) this.failRow(value.celsius.toString() + " is colder than can be");
    out.fahrenheit = value.celsius * 1.8 + 32;
  }
}
`;

const OWN_JOB = `import { csv, files, type JobContext, schemaOf } from "millrace";
import * as ops from "./operators/handles.ts";
export default function job({ env, args, path }: JobContext): void {
  const columns = schemaOf({ device: "STRING NOT NULL", celsius: "DOUBLE" });
  env.fromSource(csv(files(path(args[0]!)), columns)).map(ops.toFahrenheit({ limit: 900 })).collect();
}
`;

const FAILING_TEST = `import { expectRows, OperatorTestHarness } from "millrace/testing";
import { test } from "vitest";
import * as ops from "./operators/handles.ts";
test("differs", async () => {
  const harness = await OperatorTestHarness.open(ops.toFahrenheit({ limit: 900 }));
  harness.processElement({ device: "a", celsius: 100 });
  harness.processElement({ device: "b" });
  expectRows(harness.extractOutputValues(), [
    { device: "a", fahrenheit: 212 },
    { device: "b", fahrenheit: 32 },
  ]);
});
test("traps", async () => {
  const harness = await OperatorTestHarness.open(ops.toFahrenheit({ limit: 900 }));
  harness.processElement({ device: "oven", celsius: 5000 });
});
`;

/** @param worker Where the build tools are absent. */
export function projectTests(author: Installation, worker: Installation): void {
  const project = join(author.folder, "first-job");
  const write = (name: string, text: string) => writeFileSync(join(project, name), text);
  const read = (name: string) => readFileSync(join(project, name), "utf8");
  const millrace = (...args: readonly string[]) => author.millrace(args, project);

  describe("a project of millrace new", () => {
    test("names the tarball that npm recorded", () => {
      const done = author.millrace(["new", "first-job", "--json"]);
      const { dependency, files } = JSON.parse(done.stdout);
      expect(dependency).toMatch(/^file:.*\/millrace-.*\.tgz$/);
      expect(dependency).not.toContain("node_modules");
      expect(existsSync(dependency.slice(5))).toBe(true);
      expect(files).toContain(".gitignore");
      const own = JSON.parse(read("package.json"));
      const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
      for (const [name, version] of Object.entries(own.devDependencies)) {
        expect([name, version]).toEqual([name, devDependencies[name]]);
      }
    });

    test("passes its types in both worlds before the first build, which writes the same files", () => {
      for (const at of [".", "operators"]) expect(author.tsc(at, project).text).toBe("");
      const written = ["operators/handles.ts", "operators/row-views.d.ts"];
      const before = written.map(read);
      const built = millrace("build", "--fast");
      expect([built.status, built.stderr]).toEqual([0, ""]);
      expect(written.map(read)).toEqual(before);
    });

    test("passes its test, and runs", () => {
      const tested = author.vitest(project);
      expect([tested.status, tested.stdout]).toEqual([0, expect.stringContaining("1 passed")]);
      const ran = millrace("run", "--local");
      expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('"word":"river"')]);
    }, 60_000);

    test("runs functions of a job file, alone and in its test", () => {
      write("one-file.ts", ONE_FILE_JOB);
      write("lines.txt", "a été\n");
      write("one-file.test.ts", ONE_FILE_TEST);
      expect(author.tsc(".", project).text).toBe("");
      const ran = millrace("run", "--local", "one-file.ts", "lines.txt");
      const rows = '{"word":"A","long":false}\n{"word":"T","long":false}\n';
      expect([ran.status, ran.stdout]).toEqual([0, rows]);
      const tested = author.vitest(project, "one-file");
      expect([tested.status, tested.stdout]).toEqual([0, expect.stringContaining("1 passed")]);
    }, 120_000);
  });

  describe("an operator that is added to it", () => {
    test("is known to the editor, with what the compiler adds to its rows", () => {
      const imports = read("operators/index.ts").replace(
        "{ Collector,",
        "{ Collector, MapFunction, RowKind,",
      );
      write("operators/index.ts", imports + OWN_OPERATOR);
      write("own.ts", OWN_JOB);
      const built = millrace("build", "--fast");
      expect([built.status, built.stderr]).toEqual([0, ""]);
      for (const at of [".", "operators"]) expect(author.tsc(at, project).text).toBe("");
      write(
        "operators/wrong.ts",
        'import { Warmth } from "./index";\nnew Warmth().setCelsiusNull();\n',
      );
      expect(author.tsc("operators", project).text).toMatch(/wrong\.ts.*setCelsiusNull/);
      write("operators/wrong.ts", "");
    }, 60_000);

    test("shows a failing test as tables, and a trap with the author's line and the row", () => {
      write("own.test.ts", FAILING_TEST);
      const { status, text } = author.vitest(project, "own");
      expect(status).toBe(1);
      expect(text).toContain("- 'b'    |         32");
      expect(text).toContain("+ 'b'    |       null");
      const line =
        read("operators/index.ts")
          .split("\n")
          .findIndex((l) => l.includes("assert(")) + 1;
      expect(text).toContain(
        `Operator ToFahrenheit failed at index.ts:${line}: hotter than the limit`,
      );
      expect(text).toContain(
        `${line} | assert(value.celsius <= this.limit, "hotter than the limit");`,
      );
      expect(text).toContain("'oven' |    5000");
      // The stack begins at the author's test, not inside Millrace.
      expect(text).toMatch(/5000\n ❯ own\.test\.ts:15/);
    }, 60_000);

    test("runs on a JobManager and a worker without build tools, whose errors reach the author", async () => {
      expect(existsSync(join(worker.modules, "assemblyscript"))).toBe(false);
      const args = ["jobmanager", "--port", "0", "--data-dir", join(author.folder, "data")];
      const url = await author.start(
        args,
        /ready at (http:\/\/127\.0\.0\.1:\d+)\n(?:.*\n)*.*read-only/,
      );
      const { client, worker: token } = JSON.parse(author.read("data/tokens.json"));
      const joined = ["--jobmanager", url, "--token", token, "--slots", "1"];
      await worker.start(["taskmanager", ...joined], /joined/);
      const cluster = ["--url", url, "--token", client];
      const uploaded = millrace("upload", "build/first-job.wasm", ...cluster);
      expect([uploaded.status, uploaded.stdout]).toEqual([0, expect.stringContaining("first-job")]);
      write("cool.csv", "a,100\nb,\n");
      const ran = millrace("run", ...cluster, "own.ts", "cool.csv");
      const rows = '{"device":"a","fahrenheit":212}\n{"device":"b","fahrenheit":null}\n';
      expect([ran.status, ran.stdout]).toEqual([0, rows]);
      write("hot.csv", "a,100\nb,\noven,5000\n");
      const failed = millrace("run", ...cluster, "own.ts", "hot.csv");
      expect(failed.status).toBe(1);
      expect(failed.stderr).toMatch(
        /Operator ToFahrenheit failed at index\.ts:\d+: hotter than the limit.*record 3/,
      );
      expect(failed.stderr).toContain('ToFahrenheit = {"device":"oven","celsius":5000}');
    }, 60_000);
  });
}
