/** Conformance of patterns over events: kind `cep`, through the SDK's Pattern classes and its operator. */
import type { Schema } from "../../src/protocol/types.ts";
import { type CaseStage, type Entry, judgeStaged, MAX_PARALLELISM, sorted } from "./case-player.ts";
import { type ConformanceCase, integer, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, Mode } from "./operator-harness.ts";

const BIGINT = { type: "BIGINT", nullable: false } as const;
const STRING = { type: "STRING", nullable: false } as const;
const EVENT: Schema = [
  { name: "k", type: STRING },
  { name: "v", type: BIGINT },
  { name: "i", type: BIGINT },
];
const MATCH: Schema = [
  { name: "k", type: STRING },
  { name: "m", type: STRING },
];

/** Judges a case. */
export function judgeCep(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  return judgeStaged(module, { ...one, output: asSets(one.output) }, stageOf(one), mode);
}

/**
 * The matches of one step and output are a set. They were recorded by key, then time; but in processing time
 * matches do not carry theirs.
 */
function asSets(output: readonly Entry[]): Entry[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of output) {
    const place = JSON.stringify([entry.i, entry.s, entry.o]);
    groups.set(place, [...(groups.get(place) ?? []), entry]);
  }
  return [...groups.values()].flatMap(sorted);
}

function stageOf(one: ConformanceCase): CaseStage {
  const sides = [
    ...(one.spec.timeouts === true ? [{ name: "timeout", schema: MATCH }] : []),
    ...(one.spec.late_output === true ? [{ name: "late", schema: EVENT }] : []),
  ];
  return {
    setup: {
      operator: OPERATOR.cep,
      parameters: { spec: one.spec },
      inputs: [{ schema: EVENT, keys: ["k"] }],
      outputs: [{ name: "main", schema: MATCH }, ...sides],
      maxParallelism: MAX_PARALLELISM,
    },
    row: (step, index) => ({
      schema: EVENT,
      values: [String(step.k), integer(step.v), BigInt(index)],
    }),
    entryOf: ({ values }, output) => {
      const side = output === 0 ? {} : { o: sides[output - 1]!.name };
      if (output > 0 && sides[output - 1]!.schema === EVENT) {
        return { ...side, k: values.k, v: integerText(values.v as bigint) };
      }
      return { ...side, k: values.k, m: JSON.parse(String(values.m)) };
    },
  };
}
