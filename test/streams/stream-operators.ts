/** The operators of test/streams/assembly, by name, and the columns of their rows. */
import { testBundle } from "../conformance/conformance-module.ts";
import { HarnessModule } from "../conformance/operator-harness.ts";

/** In the order of the file. */
const OPERATORS = ["Match", "MatchTagged", "Join", "FlatJoin", "Group"] as const;

export const operatorOf = (name: (typeof OPERATORS)[number]): number => OPERATORS.indexOf(name);

export async function streamOperators(): Promise<HarnessModule> {
  return new HarnessModule(await testBundle("test/streams/assembly"));
}

const BIGINT = { type: "BIGINT", nullable: false } as const;
const STRING = { type: "STRING", nullable: false } as const;

/** Keys of two types: tables look them up in different ways. */
export const STREAM_KEY = {
  long: { name: "k", type: BIGINT, of: (key: bigint): string | bigint => key },
  text: { name: "k", type: STRING, of: (key: bigint): string | bigint => `key ${key}` },
} as const;

/** The row's number, or a power of two that tells it in a sum. */
export const V = { name: "v", type: BIGINT } as const;
