/**
 * Watermark alignment as a source sees it (Flink: SourceOperator): it tells its watermark, hears of the
 * highest one that its group allows, and pauses while it is above that.
 */
import type { TaskMetrics } from "../../protocol/control-messages.ts";
import type { ChainedOperator, TaskDescriptor } from "../../protocol/deployment.ts";
import { METRICS_INTERVAL_MS } from "../../protocol/limits.ts";
import type { EmittedTime } from "./task-chain.ts";

/** Alignment as a strategy's parameters have it. */
export interface AlignmentParameters {
  readonly group: string;
  readonly maxDriftMs: number;
  readonly updateIntervalMs: number;
}

/** The operator of a source task whose watermarks are aligned; undefined: none. */
export function alignmentOf(
  task: TaskDescriptor,
): { readonly operator: ChainedOperator; readonly parameters: AlignmentParameters } | undefined {
  if (task.gates.length > 0) return undefined;
  for (const operator of task.chain) {
    const { alignment, watermarks } = operator.parameters as {
      readonly alignment?: AlignmentParameters;
      readonly watermarks?: { readonly alignment?: AlignmentParameters };
    };
    const parameters = alignment ?? watermarks?.alignment;
    if (parameters !== undefined) return { operator, parameters };
  }
  return undefined;
}

/** Decides when the source of a task pauses. */
export class SourceAlignment {
  readonly #parameters: AlignmentParameters;
  #maxWatermark: bigint | undefined;
  #pausedSinceMs: number | undefined;
  #pausedMs = 0;

  constructor(parameters: AlignmentParameters) {
    this.#parameters = parameters;
  }

  /** How often to tell the watermark, ms: as often as asked for, and with the other numbers at least. */
  get intervalMs(): number {
    return Math.min(this.#parameters.updateIntervalMs, METRICS_INTERVAL_MS);
  }

  /** Whether the source is to wait. */
  get isPaused(): boolean {
    return this.#pausedSinceMs !== undefined;
  }

  /** The group allows so much from here on. */
  allow(maxWatermark: bigint, emitted: EmittedTime | undefined, nowMs: number): void {
    this.#maxWatermark = maxWatermark;
    this.update(emitted, nowMs);
  }

  /** The source may have emitted more. An idle one waits for nobody. */
  update(emitted: EmittedTime | undefined, nowMs: number): void {
    const limit = this.#maxWatermark;
    const isAhead =
      limit !== undefined && emitted !== undefined && !emitted.idle && emitted.watermark > limit;
    if (isAhead) {
      this.#pausedSinceMs ??= nowMs;
    } else if (this.#pausedSinceMs !== undefined) {
      this.#pausedMs += Math.max(0, nowMs - this.#pausedSinceMs);
      this.#pausedSinceMs = undefined;
    }
  }

  /** Time for which the source has waited, ms: idleness does not count it. */
  pausedMs(nowMs: number): number {
    const since = this.#pausedSinceMs;
    return this.#pausedMs + (since === undefined ? 0 : Math.max(0, nowMs - since));
  }

  /** What it tells; nothing before its first watermark or idleness. */
  report(emitted: EmittedTime | undefined): Pick<TaskMetrics, "alignment"> {
    if (emitted === undefined) return {};
    const { group, maxDriftMs } = this.#parameters;
    const watermark = emitted.idle ? {} : { watermark: String(emitted.watermark) };
    return { alignment: { group, maxDriftMs, ...watermark } };
  }
}
