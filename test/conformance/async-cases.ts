/** Conformance of asynchronous waiting, through the SDK's AsyncFunction: kind `async`. */
import { readRequest, writeAnswer } from "../../src/protocol/http-request.ts";
import type { Schema } from "../../src/protocol/types.ts";
import { type CaseStage, type Entry, judgeStaged, MAX_PARALLELISM } from "./case-player.ts";
import { type ConformanceCase, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, Mode, OperatorHarness } from "./operator-harness.ts";

const BIGINT = { type: "BIGINT", nullable: false } as const;
const ELEMENT: Schema = [
  { name: "e", type: BIGINT },
  { name: "v", type: BIGINT },
];

/** Judges a case. */
export function judgeAsync(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  return judgeStaged(module, one, stageOf(one), mode);
}

function stageOf(one: ConformanceCase): CaseStage {
  const { mode, timeout, capacity, on_timeout: onTimeout } = one.spec;
  return {
    setup: {
      operator: OPERATOR.async,
      parameters: { async: { mode, timeoutMs: timeout, capacity }, onTimeout },
      inputs: [{ schema: ELEMENT, keys: [] }],
      outputs: [{ name: "main", schema: ELEMENT }],
      maxParallelism: MAX_PARALLELISM,
      failsOnRow: true,
    },
    row: (step, index) => ({ schema: ELEMENT, values: [BigInt(index), BigInt(Number(step.v))] }),
    entryOf: ({ values }) => ({
      e: integerText(values.e as bigint),
      v: integerText(values.v as bigint),
    }),
    ownStep: (step, subtasks) => {
      if (step.op !== "complete" && step.op !== "fail") return false;
      for (const subtask of subtasks) answer(subtask, step);
      return true;
    },
  };
}

/** Answers the element's last request, if it has made one. */
function answer(subtask: OperatorHarness, step: Entry): void {
  const path = `/${String(step.e)}`;
  const made = subtask.requests.findLast(({ bytes }) => readRequest(bytes).path === path);
  if (made === undefined) return;
  const results = (step.results ?? []) as readonly unknown[];
  const body = new TextEncoder().encode(results.join(","));
  const failed = { type: "failure", code: "Failed", message: "as the case says" } as const;
  const completed = { type: "response", status: 200, headers: [], body } as const;
  subtask.complete(made.id, writeAnswer(step.op === "fail" ? failed : completed));
}
