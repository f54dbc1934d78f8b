/** Compiles the functions of a job file; the compiler is loaded only where there are some. */
import type { InlineBundle } from "../plan/inline-operator.ts";
import type { StreamExecutionEnvironment } from "../plan/stream-environment.ts";

/**
 * Comes before toJobSpec; the bundle goes among those of the environment.
 * @param args Arguments that the job function was called with
 * @param others Sinks of other runs: what leads to them alone is left out
 * @returns undefined: every operator lies in a bundle already
 * @throws MillraceError INLINE_*, COMPILER_NOT_INSTALLED
 */
export async function compileFunctions(
  env: StreamExecutionEnvironment,
  args?: readonly string[],
  others?: ReadonlySet<string>,
): Promise<InlineBundle | undefined> {
  if (!env.hasInline(others)) return undefined;
  const { inlineCompiler } = await import("./inline-compiler.ts");
  return env.compileInline(inlineCompiler(args), others);
}
