/** Conformance of joins: of kind `join` the type `interval_join`, through the SDK's operator. */
import type { Schema } from "../../src/protocol/types.ts";
import { type CaseStage, judgeStaged, MAX_PARALLELISM } from "./case-player.ts";
import { type ConformanceCase, integer, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, Mode } from "./operator-harness.ts";

const BIGINT = { type: "BIGINT", nullable: false } as const;
const KEY = { name: "k", type: { type: "STRING", nullable: false } } as const;
const ELEMENT: Schema = [KEY, { name: "v", type: BIGINT }];
const PAIR: Schema = [
  KEY,
  { name: "left", type: BIGINT },
  { name: "right", type: BIGINT },
  { name: "left_time", type: BIGINT },
  { name: "right_time", type: BIGINT },
];
const LATE = ["late_left", "late_right"];

/** Judges a case. */
export function judgeIntervalJoin(
  module: HarnessModule,
  one: ConformanceCase,
  mode: Mode,
): Verdict {
  return judgeStaged(module, one, stageOf(one), mode);
}

function stageOf(one: ConformanceCase): CaseStage {
  const late = one.spec.late_output === true ? LATE : [];
  const keyed = { schema: ELEMENT, keys: ["k"] };
  return {
    setup: {
      operator: OPERATOR.intervalJoin,
      parameters: one.spec,
      inputs: [keyed, keyed],
      outputs: [{ name: "main", schema: PAIR }, ...late.map((name) => ({ name, schema: ELEMENT }))],
      maxParallelism: MAX_PARALLELISM,
    },
    row: (step) => ({ schema: ELEMENT, values: [String(step.k), integer(step.v)] }),
    entryOf: ({ values }, output) => {
      const number = (name: string) => integerText(values[name] as bigint);
      if (output > 0) return { o: LATE[output - 1], k: values.k, v: number("v") };
      return {
        k: values.k,
        v: [number("left"), number("right")],
        ts: [number("left_time"), number("right_time")],
      };
    },
  };
}
