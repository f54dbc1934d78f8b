/** Conformance of windows: kind `window`, through the SDK's window operators in WebAssembly. */
import type { Schema } from "../../src/protocol/types.ts";
import {
  type CaseStage,
  type Entry,
  firedBy,
  judgeStaged,
  MAX_PARALLELISM,
} from "./case-player.ts";
import { type ConformanceCase, integer, integerText, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import type { HarnessModule, HarnessSetup, Mode } from "./operator-harness.ts";

const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const INT = { type: "INT", nullable: false } as const;
const KEY = { name: "k", type: STRING };
const ELEMENT: Schema = [KEY, { name: "v", type: BIGINT }];
const ORIGIN: Schema = [
  { name: "cw", type: BIGINT },
  { name: "fired_by", type: INT },
  { name: "timer", type: BIGINT },
];
const WINDOW: Schema = [
  { name: "window_start", type: BIGINT },
  { name: "window_end", type: BIGINT },
];
const COLLECTED: Schema = [
  KEY,
  { name: "v", type: STRING },
  { name: "n1", type: BIGINT },
  { name: "n2", type: BIGINT },
  ...WINDOW,
  ...ORIGIN,
];
const SUMMED: Schema = [
  { name: "sum", type: BIGINT },
  { name: "count", type: BIGINT },
  ...ORIGIN,
  ...WINDOW,
];

interface WindowSpec {
  readonly scope: "keyed" | "all";
  readonly assigner: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly trigger: TriggerSpec;
  readonly evictor?: Readonly<Record<string, unknown>>;
  readonly lateness: unknown;
  readonly late_output: boolean;
  readonly function: "collect" | "collect_state" | "reduce" | "aggregate";
}

type TriggerSpec = Readonly<Record<string, unknown>> & { readonly inner?: TriggerSpec };
type Values = Readonly<Record<string, unknown>>;

/** Judges a case. */
export function judgeWindow(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  const spec = one.spec as unknown as WindowSpec;
  const stage: CaseStage = {
    setup: setupOf(spec),
    row: (step) => ({ schema: ELEMENT, values: [String(step.k), integer(step.v)] }),
    entryOf: ({ values }, output) =>
      output === 0
        ? resultOf(spec, values)
        : { o: "late", k: values.k, v: integerText(values.v as bigint) },
  };
  return judgeStaged(module, one, stage, mode);
}

function resultOf(spec: WindowSpec, values: Values): Entry {
  return {
    ...(spec.scope === "keyed" ? { k: values.k, cw: integerText(values.cw as bigint) } : {}),
    ...(spec.assigner.type === "global" ? {} : { w: windowOf(values) }),
    v: contentOf(spec, values),
    ...(spec.function === "collect_state" ? { n: [Number(values.n1), Number(values.n2)] } : {}),
    by: firedBy(Number(values.fired_by), values.timer as bigint),
  };
}

function contentOf(spec: WindowSpec, values: Values): unknown {
  if (typeof values.v === "string") return listOf(spec, values.v);
  const sum = integerText(values.sum as bigint);
  const count = Number(values.count);
  if (spec.function === "aggregate") return [sum, count];
  return count === 0 ? null : sum;
}

/** Merging leaves open in which order the values of a session come; the cases have them sorted. */
function listOf(spec: WindowSpec, text: string): unknown {
  const list = JSON.parse(text) as number[];
  return spec.assigner.type.startsWith("session") ? list.sort((a, b) => a - b) : list;
}

function windowOf(values: Values): unknown[] {
  return [integerText(values.window_start as bigint), integerText(values.window_end as bigint)];
}

/** What a job would say of windows. */
export function windowParameters(
  spec: Pick<WindowSpec, "assigner" | "trigger" | "lateness">,
): Record<string, unknown> {
  const { type, gap_step, default_trigger, ...assigner } = spec.assigner;
  return {
    ...assigner,
    assigner: type.replace("_dynamic", ""),
    ...(gap_step === undefined ? {} : { gapStep: gap_step }),
    ...(default_trigger === undefined ? {} : { defaultTrigger: default_trigger }),
    lateness: spec.lateness,
    trigger: triggerParameters(spec.trigger),
  };
}

/** What a job would say: the assigner's fields are parameters, the delta's column is `v`. */
function setupOf(spec: WindowSpec): HarnessSetup {
  const collects = spec.function.startsWith("collect");
  const keys = spec.scope === "keyed" ? ["k"] : [];
  const key = spec.scope === "keyed" ? [KEY] : [];
  return {
    operator: collects ? OPERATOR.collect : OPERATOR.sum,
    parameters: {
      ...windowParameters(spec),
      function: spec.function,
      ...(spec.evictor === undefined ? {} : { evictor: { ...spec.evictor, field: "v" } }),
    },
    inputs: [{ schema: ELEMENT, keys }],
    outputs: [
      { name: "main", schema: collects ? COLLECTED : [...key, ...SUMMED] },
      ...(spec.late_output ? [{ name: "late", schema: ELEMENT }] : []),
    ],
    maxParallelism: MAX_PARALLELISM,
  };
}

function triggerParameters(spec: TriggerSpec): Record<string, unknown> {
  const { inner, reset_on_element, clear_on_timeout, ...rest } = spec;
  return {
    ...rest,
    field: "v",
    resetOnElement: reset_on_element,
    clearOnTimeout: clear_on_timeout,
    ...(inner === undefined ? {} : { inner: triggerParameters(inner) }),
  };
}
