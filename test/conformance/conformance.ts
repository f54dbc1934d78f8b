/** Judges conformance cases of every kind that the engine speaks, through its own code. */
import { judgeAsync } from "./async-cases.ts";
import { judgeCep } from "./cep-cases.ts";
import type { ConformanceCase, Verdict } from "./conformance-case.ts";
import { conformanceModule } from "./conformance-module.ts";
import { judgeIntervalJoin, judgeWindowJoin } from "./join-cases.ts";
import { judgeKeyGroup, judgePartition } from "./keygroup-cases.ts";
import { HarnessModule, type Mode, NORMAL } from "./operator-harness.ts";
import { judgeProcess } from "./process-cases.ts";
import { run as judgeRestarts, type RestartCase } from "./restart.ts";
import { judgeValve } from "./valve-cases.ts";
import { judgeMultiplexer, judgeStrategy } from "./watermark-cases.ts";
import { judgeWindow } from "./window-cases.ts";

/** Judges the cases in their order. */
export async function judgeAll(
  cases: readonly ConformanceCase[],
  mode: Mode = NORMAL,
): Promise<Verdict[]> {
  const compiled = await conformanceModule();
  let module: HarnessModule | undefined;
  return cases.map((one) => {
    const { id, kind } = one;
    if (one.informative === true) return { id, kind, outcome: "informative" };
    const missing = unspoken(one);
    if (missing !== undefined) return { id, kind, outcome: "unspoken", detail: missing };
    module ??= new HarnessModule(compiled);
    try {
      const result = judge(module, one, mode);
      // A case that failed may have left the instance in an unknown state.
      if (result.outcome === "failed" || one.error !== undefined) module = undefined;
      return result;
    } catch (thrown) {
      module = undefined;
      return { id, kind, outcome: "failed", detail: String(thrown) };
    }
  });
}

function unspoken(one: ConformanceCase): string | undefined {
  switch (one.kind) {
    case "async":
    case "cep":
    case "keygroup":
    case "partition":
    case "join":
    case "process":
    case "restart":
    case "window":
      return undefined;
    case "watermark": {
      const type = String(one.spec.type);
      const known = ["valve", "strategy", "multiplexer"].includes(type);
      return known ? undefined : `watermark ${type}`;
    }
    default:
      return `kind ${one.kind}`;
  }
}

function judge(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  switch (one.kind) {
    case "async":
      return judgeAsync(module, one, mode);
    case "cep":
      return judgeCep(module, one, mode);
    case "keygroup":
      return judgeKeyGroup(module, one, mode);
    case "partition":
      return judgePartition(module, one, mode);
    case "join":
      return judgeJoin(module, one, mode);
    case "process":
      return judgeProcess(module, one, mode);
    case "window":
      return judgeWindow(module, one, mode);
    case "watermark":
      return judgeWatermark(module, one, mode);
    default:
      return judgeRestart(one);
  }
}

function judgeWatermark(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  switch (one.spec.type) {
    case "strategy":
      return judgeStrategy(module, one, mode);
    case "multiplexer":
      return judgeMultiplexer(module, one, mode);
    default:
      return judgeValve(one);
  }
}

function judgeJoin(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  switch (one.spec.type) {
    case "interval_join":
      return judgeIntervalJoin(module, one, mode);
    case "window_join":
    case "window_co_group":
      return judgeWindowJoin(module, one, mode);
    default:
      return judgeProcess(module, one, mode);
  }
}

function judgeRestart(one: ConformanceCase): Verdict {
  const [result] = judgeRestarts([one as unknown as RestartCase]);
  const { id, kind } = one;
  if (result?.ok === true) return { id, kind, outcome: "passed" };
  return { id, kind, outcome: "failed", detail: result?.diff ?? "not judged" };
}
