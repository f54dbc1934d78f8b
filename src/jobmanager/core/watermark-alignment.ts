/**
 * Watermark alignment of a job's sources (Flink: SourceCoordinator): the smallest watermark of a group
 * says how far each of its sources may go.
 */
import type { TaskMetrics } from "../../protocol/control-messages.ts";

const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;

/** What a source is to be told: it pauses while its watermark is above this. */
export interface Allowance {
  readonly vertex: string;
  readonly subtask: number;
  readonly maxWatermark: bigint;
}

interface Member {
  readonly vertex: string;
  readonly subtask: number;
  maxDriftMs: bigint;
  /** undefined: idle, so it holds nobody back. */
  watermark: bigint | undefined;
  told: bigint | undefined;
}

/** The groups of one attempt. */
export class WatermarkAlignment {
  readonly #groups = new Map<string, Map<string, Member>>();

  /** Takes the numbers of tasks in; answers what has changed for which sources. */
  report(tasks: readonly TaskMetrics[]): Allowance[] {
    const touched = new Set<string>();
    for (const { vertex, subtask, alignment } of tasks) {
      if (alignment === undefined) continue;
      const { group, maxDriftMs, watermark } = alignment;
      touched.add(group);
      const members = this.#groups.get(group) ?? new Map<string, Member>();
      this.#groups.set(group, members);
      const key = `${vertex}/${subtask}`;
      const told = members.get(key)?.told;
      const reached = watermark === undefined ? undefined : BigInt(watermark);
      members.set(key, {
        vertex,
        subtask,
        maxDriftMs: BigInt(maxDriftMs),
        watermark: reached,
        told,
      });
    }
    return [...touched].flatMap((group) => this.#allowances(group));
  }

  /** A source has ended: it holds nobody back. */
  ended(vertex: string, subtask: number): Allowance[] {
    const key = `${vertex}/${subtask}`;
    return [...this.#groups].flatMap(([group, members]) =>
      members.delete(key) ? this.#allowances(group) : [],
    );
  }

  #allowances(group: string): Allowance[] {
    const members = [...(this.#groups.get(group)?.values() ?? [])];
    let least: bigint | undefined;
    for (const { watermark } of members) {
      if (watermark !== undefined && (least === undefined || watermark < least)) least = watermark;
    }
    return members.flatMap((member) => {
      const maxWatermark = least === undefined ? MAX_INT64 : saturated(least + member.maxDriftMs);
      if (maxWatermark === member.told) return [];
      member.told = maxWatermark;
      return [{ vertex: member.vertex, subtask: member.subtask, maxWatermark }];
    });
  }
}

function saturated(timestamp: bigint): bigint {
  return timestamp > MAX_INT64 ? MAX_INT64 : timestamp;
}
