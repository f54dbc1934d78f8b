/** Conformance of joins, through the SDK's operators: of kind `join` the interval and window joins. */
import type { Schema } from "../../src/protocol/types.ts";
import { type CaseStage, firedBy, judgeStaged, MAX_PARALLELISM } from "./case-player.ts";
import { type ConformanceCase, integer, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, Mode } from "./operator-harness.ts";
import { windowParameters } from "./window-cases.ts";

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
const IN_WINDOW: Schema = [
  KEY,
  { name: "v", type: KEY.type },
  { name: "fired_by", type: { type: "INT", nullable: false } },
  { name: "timer", type: BIGINT },
];
const LATE = ["late_left", "late_right"];

/** Judges a case of type `window_join` or `window_co_group`. */
export function judgeWindowJoin(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  return judgeStaged(module, one, windowStageOf(one), mode);
}

function windowStageOf(one: ConformanceCase): CaseStage {
  const keyed = { schema: ELEMENT, keys: ["k"] };
  const isJoin = one.spec.type === "window_join";
  return {
    setup: {
      operator: isJoin ? OPERATOR.windowJoin : OPERATOR.coGroup,
      parameters: windowParameters(one.spec as never),
      inputs: [keyed, keyed],
      outputs: [{ name: "main", schema: IN_WINDOW }],
      maxParallelism: MAX_PARALLELISM,
    },
    row: (step) => ({ schema: ELEMENT, values: [String(step.k), integer(step.v)] }),
    entryOf: ({ values }) => ({
      k: values.k,
      v: JSON.parse(String(values.v)),
      by: firedBy(Number(values.fired_by), values.timer as bigint),
    }),
  };
}

/** Judges a case of type `interval_join`. */
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
      parameters: {
        lower: one.spec.lower,
        upper: one.spec.upper,
        lowerExclusive: one.spec.lower_exclusive,
        upperExclusive: one.spec.upper_exclusive,
      },
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
