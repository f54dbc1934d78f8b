/** Conformance of watermarks through the SDK: kind `watermark`, types `strategy` and `multiplexer`. */
import type { Schema } from "../../src/protocol/types.ts";
import { type CaseStage, type Entry, judgeStaged } from "./case-player.ts";
import { type ConformanceCase, integer, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, Mode } from "./operator-harness.ts";

const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const EVENT: Schema = [
  { name: "v", type: BIGINT },
  { name: "f", type: BIGINT },
];
const STEP: Schema = [
  { name: "op", type: STRING },
  { name: "o", type: STRING },
  { name: "mode", type: STRING },
  { name: "t", type: BIGINT },
];

/** Judges a case of an operator that assigns timestamps and emits watermarks. */
export function judgeStrategy(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  const { spec } = one;
  const idleness = spec.idleness === undefined ? {} : { idlenessMs: spec.idleness };
  const stage: CaseStage = {
    setup: {
      operator: OPERATOR.strategy,
      parameters: { spec, watermarks: { autoWatermarkIntervalMs: spec.interval, ...idleness } },
      inputs: [{ schema: EVENT, keys: [] }],
      outputs: [{ name: "main", schema: EVENT }],
    },
    row: (step) => ({ schema: EVENT, values: [integer(step.v), integer(step.f ?? 0)] }),
    entryOf: ({ values }) => ({ v: integerText(values.v as bigint) }),
  };
  return judgeStaged(module, one, stage, mode);
}

/** Judges a case of the watermarks of several outputs: each step is a row of the operator. */
export function judgeMultiplexer(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  const stage: CaseStage = {
    setup: {
      operator: OPERATOR.multiplexer,
      inputs: [{ schema: STEP, keys: [] }],
      outputs: [{ name: "main", schema: STEP }],
    },
    row: ({ step }) => {
      const { op, o = "", mode: how = "", t = 0 } = step as Entry;
      return { schema: STEP, values: [String(op), String(o), String(how), integer(t)] };
    },
    entryOf: ({ values }) => ({ ...values }),
  };
  const input = one.input.map((step) => ({ op: "e", step }));
  return judgeStaged(module, { ...one, input }, stage, mode);
}
