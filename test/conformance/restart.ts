/** Conformance of restart strategies: cases of kind `restart`, through the engine's own strategies. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { restartStrategyOf } from "../../src/jobmanager/core/restart-strategy.ts";
import type { RestartStrategySpec } from "../../src/plan/job-spec.ts";
import { MillraceError } from "../../src/protocol/errors.ts";

/** A case of kind `restart` (see the set's README for the fields). */
export interface RestartCase {
  readonly id: string;
  readonly kind: string;
  readonly spec: RestartStrategySpec;
  readonly input: readonly { readonly op: string; readonly t: number | string }[];
  readonly output: readonly RestartOutput[];
  readonly error?: { readonly i: number; readonly type: string };
}

interface RestartOutput {
  readonly i: number;
  readonly new_attempt: boolean;
  readonly restart: boolean;
  readonly delay: number | string | null;
}

/** Verdict on one case; `diff` shows the first difference. */
export interface CaseResult {
  readonly id: string;
  readonly ok: boolean;
  readonly diff?: string;
}

/** Judges every case of kind `restart`. */
export function run(cases: readonly RestartCase[]): CaseResult[] {
  return cases.filter((one) => one.kind === "restart").map(judge);
}

/** Runs `restart.jsonl` of a folder; undefined where it is absent. */
export function runRestartCases(dir: string): CaseResult[] | undefined {
  const path = join(dir, "restart.jsonl");
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8").split("\n");
  return run(lines.filter((line) => line !== "").map((line) => JSON.parse(line) as RestartCase));
}

function judge(one: RestartCase): CaseResult {
  const { output, refused } = replay(one);
  const refusalExpected = one.error?.i === -1;
  if (refused !== refusalExpected) {
    const diff = refused ? "the strategy was refused" : "the strategy was accepted";
    return { id: one.id, ok: false, diff };
  }
  const length = Math.max(output.length, one.output.length);
  for (let i = 0; i < length; i += 1) {
    const got = JSON.stringify(output[i]);
    const want = JSON.stringify(normal(one.output[i]));
    if (got !== want) return { id: one.id, ok: false, diff: `step ${i}: got ${got}, want ${want}` };
  }
  return { id: one.id, ok: true };
}

function replay(one: RestartCase): { output: RestartOutput[]; refused: boolean } {
  const output: RestartOutput[] = [];
  try {
    const strategy = restartStrategyOf(one.spec);
    for (const [i, step] of one.input.entries()) {
      const decision = strategy.notifyFailure(Number(step.t), 0.5);
      output.push({
        i,
        new_attempt: decision.newAttempt,
        restart: decision.restart,
        delay: decision.delayMs,
      });
      if (!decision.restart) break;
    }
    return { output, refused: false };
  } catch (thrown) {
    if (!(thrown instanceof MillraceError)) throw thrown;
    return { output, refused: true };
  }
}

function normal(output: RestartOutput | undefined): RestartOutput | undefined {
  if (output === undefined) return undefined;
  const { i, new_attempt, restart, delay } = output;
  return { i, new_attempt, restart, delay: delay === null ? null : Number(delay) };
}
