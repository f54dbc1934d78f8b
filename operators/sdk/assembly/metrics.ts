/**
 * What a function counts and measures (Flink: org.apache.flink.metrics). The numbers stay in the module; the host asks
 * for them once a second by mr_metrics, so a row pays for an addition and no more.
 */

/**
 * What has a name in a MetricGroup (Flink: Metric): a Counter, a Gauge or a Histogram. Nothing else extends it.
 *
 *     open(context: RuntimeContext): void {
 *       const metric: Metric = context.getMetricGroup().counter("opened");
 *     }
 */
export abstract class Metric {
  /** @internal Its part of what mr_metrics tells: members of a JSON object. */
  abstract __text(): string;
}

/**
 * Counts (Flink: Counter).
 *
 *     open(context: RuntimeContext): void {
 *       context.getMetricGroup().counter("opened").inc();
 *     }
 */
export class Counter extends Metric {
  private value: i64 = 0;

  /** Adds to the count. */
  // @ts-ignore: decorator
  @inline
  inc(by: i64 = 1): void {
    this.value += by;
  }

  /** Takes from the count. */
  // @ts-ignore: decorator
  @inline
  dec(by: i64 = 1): void {
    this.value -= by;
  }

  /** The count since the operator was opened. */
  getCount(): i64 {
    return this.value;
  }

  /** @internal */
  __text(): string {
    return '"counter":"' + this.value.toString() + '"';
  }
}

/**
 * A number as it is now (Flink: Gauge). Set it, or extend the class and override getValue(), which is called once a
 * second.
 *
 *     open(context: RuntimeContext): void {
 *       context.getMetricGroup().gauge("seed").setValue(this.seed);
 *     }
 */
export class Gauge extends Metric {
  private value: f64 = 0;

  /** What it shows. */
  getValue(): f64 {
    return this.value;
  }

  /** Makes it show another number. */
  setValue(value: f64): void {
    this.value = value;
  }

  /** @internal As a text: NaN is no JSON. */
  __text(): string {
    return '"gauge":"' + this.getValue().toString() + '"';
  }
}

/** Buckets for a power of two: a bucket is at most 1/16 wider than where it begins. */
const SUB_BITS: i32 = 4;
const SUB_BUCKETS: i32 = 1 << SUB_BITS;
/** Of values from 0 to the largest int64. */
const SIDE: i32 = (64 - SUB_BITS) * SUB_BUCKETS;

/**
 * How values are spread (Flink: Histogram): their number, smallest, largest, mean and quantiles since the operator was
 * opened. A quantile is exact to a 16th of its value.
 *
 *     open(context: RuntimeContext): void {
 *       const lengths = context.getMetricGroup().histogram("length"); // kept in a field
 *       lengths.update(12); // for each row
 *     }
 */
export class Histogram extends Metric {
  private count: i64 = 0;
  private smallest: i64 = i64.MAX_VALUE;
  private largest: i64 = i64.MIN_VALUE;
  private sum: f64 = 0;
  private squares: f64 = 0;
  /** Counts of values below 0, by their size, then of the others. */
  private buckets: StaticArray<i64> = new StaticArray<i64>(SIDE * 2);

  /** Takes a value. */
  update(value: i64): void {
    this.count++;
    this.smallest = min(this.smallest, value);
    this.largest = max(this.largest, value);
    const double = <f64>value;
    this.sum += double;
    this.squares += double * double;
    const bucket = value < 0 ? bucketOf(~value) : SIDE + bucketOf(value);
    unchecked((this.buckets[bucket] = this.buckets[bucket] + 1));
  }

  /** Number of values. */
  getCount(): i64 {
    return this.count;
  }

  /** @internal Buckets as pairs of their smallest value and a count, in order. */
  __text(): string {
    let buckets = "";
    for (let i = SIDE - 1; i >= 0; i--) buckets = append(buckets, ~lastOf(i), this.buckets[i]);
    for (let i = 0; i < SIDE; i++) buckets = append(buckets, firstOf(i), this.buckets[SIDE + i]);
    const smallest = this.count == 0 ? 0 : this.smallest;
    const largest = this.count == 0 ? 0 : this.largest;
    return (
      '"histogram":{"count":"' +
      this.count.toString() +
      '","min":"' +
      smallest.toString() +
      '","max":"' +
      largest.toString() +
      '","sum":"' +
      this.sum.toString() +
      '","squares":"' +
      this.squares.toString() +
      '","buckets":[' +
      buckets +
      "]}"
    );
  }
}

/** Number of the bucket of a value that is not negative. */
function bucketOf(value: i64): i32 {
  if (value < SUB_BUCKETS) return <i32>value;
  const power = 63 - <i32>clz<i64>(value);
  const shift = power - SUB_BITS;
  return (shift << SUB_BITS) + <i32>(value >> shift);
}

/** Smallest value of a bucket. */
function firstOf(bucket: i32): i64 {
  if (bucket < SUB_BUCKETS * 2) return bucket;
  const shift = (bucket >> SUB_BITS) - 1;
  return <i64>((bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS) << shift;
}

/** Largest value of a bucket. */
function lastOf(bucket: i32): i64 {
  if (bucket < SUB_BUCKETS * 2) return bucket;
  const shift = (bucket >> SUB_BITS) - 1;
  return firstOf(bucket) + ((<i64>1 << shift) - 1);
}

function append(list: string, first: i64, count: i64): string {
  if (count == 0) return list;
  const pair = '["' + first.toString() + '",' + count.toString() + "]";
  return list.length == 0 ? pair : list + "," + pair;
}

/** Most metrics of one operator: what is beyond it is measured and not told. */
const MAX_METRICS: i32 = 256;

/**
 * The metrics of an operator, by name (Flink: MetricGroup). Ask in open(); a name that is there already gives the same
 * metric.
 *
 *     open(context: RuntimeContext): void {
 *       const late = context.getMetricGroup().counter("late");
 *       late.inc();
 *     }
 */
export class MetricGroup {
  private names: string[] = [];
  private metrics: Metric[] = [];
  private text: ArrayBuffer | null = null;

  /** A counter of that name. */
  counter(name: string): Counter {
    const known = this.find(name);
    if (known !== null && known instanceof Counter) return known as Counter;
    const counter = new Counter();
    this.register(name, counter);
    return counter;
  }

  /** A gauge of that name: one to be set, or one of a class of your own. */
  gauge(name: string, gauge: Gauge = new Gauge()): Gauge {
    this.register(name, gauge);
    return gauge;
  }

  /** A histogram of that name. */
  histogram(name: string): Histogram {
    const known = this.find(name);
    if (known !== null && known instanceof Histogram) return known as Histogram;
    const histogram = new Histogram();
    this.register(name, histogram);
    return histogram;
  }

  private find(name: string): Metric | null {
    const at = this.names.indexOf(name);
    return at < 0 ? null : this.metrics[at];
  }

  private register(name: string, metric: Metric): void {
    const at = this.names.indexOf(name);
    if (at >= 0) this.metrics[at] = metric;
    else {
      this.names.push(name);
      this.metrics.push(metric);
    }
  }

  /** Address of {u32 length, UTF-8 JSON}, valid until the next call; 0: there are none. */
  __tell(): usize {
    const count = min(this.names.length, MAX_METRICS);
    if (count == 0) return 0;
    let text = "[";
    for (let i = 0; i < count; i++) {
      if (i > 0) text += ",";
      text += '{"name":' + quoted(this.names[i]) + "," + this.metrics[i].__text() + "}";
    }
    const bytes = String.UTF8.encode(text + "]");
    const told = new ArrayBuffer(bytes.byteLength + 4);
    const at = changetype<usize>(told);
    store<u32>(at, bytes.byteLength);
    memory.copy(at + 4, changetype<usize>(bytes), bytes.byteLength);
    this.text = told;
    return at;
  }
}

function quoted(text: string): string {
  let result = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x22 || unit == 0x5c) result += "\\" + String.fromCharCode(unit);
    else result += unit < 0x20 ? " " : String.fromCharCode(unit);
  }
  return result + '"';
}
