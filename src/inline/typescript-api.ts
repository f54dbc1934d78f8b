/** TypeScript's parser (version 6: the last with an API), an optional package of the build side. */
import type TypeScript from "typescript-api";
import { MillraceError } from "../protocol/errors.ts";

export type { TypeScript as ts };

/** The compiler's API, loaded once. */
export const api: typeof TypeScript = await load();

async function load(): Promise<typeof TypeScript> {
  try {
    return (await import("typescript-api")).default;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = "Cannot compile one-file functions: no TypeScript 6 here";
    throw new MillraceError("COMPILER_NOT_INSTALLED", message, {
      expected: "the optional package `npm install typescript-api@npm:typescript@6.0.3`",
      cause,
    });
  }
}
