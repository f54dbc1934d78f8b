// Written by `millrace build` from index.ts: do not edit, the next build writes it again.
import { type OperatorHandle, openBundle } from "millrace";

const bundle = openBundle(new URL("../build/{{name}}.wasm", import.meta.url));

/** Columns that rows need as input of SplitWords. */
export interface SplitWordsInput {
  readonly line: string;
}
/** Columns of the results of SplitWords. */
export interface SplitWordsOutput {
  readonly word: string;
}
/** Parameters of SplitWords. */
export interface SplitWordsParameters {
  /** Default: 1. */
  readonly minLength?: number;
}
/** Splits a line into its words, in lower case. */
export function splitWords(parameters: SplitWordsParameters = {}): OperatorHandle<SplitWordsInput, SplitWordsOutput, "flat_map"> {
  return bundle.operator("SplitWords", { ...parameters });
}
