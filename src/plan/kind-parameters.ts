/** Parameters that operators of a kind have beside their own: what the builder's methods say of windows, bounds, time and waiting. */
import type { z } from "zod";
import type { OperatorDescription } from "../protocol/manifest.ts";
import { asyncParameterSchema } from "./async-parameters.ts";
import { intervalParameters } from "./interval-parameters.ts";
import { STRATEGY_PARAMETERS, strategyParametersSchema } from "./watermark-parameters.ts";
import { windowParameters } from "./window-parameters.ts";

type Kind = OperatorDescription["kind"];

/** `all` is for windows over one whole stream: joins have keys. */
const { all: _, ...joinedWindows } = windowParameters;

const KIND_PARAMETERS: Readonly<Partial<Record<Kind, Readonly<Record<string, z.ZodType>>>>> = {
  aggregate: windowParameters,
  process_window: windowParameters,
  join: joinedWindows,
  co_group: joinedWindows,
  interval_join: intervalParameters,
  async: { async: asyncParameterSchema },
  watermark_strategy: { [STRATEGY_PARAMETERS]: strategyParametersSchema },
};

/** By name; none of most kinds. A ReduceFunction has those of windows where the job gives it a window. */
export function kindParameters(
  kind: Kind,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, z.ZodType>> {
  if (kind === "reduce" && given.assigner !== undefined) return windowParameters;
  return KIND_PARAMETERS[kind] ?? {};
}
