/** The text algorithms of the SDK, compiled on their own, with text in and out. */
import { compileAssembly, instantiate } from "../compile-assembly.ts";

type Call = (...args: (number | bigint)[]) => number;

const INPUT = 16 * 1024 * 1024;

export async function loadTextAlgorithms() {
  const module = await compileAssembly("test/operators/builtin/assembly/text-algorithms.ts");
  const exports = instantiate(module).exports as unknown as Record<string, Call> & {
    memory: WebAssembly.Memory;
  };
  const input = exports.alloc!(INPUT);
  const output = exports.alloc!(INPUT);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  const put = (text: string | Uint8Array): number => {
    const target = new Uint8Array(exports.memory.buffer, input, INPUT);
    if (typeof text === "string") return input + encoder.encodeInto(text, target).written;
    target.set(text);
    return input + text.length;
  };
  const taken = (length: number): string =>
    decoder.decode(new Uint8Array(exports.memory.buffer, output, length));

  return {
    call: exports,
    input,
    output,
    put,
    taken,
    /** `put`, then `fn(start, end)`. */
    over: (fn: string, text: string | Uint8Array): number => {
      const end = put(text);
      return exports[fn]!(input, end);
    },
    /** `fn(target, ...args)` answers a length. */
    print: (fn: string, ...args: (number | bigint)[]): string =>
      taken(exports[fn]!(output, ...args)),
  };
}
export type TextAlgorithms = Awaited<ReturnType<typeof loadTextAlgorithms>>;
