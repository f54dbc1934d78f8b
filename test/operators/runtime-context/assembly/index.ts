/** A function that measures itself. */
import {
  Counter,
  Gauge,
  Histogram,
  Logger,
  MapFunction,
  MetricGroup,
  RuntimeContext,
} from "millrace/sdk";

@row
export class Number {
  n: i64;
}

/** Shows the square of what was set. */
class Square extends Gauge {
  getValue(): f64 {
    const value = super.getValue();
    if (value == 131313) throw new Error("unlucky");
    return value * value;
  }
}

@operator
export class Measured extends MapFunction<Number, Number> {
  @parameter factor: i64 = 1;
  private seen!: Counter;
  private last!: Gauge;
  private square: Square = new Square();
  private spread!: Histogram;
  private logger!: Logger;

  open(context: RuntimeContext): void {
    const metrics: MetricGroup = context.getMetricGroup();
    this.seen = metrics.counter('se"en');
    assert(metrics.counter('se"en') == this.seen);
    this.last = metrics.gauge("last");
    metrics.gauge("square", this.square);
    this.spread = metrics.histogram("spread");
    this.logger = context.getLogger();
    this.logger.info("subtask " + context.subtask.toString() + " of " + context.parallelism.toString());
  }

  map(value: Number, out: Number): void {
    this.seen.inc(2);
    this.seen.dec();
    this.last.setValue(<f64>value.n / 2);
    this.square.setValue(<f64>value.n);
    this.spread.update(value.n);
    if (value.n < 0) this.logger.warn("below 0: " + value.n.toString());
    assert(value.n != 5005);
    out.n = value.n * this.factor;
  }
}
