/** `millrace build`: AssemblyScript operators to a bundle, and their typed handles. */
import { basename, dirname, extname, resolve } from "node:path";
import type { Command } from "commander";
import type { BuiltBundle } from "../../build/compile.ts";
import { MillraceError } from "../../protocol/errors.ts";
import { operatorLines, sizeText } from "../bundle-report.ts";
import { findProject, needProject, shownPath } from "../project/project.ts";
import { type BuildTarget, buildTarget, projectTarget } from "../project/project-build.ts";
import { bold, dim } from "../terminal.ts";

interface BuildFlags {
  readonly out?: string;
  readonly handles?: string | false;
  readonly name?: string;
  readonly source: boolean;
  readonly fast?: boolean;
  readonly json?: boolean;
}

export function registerBuild(program: Command): void {
  program
    .command("build")
    .description("compile operators (AssemblyScript) to a bundle, one .wasm file")
    .argument(
      "[entry]",
      "the source file whose @operator classes make the bundle (default: the project's)",
    )
    .option("-o, --out <file>", "bundle to write (default: the project's, or <name>.wasm)")
    .option("--handles <file>", "typed handles to write, a .ts module (default: the project's)")
    .option("--no-handles", "write no handles")
    .option(
      "--name <name>",
      "name of the bundle (default: from the project, the file or its folder)",
    )
    .option("--no-source", "leave the sources out of the bundle")
    .option("--fast", "do not optimize: builds in half the time, runs slower; for tests")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Examples:
  millrace build                                    in a project: as its package.json says
  millrace build examples/word-count/operators/index.ts -o words.wasm

The same sources give the same bytes, in whatever folder they lie.`,
    )
    .action(build);
}

async function build(entry: string | undefined, flags: BuildFlags): Promise<void> {
  const target = targetOf(entry, flags);
  const started = performance.now();
  const built = await buildTarget(target);
  const ms = performance.now() - started;
  if (flags.json === true) console.log(JSON.stringify(reportOf(target, built)));
  else printReport(target, built, ms);
}

function targetOf(entry: string | undefined, flags: BuildFlags): BuildTarget {
  const project = entry === undefined ? needProject("build") : findProject();
  const own = project === undefined ? undefined : projectTarget(project);
  if (entry === undefined && own === undefined) {
    throw new MillraceError("PROJECT_INVALID", "Cannot build: the project names no operators", {
      field: "millrace.operators",
      expected: 'in package.json: "millrace": { "operators": "operators/index.ts" }',
    });
  }
  const file = resolve(entry ?? own!.entry);
  const base = own !== undefined && file === own.entry ? own : undefined;
  const name = flags.name ?? base?.name ?? nameOf(file);
  const handles = typeof flags.handles === "string" ? resolve(flags.handles) : base?.handles;
  return {
    entry: file,
    name,
    bundle: resolve(flags.out ?? base?.bundle ?? `${name}.wasm`),
    handles: flags.handles === false ? undefined : handles,
    source: flags.source,
    optimize: flags.fast === true ? "none" : "speed",
  };
}

function reportOf(target: BuildTarget, { bytes, manifest, report }: BuiltBundle) {
  return {
    output: target.bundle,
    ...(target.handles === undefined ? {} : { handles: target.handles }),
    bytes: bytes.length,
    codeBytes: report.codeBytes,
    hash: report.hash,
    sourceFiles: report.sourceFiles,
    warnings: report.warnings,
    manifest,
  };
}

function printReport(target: BuildTarget, { bytes, manifest, report }: BuiltBundle, ms: number) {
  const sizes = `${sizeText(bytes.length)}, code ${sizeText(report.codeBytes)}`;
  console.log(
    `${bold(shownPath(target.bundle))}  ${sizes}  ${dim(`${(ms / 1_000).toFixed(1)} s`)}`,
  );
  if (target.handles !== undefined) {
    console.log(`${bold(shownPath(target.handles))}  typed handles`);
  }
  console.log(dim(`sha-256 ${report.hash}`));
  console.log(operatorLines(manifest).join("\n"));
  for (const warning of report.warnings) console.log(`note: ${warning}`);
}

function nameOf(entry: string): string {
  const file = basename(entry, extname(entry));
  if (file !== "index") return file;
  const folder = basename(dirname(entry));
  return folder === "operators" ? basename(dirname(dirname(entry))) : folder;
}
