/** `millrace inspect`: what a bundle file says of itself, without running it. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { type BundleInfo, bundleSources, inspectBundle } from "../../protocol/bundle/inspect.ts";
import { MillraceError } from "../../protocol/errors.ts";
import { operatorLines, pagesText, sizeText } from "../bundle-report.ts";
import { bold, dim } from "../terminal.ts";

export function registerInspect(program: Command): void {
  program
    .command("inspect")
    .description("show what a bundle holds: operators, schemas, parameters, memory, imports, size")
    .argument("<file>", "a .wasm file made by `millrace build`")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  millrace inspect build/words.wasm
  millrace inspect build/words.wasm --json | jq .manifest.operators[].name

The file is judged as an upload would be; nothing of it runs.`,
    )
    .action(inspect);
}

function inspect(file: string, flags: { readonly json?: boolean }): void {
  const bytes = readBundle(file);
  const info = judged(file, bytes);
  const sources = [...bundleSources(bytes).keys()].sort();
  if (flags.json === true) {
    console.log(JSON.stringify({ ...info, sources }));
    return;
  }
  console.log(overview(file, info, sources).join("\n"));
  console.log(operatorLines(info.manifest).join("\n"));
  for (const warning of info.warnings) console.log(`note: ${warning}`);
}

/** The refusal of what is no bundle at all names no field: then it is the file. */
function judged(file: string, bytes: Uint8Array): BundleInfo {
  try {
    return inspectBundle(bytes);
  } catch (thrown) {
    if (!(thrown instanceof MillraceError) || thrown.field !== undefined) throw thrown;
    const { code, message, expected } = thrown;
    throw new MillraceError(code, message, { field: "file", value: file, expected, cause: thrown });
  }
}

function overview(file: string, info: BundleInfo, sources: readonly string[]): string[] {
  const { manifest, memory } = info;
  const maximum = memory.maximum === undefined ? "none declared" : pagesText(memory.maximum);
  const rows: (readonly [string, string])[] = [
    [
      "bundle",
      `${bold(manifest.name)}  ${dim(`ABI ${manifest.abiVersion}, SDK ${manifest.sdkVersion}`)}`,
    ],
    ["file", `${file}, ${sizeText(info.size)}`],
    ["sha-256", info.hash],
    ["memory", `${pagesText(memory.initial)} at first, at most ${maximum}`],
    ["imports", info.imports.join(", ") || "none"],
    ["capabilities", manifest.capabilities.join(", ") || "none"],
    [
      "sources",
      sources.length === 0 ? "none" : `${sources.join(", ")} (${sizeText(info.sourcesBytes)})`,
    ],
  ];
  return rows.map(([name, value]) => `${name.padEnd(13)}${value}`);
}

function readBundle(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const whys: Readonly<Record<string, string>> = {
      ENOENT: "it is not there",
      EISDIR: "it is a folder",
      EACCES: "it may not be read by this user",
    };
    const why = whys[code ?? ""] ?? String(code);
    throw new MillraceError("FILE_NOT_FOUND", `Cannot read bundle ${file}: ${why}`, {
      field: "file",
      value: file,
      expected: "a .wasm file made by `millrace build`",
      cause,
    });
  }
}
