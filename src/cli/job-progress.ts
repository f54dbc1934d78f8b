/** A running job in one line: rates, watermark, how busy it is. */
import type { JobDetails } from "../client/answers.ts";
import { count } from "./terminal.ts";

/** What is compared between two looks at a job. */
export interface ProgressCounts {
  readonly atMs: number;
  /** Rows that its sources read, and rows that its last tasks gave to sinks. */
  readonly recordsIn: number;
  readonly recordsOut: number;
  /** Time of the busiest vertex, summed over its subtasks. */
  readonly busyMs: readonly number[];
}

export function progressCounts(details: JobDetails, atMs: number): ProgressCounts {
  const metrics = details.vertices.map((vertex) => vertex.metrics);
  const { nodes } = details.plan;
  const consumed = new Set(nodes.flatMap(({ inputs = [] }) => inputs.map(({ id }) => id)));
  const fed = new Set(nodes.filter(({ inputs = [] }) => inputs.length > 0).map(({ id }) => id));
  // Rows between two tasks are nobody's news: a person knows their file and their results.
  const of = (inner: ReadonlySet<string>, metric: "read-records" | "write-records") =>
    details.vertices.reduce((sum, v) => sum + (inner.has(v.id) ? 0 : v.metrics[metric]), 0);
  return {
    atMs,
    recordsIn: of(fed, "read-records"),
    recordsOut: of(consumed, "write-records"),
    busyMs: metrics.map((m) => m["accumulated-busy-time"]),
  };
}

/** @param before The last look; undefined at the first. */
export function describeProgress(
  details: JobDetails,
  counts: ProgressCounts,
  before: ProgressCounts | undefined,
): string {
  const ms = before === undefined ? 0 : counts.atMs - before.atMs;
  const rate = (now: number, then: number) => (ms <= 0 ? "-" : count(((now - then) * 1_000) / ms));
  const recordsIn = `in ${count(counts.recordsIn)} (${rate(counts.recordsIn, before?.recordsIn ?? 0)}/s)`;
  const recordsOut = `out ${count(counts.recordsOut)} (${rate(counts.recordsOut, before?.recordsOut ?? 0)}/s)`;
  const made = counts.recordsIn === 0 ? [recordsOut] : [recordsIn, recordsOut];
  const parts = [details.state, ...made, `watermark ${watermarkText(details)}`];
  if (before !== undefined && ms > 0) parts.push(`busy ${busiest(details, counts, before, ms)}`);
  return parts.join("  ");
}

function busiest(
  details: JobDetails,
  counts: ProgressCounts,
  before: ProgressCounts,
  ms: number,
): string {
  const shares = details.vertices.map(
    (vertex, i) => ((counts.busyMs[i] ?? 0) - (before.busyMs[i] ?? 0)) / (ms * vertex.parallelism),
  );
  const most = Math.max(0, ...shares);
  const name = details.vertices[shares.indexOf(most)]?.name ?? "";
  return `${Math.min(100, Math.round(most * 100))}%${name === "" ? "" : ` ${name.slice(0, 40)}`}`;
}

/** The least watermark of all vertices, as far as there are any. */
function watermarkText(details: JobDetails): string {
  const marks = details.vertices.flatMap(({ metrics }) =>
    metrics.watermark === undefined ? [] : [BigInt(metrics.watermark)],
  );
  if (marks.length === 0) return "none";
  const [least = 0n] = marks.sort((a, b) => (a < b ? -1 : 1));
  // ECMAScript's range of dates; what lies beyond is the end of event time, or its beginning.
  if (least > 8_640_000_000_000_000n) return "end";
  if (least < -8_640_000_000_000_000n) return "none";
  return new Date(Number(least)).toISOString().replace("T", " ").replace(/Z$/, "");
}
