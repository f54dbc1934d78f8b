/** Compiles the functions of a job file into a bundle, once for each content. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SDK_FOLDER } from "../build/sdk.ts";
import { findFunctions } from "../inline/find-function.ts";
import { type GeneratedModule, generateModule, type InlineRequest } from "../inline/functions.ts";
import type { InlineBundle, InlineCompiler, InlineOperator } from "../plan/inline-operator.ts";
import { inspectBundle } from "../protocol/bundle/inspect.ts";

/** Where bundles are kept, below the folder that the command runs in. */
const CACHE_FOLDER = join("build", "inline");
const BUNDLE_NAME = "inline";
const COMPILER_FOLDER = fileURLToPath(new URL("../build/", import.meta.url));

/**
 * The compiler that `millrace run` hands to the job's environment.
 * @param args Arguments of the job function, where there is one
 */
export function inlineCompiler(args?: readonly string[], folder = process.cwd()): InlineCompiler {
  return {
    outputOf: (operator) => generateModule([requestOf(operator)], args).operators[0]!.output,
    build: (operators) =>
      build(operators, generateModule(operators.map(requestOf), args), join(folder, CACHE_FOLDER)),
  };
}

function requestOf(operator: InlineOperator): InlineRequest {
  const { place } = operator;
  const file = place.file.startsWith("file:") ? fileURLToPath(place.file) : place.file;
  return {
    name: operator.name,
    kind: operator.kind,
    input: operator.input,
    keys: operator.inputKeys,
    functions: findFunctions({ ...place, file }, operator.functions),
    ...(operator.returns === undefined ? {} : { returns: operator.returns }),
  };
}

async function build(
  operators: readonly InlineOperator[],
  { text, linear }: GeneratedModule,
  folder: string,
): Promise<InlineBundle> {
  const cached = join(folder, contentHash(text));
  const file = join(cached, "bundle.wasm");
  if (!existsSync(file)) {
    await mkdir(cached, { recursive: true });
    const entry = join(cached, "index.ts");
    await writeFile(entry, text);
    // The compiler takes 0.4 s to load, which a job whose bundle is there should not cost.
    const { buildBundle } = await import("../build/compile.ts");
    const { bytes } = await buildBundle({ entry, name: BUNDLE_NAME });
    // Several processes may build the same: the file appears whole.
    await writeFile(`${file}.${process.pid}`, bytes);
    await rename(`${file}.${process.pid}`, file);
  }
  const bytes = readFileSync(file);
  const { hash, manifest } = inspectBundle(bytes);
  const described = operators.map(
    ({ name }) => manifest.operators.find((operator) => operator.name === name)!,
  );
  return { hash, bytes, operators: described, linear };
}

/** Hash of all that decides the bundle: the generated text, the SDK and the compiler. */
function contentHash(text: string): string {
  const hash = createHash("sha256").update(text);
  for (const folder of [SDK_FOLDER, COMPILER_FOLDER]) {
    for (const name of readdirSync(folder).sort()) {
      if (!/\.[jt]s$/.test(name)) continue;
      hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex").slice(0, 32);
}
