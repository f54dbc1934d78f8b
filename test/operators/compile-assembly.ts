/**
 * Compiles an AssemblyScript entry in process for tests. The binary is kept in build/assembly/
 * under the hash of every source below the entry's folder and operators/, so a second run costs
 * nothing.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const FLAGS = [
  "-O3",
  "--converge",
  "--runtime",
  "minimal",
  "--exportStart",
  "_initialize",
  "--enable",
  "simd",
  "--enable",
  "bulk-memory",
];

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
    .map((name) => join(folder, name))
    .sort();
}

function contentHash(entry: string): string {
  const hash = createHash("sha256").update(FLAGS.join(" ")).update(relative(root, entry));
  for (const file of [...sources(dirname(entry)), ...sources(join(root, "operators"))]) {
    hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex").slice(0, 32);
}

/**
 * Compiles `entry` (a path from the project's root) and answers the module.
 * @throws Error with asc's diagnostics
 */
export async function compileAssembly(entry: string): Promise<WebAssembly.Module> {
  const file = resolve(root, entry);
  const cached = join(root, "build", "assembly", `${contentHash(file)}.wasm`);
  if (existsSync(cached)) return new WebAssembly.Module(readFileSync(cached));
  const asc = await import("assemblyscript/asc");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [relative(root, file), "--outFile", "out.wasm", "--baseDir", root, ...FLAGS],
    {
      writeFile: (name: string, contents: string | Uint8Array) => {
        if (name.endsWith(".wasm")) binary = contents as Uint8Array;
      },
    },
  );
  if (error || binary === undefined) {
    throw new Error(`Cannot compile ${entry}: ${error?.message ?? ""}\n${stderr.toString()}`);
  }
  mkdirSync(dirname(cached), { recursive: true });
  const draft = `${cached}.${process.pid}`;
  writeFileSync(draft, binary);
  renameSync(draft, cached);
  return new WebAssembly.Module(binary as Uint8Array<ArrayBuffer>);
}

/** Imports every module may have; a log line or an abort becomes an error with its text. */
export function testImports(memory: () => WebAssembly.Memory): WebAssembly.Imports {
  const utf16 = (pointer: number) => {
    if (pointer === 0) return "";
    const buffer = memory().buffer;
    const bytes = new DataView(buffer).getUint32(pointer - 4, true);
    return new TextDecoder("utf-16le").decode(new Uint8Array(buffer, pointer, bytes));
  };
  return {
    env: {
      abort: (message: number, file: number, line: number, column: number) => {
        throw new Error(`${utf16(message)} (${utf16(file)}:${line}:${column})`);
      },
    },
    millrace: {
      log: () => undefined,
      metric: () => undefined,
      state_read: () => 0,
      state_write: () => undefined,
      processing_time: () => 1_600_000_000_123n,
      input_activity_time: () => 1_600_000_000_123n,
    },
  };
}

/** Instantiates a compiled module with testImports and runs its start function. */
export function instantiate(module: WebAssembly.Module): WebAssembly.Instance {
  let instance: WebAssembly.Instance | undefined;
  instance = new WebAssembly.Instance(
    module,
    testImports(() => instance?.exports.memory as WebAssembly.Memory),
  );
  (instance.exports._initialize as () => void)();
  return instance;
}
