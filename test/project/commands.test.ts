import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { commandTree } from "../../src/cli/completion/command-tree.ts";
import { bashScript, zshScript } from "../../src/cli/completion/shell-scripts.ts";
import { graphSvg } from "../../src/cli/explain/graph-svg.ts";
import { graphText } from "../../src/cli/explain/graph-text.ts";
import { planJob } from "../../src/cli/explain/planned-job.ts";
import { loadJob } from "../../src/cli/job-file.ts";
import { createProgram } from "../../src/cli/program.ts";
import { makeProject } from "../../src/cli/project/new-project.ts";
import { ownDependency, packSelf } from "../../src/cli/project/own-dependency.ts";
import { findProject } from "../../src/cli/project/project.ts";
import { cliReference } from "../../src/cli/reference.ts";
import { MillraceError as ErrorClass, type MillraceError } from "../../src/protocol/errors.ts";
import { JOB, MAIN, OPERATOR, PACKAGE, ProjectFiles } from "./project-files.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const project = new ProjectFiles("commands");
project.write("package.json", PACKAGE);
project.write("operators/index.ts", OPERATOR);
project.write("job.ts", JOB);
project.write("lines.txt", "a bb ccc\n");
afterAll(() => project.remove());

function millrace(...args: readonly string[]) {
  const all = ["--conditions=millrace-source", MAIN, ...args];
  const env = { ...process.env, MILLRACE_HOME: project.path("home"), NO_COLOR: "1" };
  const options = { cwd: project.folder, encoding: "utf8", env } as const;
  return spawnSync(process.execPath, all, options);
}

function refusal(run: () => unknown): Partial<MillraceError> {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ErrorClass) return thrown.toBody();
    throw thrown;
  }
  throw new Error("nothing was refused");
}

describe("a project", () => {
  test("is built by its package.json: bundle, handles and a report; twice the same bytes", () => {
    const first = millrace("build", "--fast", "--json");
    const report = JSON.parse(first.stdout);
    expect(report).toMatchObject({
      output: project.path("build/words.wasm"),
      handles: project.path("operators/handles.ts"),
      hash: createHash("sha256")
        .update(readFileSync(project.path("build/words.wasm")))
        .digest("hex"),
    });
    const second = millrace("build", "--fast");
    expect(second.stdout).toContain(`sha-256 ${report.hash}`);
    expect(second.stdout).toContain("SplitWords  flat_map  index.ts:6");
    expect(second.stdout).toContain("  set  minLength INT = 1");
  });

  test("is run without a cluster in the process itself, built where it is stale", () => {
    project.write(
      "operators/index.ts",
      OPERATOR.replace("minLength: i32 = 1", "minLength: i32 = 3"),
    );
    const ran = millrace("run");
    expect([ran.status, ran.stdout]).toEqual([0, '{"word":"bb"}\n{"word":"ccc"}\n']);
    expect(ran.stderr).toContain("Built build/words.wasm");
    expect(ran.stderr).toContain("running in this process");
    expect(ran.stderr).toMatch(/finished: \d+ records in, \d+ records out/);
  });

  test("has its bundle inspected, for people and as JSON", () => {
    const text = millrace("inspect", "build/words.wasm").stdout;
    for (const part of [
      "words",
      "memory",
      "imports",
      "index.ts",
      "SplitWords",
      "minLength INT = 3",
    ]) {
      expect(text).toContain(part);
    }
    const json = JSON.parse(millrace("inspect", "build/words.wasm", "--json").stdout);
    expect(json).toMatchObject({
      manifest: { name: "words" },
      sources: expect.arrayContaining(["index.ts"]),
    });
  });

  test("status without a cluster says how to start one, and ends with 1", () => {
    const done = millrace("status", "--url", "http://127.0.0.1:9", "--token", "t");
    expect(done.status).toBe(1);
    expect(done.stdout).toMatch(
      /wrong {2}Cannot reach.*\n {2}next: start one with `millrace cluster`/,
    );
  });

  test("a bundle that is not there is an error as JSON", () => {
    const missing = millrace("inspect", "none.wasm", "--json");
    expect(missing.status).toBe(1);
    expect(JSON.parse(missing.stdout).errors[0].code).toBe("FILE_NOT_FOUND");
  });

  test("a folder without one is an error that says so", () => {
    const done = spawnSync(process.execPath, [MAIN, "run"], { cwd: "/", encoding: "utf8" });
    expect([done.status, done.stderr]).toEqual([1, expect.stringContaining("PROJECT_NOT_FOUND")]);
  });

  test("with a wrong key is refused by the key's name", () => {
    const folder = project.path("wrong");
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), '{"millrace": {"jbo": "x"}}');
    expect(refusal(() => findProject(folder))).toMatchObject({ code: "PROJECT_INVALID" });
    writeFileSync(join(folder, "package.json"), '{"millrace": {"job": 7}}');
    expect(refusal(() => findProject(folder))).toMatchObject({ field: "millrace.job" });
  });
});

describe("millrace new refuses", () => {
  test.each([
    ["Naïve Job!", "naive-job"],
    ["-x", "x"],
    ["ZÜRICH", "zurich"],
    ["node_modules", "my-job"],
    ["a b", "a-b"],
    ["日本", "my-job"],
    ["x".repeat(215), "x"],
  ])("the name %s and proposes another", (name, proposal) => {
    const error = refusal(() => makeProject(project.path(name)));
    expect(error).toMatchObject({
      code: "PROJECT_NAME_INVALID",
      expected: expect.stringContaining(proposal),
    });
  });

  test("a folder that is not empty, and names what it holds", () => {
    mkdirSync(project.path("full"));
    writeFileSync(project.path("full/notes.txt"), "");
    const error = refusal(() => makeProject(project.path("full")));
    expect(error).toMatchObject({ code: "PROJECT_FOLDER_NOT_EMPTY" });
    expect(error.message).toContain("notes.txt");
  });

  test("a place where there is a file", () => {
    writeFileSync(project.path("taken"), "");
    const error = refusal(() => makeProject(project.path("taken")));
    expect(error).toMatchObject({ code: "PROJECT_FOLDER_UNUSABLE" });
    expect(refusal(() => makeProject(project.path("taken/inside")))).toMatchObject({
      code: "PROJECT_FOLDER_UNUSABLE",
    });
  });
});

describe("the dependency of a new project", () => {
  const root = project.path("tree/node_modules/millrace");
  const lock = (entry: object) => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, "package.json"), '{"version":"1.2.3"}');
    const packages = { "node_modules/millrace": entry };
    writeFileSync(join(root, "../.package-lock.json"), JSON.stringify({ packages }));
    return ownDependency(root);
  };

  test.each([
    [{ resolved: "file:../m-1.2.3.tgz" }, `file:${project.path("m-1.2.3.tgz")}`],
    [{ resolved: "https://registry.example/millrace/-/millrace-1.2.3.tgz" }, "^1.2.3"],
    [{ version: "1.2.3" }, "^1.2.3"],
    [
      { resolved: "https://example.org/builds/millrace.tgz" },
      "https://example.org/builds/millrace.tgz",
    ],
    [{ resolved: "git+ssh://git@example.org/m.git#abc" }, "git+ssh://git@example.org/m.git#abc"],
  ])("%j is %s", (entry, expected) => {
    expect(lock(entry)).toBe(expected);
  });

  test("is the option where there is one", () => {
    const path = project.path("chosen");
    expect(makeProject(path, "^1.0.0").dependency).toBe("^1.0.0");
    const { dependencies } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    expect(dependencies).toEqual({ millrace: "^1.0.0" });
  });

  test("is unknown where npm recorded nothing, or something else", () => {
    expect(ownDependency(project.path("global/lib/node_modules/millrace"))).toBe(undefined);
    const modules = project.path("other/node_modules");
    mkdirSync(join(modules, "millrace"), { recursive: true });
    writeFileSync(join(modules, ".package-lock.json"), '{"packages":{"node_modules/x":{}}}');
    expect(ownDependency(join(modules, "millrace"))).toBe(undefined);
  });

  test("is packed again then, or refused with what to do", () => {
    const installed = project.path("global/lib/node_modules/millrace");
    mkdirSync(installed, { recursive: true });
    writeFileSync(join(installed, "package.json"), '{"name":"millrace","version":"1.2.3"}');
    expect(packSelf(project.folder, installed)).toBe("millrace-1.2.3.tgz");
    expect(existsSync(project.path("millrace-1.2.3.tgz"))).toBe(true);
    expect(refusal(() => packSelf(project.folder, project.path("nowhere")))).toMatchObject({
      code: "PROJECT_DEPENDENCY_UNKNOWN",
      field: "dependency",
      expected: expect.stringContaining("--dependency"),
    });
  });

  test("is the folder of a checkout", () => {
    expect(ownDependency()).toBe(`file:${ROOT.replace(/\/$/, "")}`);
  });
});

describe("millrace explain", () => {
  test("shows both graphs, and a picture with every task and edge", async () => {
    const planned = planJob(await loadJob(join(ROOT, "examples/word-count/job.ts"), ["a<b>.txt"]));
    const text = graphText(planned);
    expect(text).toContain("HASH word -> window_aggregate-4  (word STRING NOT NULL)");
    expect(text).toMatch(/\[3\] window_aggregate -> format_json {2}x4/);
    const svg = graphSvg(planned);
    expect(svg.match(/class="task"/g)).toHaveLength(3);
    expect(svg.match(/class="edge"/g)).toHaveLength(2);
    expect(svg).toContain("a&lt;b&gt;.txt");
  });
});

describe("completion", async () => {
  const commands = commandTree(await createProgram());

  /** What bash offers for a line whose last word is being written. */
  function offered(line: string): string[] {
    const words = line.split(" ");
    const script = `${bashScript(commands)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_millrace 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const printed = execFileSync("bash", ["-c", script], { encoding: "utf8", cwd: ROOT });
    return printed.trim().split("\n");
  }

  test("of bash offers commands, options, choices and files", () => {
    expect(offered("millrace ins")).toEqual(["inspect"]);
    expect(offered("millrace run --de")).toEqual(["--detach"]);
    expect(offered("millrace completion z")).toEqual(["zsh"]);
    expect(offered("millrace build packa")).toEqual(expect.arrayContaining(["package.json"]));
    expect(offered("millrace build --out READ")).toEqual(["README.md"]);
  });

  /** What the script of zsh hands to `_arguments`, by bash: the parts that only zsh knows are put in its words. */
  function zshSpecs(command: string): string[] {
    const script = zshScript(commands)
      .replace("local command=$words[2]", `local command=${command}`)
      .replace("  shift words\n  (( CURRENT-- ))\n", "");
    const run = `compdef() { :; }; _arguments() { printf '%s\\n' "$@"; }; _describe() { local -n all="$4"; printf '%s\\n' "\${all[@]}"; }
CURRENT=${command === "" ? 2 : 3}
${script}
_millrace`;
    return execFileSync("bash", ["-c", run], { encoding: "utf8" }).trim().split("\n");
  }

  test("of zsh gives _describe and _arguments specs of their grammar", () => {
    expect(zshSpecs("")).toEqual(commands.map((c) => `${c.name}:${c.description}`));
    // zshcompsys(1): (excluded)--option[explanation]:message:action, and position:message:action.
    const option = /^(\([-\w ]+\))?--?[\w-]+\[(\\[[\]]|[^[\]])+\](:value:_files)?$/;
    for (const command of commands) {
      const specs = zshSpecs(command.name);
      for (const spec of specs) {
        const positional = spec === "*:file:_files" || /^1:word:\([\w ]+\)$/.test(spec);
        expect([spec, positional || option.test(spec)]).toEqual([spec, true]);
      }
      for (const name of command.options.flatMap((o) => o.names)) {
        expect(specs.some((spec) => spec.includes(`${name}[`))).toBe(true);
      }
    }
  });

  test("of zsh has every command with its options, quoted", () => {
    const script = zshScript(commands);
    for (const { name } of commands) expect(script).toContain(`'${name}:`);
    expect(script).toContain("'(-d --detach)'{-d,--detach}'[submit,");
    expect(script).toContain("project'\\''s");
  });
});

test("docs/cli.md is what `npm run docs:cli` writes", async () => {
  const text = readFileSync(join(ROOT, "docs/cli.md"), "utf8");
  expect(cliReference(await createProgram())).toBe(text);
});

test("every command has an example, and --json unless it stays until it is stopped", async () => {
  const staying = ["jobmanager", "taskmanager", "cluster"];
  for (const command of (await createProgram()).commands) {
    const section = cliReference(await createProgram()).split(
      `## millrace ${command.name()}\n`,
    )[1]!;
    expect(section.split("\n## ")[0]).toContain("Example");
    const json = command.options.some((option) => option.long === "--json");
    expect([command.name(), json]).toEqual([command.name(), !staying.includes(command.name())]);
  }
});
