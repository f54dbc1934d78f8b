/**
 * Conformance of keyed process functions, through the SDK's state and timers: kind `process`, and of
 * kind `join` the types `connect` and `broadcast`.
 */
import type { Schema } from "../../src/protocol/types.ts";
import { type CaseStage, firedBy, judgeStaged, MAX_PARALLELISM } from "./case-player.ts";
import { type ConformanceCase, integer, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, Mode } from "./operator-harness.ts";

const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const KEY = { name: "k", type: STRING };
/** Results of the broadcast side have no key. */
const RESULT_KEY = { name: "k", type: { type: "STRING", nullable: true } } as const;
const ELEMENT: Schema = [KEY, { name: "v", type: BIGINT }, { name: "f", type: BIGINT }];
const ORIGIN: Schema = [
  { name: "fired_by", type: { type: "INT", nullable: false } },
  { name: "timer", type: BIGINT },
];
const SIDE: Schema = [RESULT_KEY, { name: "v", type: BIGINT }, ...ORIGIN];
const RESULT: Schema = [
  RESULT_KEY,
  { name: "op", type: STRING },
  { name: "v", type: STRING },
  ...ORIGIN,
];

type FunctionKind = "keyed_process" | "connect" | "broadcast";

/** Judges a case. */
export function judgeProcess(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  return judgeStaged(module, one, stageOf(one), mode);
}

const OPERATORS: Readonly<Record<FunctionKind, number>> = {
  keyed_process: OPERATOR.script,
  connect: OPERATOR.connect,
  broadcast: OPERATOR.broadcast,
};

function stageOf(one: ConformanceCase): CaseStage {
  const kind = one.spec.type as FunctionKind;
  const keyed = { schema: ELEMENT, keys: ["k"] };
  const second = kind === "connect" ? [keyed] : [{ schema: ELEMENT, keys: [] }];
  return {
    setup: {
      operator: OPERATORS[kind],
      parameters: { spec: one.spec },
      inputs: kind === "keyed_process" ? [keyed] : [keyed, ...second],
      outputs: [
        { name: "main", schema: RESULT },
        { name: "side", schema: SIDE },
      ],
      maxParallelism: MAX_PARALLELISM,
    },
    row: (step) => ({
      schema: ELEMENT,
      values: [String(step.k ?? ""), integer(step.v), integer(step.f)],
    }),
    entryOf: ({ values }, output) => {
      const code = Number(values.fired_by);
      const by = code === 0 ? {} : { by: firedBy(code, values.timer as bigint) };
      const key = values.k === null ? {} : { k: values.k };
      if (output > 0) return { o: "side", ...key, v: integerText(values.v as bigint), ...by };
      return { ...key, op: values.op, v: exactly(String(values.v)), ...by };
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
