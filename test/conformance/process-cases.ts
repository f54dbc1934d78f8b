/** Conformance of keyed process functions: kind `process`, through the SDK's state and timers. */
import type { Schema } from "../../src/protocol/types.ts";
import { type CaseStage, firedBy, judgeStaged, MAX_PARALLELISM } from "./case-player.ts";
import { type ConformanceCase, integer, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, Mode } from "./operator-harness.ts";

const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const KEY = { name: "k", type: STRING };
const ELEMENT: Schema = [KEY, { name: "v", type: BIGINT }, { name: "f", type: BIGINT }];
const ORIGIN: Schema = [
  { name: "fired_by", type: { type: "INT", nullable: false } },
  { name: "timer", type: BIGINT },
];
const SIDE: Schema = [KEY, { name: "v", type: BIGINT }, ...ORIGIN];
const RESULT: Schema = [KEY, { name: "op", type: STRING }, { name: "v", type: STRING }, ...ORIGIN];

/** Judges a case. */
export function judgeProcess(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  return judgeStaged(module, one, stageOf(one), mode);
}

function stageOf(one: ConformanceCase): CaseStage {
  return {
    setup: {
      operator: OPERATOR.script,
      parameters: { spec: one.spec },
      inputs: [{ schema: ELEMENT, keys: ["k"] }],
      outputs: [
        { name: "main", schema: RESULT },
        { name: "side", schema: SIDE },
      ],
      maxParallelism: MAX_PARALLELISM,
    },
    row: (step) => ({
      schema: ELEMENT,
      values: [String(step.k), integer(step.v), integer(step.f)],
    }),
    entryOf: ({ values }, output) => {
      const code = Number(values.fired_by);
      const by = code === 0 ? {} : { by: firedBy(code, values.timer as bigint) };
      if (output > 0) return { o: "side", k: values.k, v: integerText(values.v as bigint), ...by };
      return { k: values.k, op: values.op, v: exactly(String(values.v)), ...by };
    },
  };
}

/** JSON whose integers may be beyond 2^53, as cases write them. */
function exactly(json: string): unknown {
  const quoted = json.replace(/-?\d+/g, '"$&"');
  return JSON.parse(quoted, (_, value) =>
    typeof value === "string" ? integerText(BigInt(value)) : value,
  );
}
