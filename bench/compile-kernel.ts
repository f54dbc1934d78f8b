/**
 * Compiles a bare-loop kernel (bench/kernels/*.ts, AssemblyScript) in process. The result is kept
 * under build/bench by a digest of source, options and compiler version.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const KERNELS = new URL("./kernels/", import.meta.url);
const OUTPUT = new URL("../build/bench/", import.meta.url);

/** No assertions, no runtime, SIMD: what the fastest loop needs and an operator may not have. */
const OPTIONS = [
  "-O3",
  "--noAssert",
  "--converge",
  "--uncheckedBehavior",
  "always",
  "--enable",
  "simd",
  "--runtime",
  "stub",
  "--use",
  "abort=",
];

/**
 * Compiles kernel `name` (file name without extension).
 *
 * @param extraOptions more `asc` options, for example those of a shared memory
 * @throws Error with the compiler's messages where the kernel does not compile
 */
export async function compileKernel(
  name: string,
  extraOptions: readonly string[] = [],
): Promise<WebAssembly.Module> {
  const source = await readFile(new URL(`${name}.ts`, KERNELS), "utf8");
  const asc = (await import("assemblyscript/asc")).default;
  const options = [...OPTIONS, ...extraOptions];
  const digest = createHash("sha256")
    .update(JSON.stringify([source, options, asc.version]))
    .digest("hex");
  const file = new URL(`${name}-${digest.slice(0, 16)}.wasm`, OUTPUT);
  let bytes = await readCached(file);
  if (bytes === undefined) {
    bytes = await runCompiler(asc, `${name}.ts`, source, options);
    await mkdir(OUTPUT, { recursive: true });
    // Two benches may compile at once: a rename shows a whole file or none.
    const temporary = `${fileURLToPath(file)}.${process.pid}`;
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  }
  return WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
}

type Compiler = typeof import("assemblyscript/asc").default;

async function runCompiler(
  asc: Compiler,
  file: string,
  source: string,
  options: readonly string[],
): Promise<Uint8Array> {
  let output: Uint8Array | undefined;
  const { error, stderr } = await asc.main([file, "--outFile", "out.wasm", ...options], {
    // The compiler asks for asconfig.json and library files too; null means there is none.
    readFile: async (path) => (path === file ? source : null),
    writeFile: (path, contents) => {
      if (path.endsWith(".wasm")) output = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null || output === undefined) {
    throw new Error(`Cannot compile kernel ${file}: ${error?.message}\n${stderr.toString()}`);
  }
  return output;
}

async function readCached(file: URL): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
