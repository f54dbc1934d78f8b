/** Snapshots of an operator's subtasks, and what of them a subtask begins with. */
import { redistributeOperatorState } from "../state/operator-state.ts";
import { OPERATOR_STATE, type StateChunk } from "./operator-subtask.ts";

/** An operator's state, as a checkpoint would keep it. */
export interface OperatorSnapshot {
  /** Name of the operator whose state it is. */
  readonly operator: string;
  /** Number of the snapshot, from 1. */
  readonly checkpoint: number;
  /** The state, by key group. */
  readonly chunks: readonly StateChunk[];
}

/**
 * The chunks for a subtask, of the snapshots of all subtasks in the order of their numbers: keyed state whole, of which it
 * takes its key groups, and its share of state that belongs to no key.
 * @throws MillraceError STATE_INVALID
 */
export function chunksFor(
  snapshots: readonly OperatorSnapshot[],
  { subtask, parallelism }: { readonly subtask: number; readonly parallelism: number },
): StateChunk[] {
  const keyed = snapshots.flatMap(({ chunks }) => chunks.filter(({ keyGroup }) => keyGroup >= 0));
  const own = snapshots.map(({ chunks }) =>
    chunks.filter(({ keyGroup }) => keyGroup < 0).map(({ bytes }) => bytes),
  );
  const dealt = redistributeOperatorState(own, parallelism)[subtask]!;
  return [...keyed, ...dealt.map((bytes): StateChunk => ({ keyGroup: OPERATOR_STATE, bytes }))];
}
