/** The bundles of a deployed task. Apart from deployment.ts, whose schemas a slot does not load. */
import type { TaskDescriptor } from "./deployment.ts";

/** Those whose module has to undo rows: an operator of it goes on behind a row whose code has failed. */
export function undoingBundlesOf(task: TaskDescriptor): string[] {
  const undoing = task.chain.filter(({ onRowError }) => onRowError !== "fail");
  // The engine's own operators refuse rows; they do not trap.
  return undoing.map(({ bundle }) => bundle).filter((bundle) => bundle !== "builtin");
}

/** Content hashes of the bundles that a task's operators and partitioners come from, each once. */
export function bundlesOf(task: TaskDescriptor): string[] {
  const partitioners = task.outputs.flatMap((edge) => edge.partitionerOperator ?? []);
  return [...new Set([...task.chain, ...partitioners].map((operator) => operator.bundle))];
}
