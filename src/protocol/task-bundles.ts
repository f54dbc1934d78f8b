/** The bundles of a deployed task. Apart from deployment.ts, whose schemas a slot does not load. */
import type { TaskDescriptor } from "./deployment.ts";

/** Content hashes of the bundles that a task's operators and partitioners come from, each once. */
export function bundlesOf(task: TaskDescriptor): string[] {
  const partitioners = task.outputs.flatMap((edge) => edge.partitionerOperator ?? []);
  return [...new Set([...task.chain, ...partitioners].map((operator) => operator.bundle))];
}
