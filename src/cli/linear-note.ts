/** The report on one-file functions: where an index or a length walks through the text. */
import { dim } from "./terminal.ts";

/** Undefined: no place is linear. */
export function linearNote(places: readonly string[] | undefined): string | undefined {
  if (places === undefined || places.length === 0) return undefined;
  return dim(`Linear in text that is not ASCII: ${places.join(", ")}`);
}
