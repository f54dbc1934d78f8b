/**
 * What `import "millrace"` means in a job file: this very Millrace, where the folder of the job knows
 * none (a global install), and always in a checkout, whose package has not been packed.
 */
import module from "node:module";
import { entryFile } from "../protocol/entry-file.ts";

const ENTRIES: Readonly<Record<string, string>> = {
  millrace: "../index",
  "millrace/testing": "../testing/index",
  "millrace/math": "../inline/math",
  "millrace/text": "../inline/text",
};
const IN_CHECKOUT = import.meta.url.endsWith(".ts");

let registered = false;

/** From now on job files of this thread find it. */
export function offerOwnPackage(): void {
  // Deno has no such hooks; there an import map says it.
  if (registered || module.registerHooks === undefined) return;
  registered = true;
  module.registerHooks({
    resolve(specifier, context, next) {
      const entry = ENTRIES[specifier];
      if (entry === undefined) return next(specifier, context);
      const own = { url: entryFile(entry, import.meta.url).href, shortCircuit: true };
      if (IN_CHECKOUT) return own;
      try {
        return next(specifier, context);
      } catch (thrown) {
        if ((thrown as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw thrown;
        return own;
      }
    },
  });
}
