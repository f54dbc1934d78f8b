/** Reads the metrics of an operator's own out of its module. */
import { MillraceError } from "../protocol/errors.ts";
import { USER_METRICS_MAX, USER_METRICS_MAX_BYTES } from "../protocol/limits.ts";
import { readUserMetrics, type UserMetric } from "../protocol/user-metric.ts";
import type { OperatorNode } from "./operator-node.ts";

/** @throws MillraceError OPERATOR_FAILED: a gauge trapped, or what the module tells has another form */
export function metricsOf({ instance, inst, site, name }: OperatorNode): UserMetric[] {
  const at = instance.invoke(site, "mr_metrics", inst) >>> 0;
  if (at === 0) return [];
  const { bytes, view } = instance;
  const length = at + 4 <= bytes.byteLength ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
  const fits = length <= USER_METRICS_MAX_BYTES && at + 4 + length <= bytes.byteLength;
  const text = fits ? new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)) : "";
  const metrics = readUserMetrics(text, name);
  if (metrics !== undefined) return metrics.slice(0, USER_METRICS_MAX);
  const message = `Operator ${site.name} failed: what mr_metrics tells is no list of metrics`;
  const expected = `JSON of at most ${USER_METRICS_MAX_BYTES} bytes, see docs/operator-abi.md`;
  throw new MillraceError("OPERATOR_FAILED", message, { field: site.name, expected });
}
