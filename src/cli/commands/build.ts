/** `millrace build`: AssemblyScript operators to a bundle. */
import { writeFileSync } from "node:fs";
import { basename, dirname, extname } from "node:path";
import type { Command } from "commander";
import { typeText } from "../../protocol/type-text.ts";
import { bold, dim } from "../terminal.ts";

interface BuildFlags {
  readonly out?: string;
  readonly name?: string;
  readonly source: boolean;
  readonly json?: boolean;
}

export function registerBuild(program: Command): void {
  program
    .command("build")
    .description("compile operators (AssemblyScript) to a bundle, one .wasm file")
    .argument("<entry>", "the source file whose @operator classes make the bundle")
    .option("-o, --out <file>", "bundle to write (default: <name>.wasm)")
    .option("--name <name>", "name of the bundle (default: from the file or its folder)")
    .option("--no-source", "leave the sources out of the bundle")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  millrace build examples/word-count/operators/index.ts -o words.wasm",
    )
    .action(build);
}

async function build(entry: string, flags: BuildFlags): Promise<void> {
  const { buildBundle } = await import("../../build/compile.ts");
  const name = flags.name ?? nameOf(entry);
  const output = flags.out ?? `${name}.wasm`;
  const built = await buildBundle({ entry, name, source: flags.source });
  writeFileSync(output, built.bytes);
  if (flags.json === true) {
    console.log(JSON.stringify({ output, bytes: built.bytes.length, manifest: built.manifest }));
    return;
  }
  console.log(`${bold(output)}  ${built.bytes.length} bytes`);
  for (const operator of built.manifest.operators) {
    // `$exchange` is the SDK's, in every bundle: not for authors.
    if (operator.name.startsWith("$")) continue;
    const output = operator.outputs[0]?.schema;
    const columns = Array.isArray(output)
      ? output.map((field) => `${field.name} ${typeText(field.type)}`).join(", ")
      : "";
    console.log(`  ${operator.name}  ${dim(operator.kind)}  ${columns}`);
  }
}

function nameOf(entry: string): string {
  const file = basename(entry, extname(entry));
  if (file !== "index") return file;
  const folder = basename(dirname(entry));
  return folder === "operators" ? basename(dirname(dirname(entry))) : folder;
}
