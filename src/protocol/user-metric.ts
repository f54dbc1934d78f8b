/**
 * Counters, gauges and histograms of user code: what a module tells (mr_metrics, docs/operator-abi.md), what travels to the
 * JobManager, and what several subtasks come to. Pure.
 */

/** A metric of one subtask; 64-bit numbers and those that JSON has not (NaN) are texts. */
export type UserMetric = { readonly id: string } & (
  | { readonly type: "counter"; readonly count: string }
  | { readonly type: "gauge"; readonly value: string }
  | ({ readonly type: "histogram" } & HistogramCounts)
);

/** How values are spread: buckets by their smallest value, in order. */
export interface HistogramCounts {
  readonly count: string;
  readonly min: string;
  readonly max: string;
  readonly sum: string;
  readonly squares: string;
  readonly buckets: readonly (readonly [first: string, count: number])[];
}

/** A metric as it is shown: of several subtasks counts are sums, a gauge's value is the mean. */
export type ShownMetric = { readonly id: string } & (
  | { readonly type: "counter"; readonly count: string }
  | {
      readonly type: "gauge";
      readonly value: number | null;
      readonly min: number | null;
      readonly max: number | null;
    }
  | ({ readonly type: "histogram" } & HistogramStatistics)
);

/** Statistics of a histogram (Flink: HistogramStatistics); min and max are decimal int64. */
export interface HistogramStatistics {
  readonly count: string;
  readonly min: string;
  readonly max: string;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
  readonly p98: number;
  readonly p99: number;
  readonly p999: number;
}

/**
 * Reads what a module tells; ids are `OPERATOR.NAME`.
 * @returns undefined: it is not what mr_metrics is to tell
 */
export function readUserMetrics(json: string, operator: string): UserMetric[] | undefined {
  let told: unknown;
  try {
    told = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!Array.isArray(told)) return undefined;
  const metrics = told.map((one) => readOne(one as Record<string, unknown>, operator));
  return metrics.every((metric) => metric !== undefined) ? metrics : undefined;
}

function readOne(one: Record<string, unknown> | null, operator: string): UserMetric | undefined {
  if (typeof one?.name !== "string") return undefined;
  const id = `${operator}.${one.name}`;
  const { counter, gauge, histogram } = one;
  if (isWhole(counter)) return { id, type: "counter", count: counter };
  if (isNumber(gauge)) return { id, type: "gauge", value: gauge };
  if (typeof histogram !== "object" || histogram === null) return undefined;
  const counts = histogram as Partial<HistogramCounts>;
  const { count, min, max, sum, squares, buckets } = counts;
  const known = isWhole(count) && isWhole(min) && isWhole(max) && isNumber(sum);
  if (!known || !isNumber(squares) || !Array.isArray(buckets)) return undefined;
  const pairs = buckets as readonly unknown[];
  const fits = pairs.every(
    (pair) => Array.isArray(pair) && isWhole(pair[0]) && Number.isSafeInteger(pair[1]),
  );
  if (!fits) return undefined;
  return { id, type: "histogram", count, min, max, sum, squares, buckets: buckets as [] };
}

const isWhole = (value: unknown): value is string =>
  typeof value === "string" && /^-?\d{1,20}$/.test(value);
const isNumber = (value: unknown): value is string =>
  typeof value === "string" && (value === "NaN" || !Number.isNaN(Number(value)));

/** Metrics of one subtask or several as they are shown, by id in the order in which they came. */
export function shownMetrics(metrics: Iterable<UserMetric>): ShownMetric[] {
  const byId = new Map<string, UserMetric[]>();
  for (const metric of metrics) {
    const key = `${metric.type} ${metric.id}`;
    const known = byId.get(key);
    if (known === undefined) byId.set(key, [metric]);
    else known.push(metric);
  }
  return [...byId.values()].map(shown);
}

function shown(metrics: readonly UserMetric[]): ShownMetric {
  const { id, type } = metrics[0]!;
  switch (type) {
    case "counter":
      return { id, type, count: String(sumOf(ofType(metrics, type).map(({ count }) => count))) };
    case "gauge": {
      const values = ofType(metrics, type).map(({ value }) => Number(value));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const [min, max] = [Math.min(...values), Math.max(...values)];
      return { id, type, value: finite(mean), min: finite(min), max: finite(max) };
    }
    case "histogram":
      return { id, type, ...histogramStatistics(ofType(metrics, type)) };
  }
}

/** What JSON has no number for is null. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function ofType<T extends UserMetric["type"]>(
  metrics: readonly UserMetric[],
  type: T,
): Extract<UserMetric, { type: T }>[] {
  return metrics.filter(
    (metric): metric is Extract<UserMetric, { type: T }> => metric.type === type,
  );
}

const sumOf = (values: readonly string[]): bigint =>
  values.reduce((sum, value) => sum + BigInt(value), 0n);

/** Statistics of all values of several histograms; a quantile is the smallest value of its bucket. */
export function histogramStatistics(parts: readonly HistogramCounts[]): HistogramStatistics {
  const known = parts.filter(({ count }) => BigInt(count) > 0n);
  const count = sumOf(known.map((part) => part.count));
  const total = Number(count);
  const add = (values: readonly string[]): number =>
    values.reduce((sum, value) => sum + Number(value), 0);
  const mean = total === 0 ? 0 : add(known.map(({ sum }) => sum)) / total;
  const squares = total === 0 ? 0 : add(known.map((part) => part.squares)) / total;
  const extreme = (values: readonly string[], sign: 1n | -1n): bigint =>
    values.map(BigInt).reduce((a, b) => ((a - b) * sign <= 0n ? a : b), BigInt(values[0] ?? 0));
  const min = extreme(
    known.map((part) => part.min),
    1n,
  );
  const max = extreme(
    known.map((part) => part.max),
    -1n,
  );
  const buckets = mergedBuckets(known);
  const quantile = (q: number): number => {
    let left = Math.max(1, Math.ceil(q * total));
    for (const [first, size] of buckets) {
      left -= size;
      // The first bucket may begin below the smallest value.
      if (left <= 0) return Math.max(Number(first), Number(min));
    }
    return Number(max);
  };
  return {
    count: String(count),
    min: String(min),
    max: String(max),
    mean,
    stddev: Math.sqrt(Math.max(0, squares - mean * mean)),
    p50: quantile(0.5),
    p75: quantile(0.75),
    p95: quantile(0.95),
    p98: quantile(0.98),
    p99: quantile(0.99),
    p999: quantile(0.999),
  };
}

function mergedBuckets(parts: readonly HistogramCounts[]): [bigint, number][] {
  const counts = new Map<bigint, number>();
  for (const { buckets } of parts) {
    for (const [first, size] of buckets) {
      const key = BigInt(first);
      counts.set(key, (counts.get(key) ?? 0) + size);
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
