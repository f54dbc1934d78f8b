/**
 * An operator with timers, on the SDK's Operator: each row {n BIGINT} sets a processing-time timer n ms
 * ahead and, where it has a timestamp, an event-time timer n ms behind it. A timer that fires emits {at BIGINT,
 * clock BIGINT}: its time and the clock.
 */
import { BatchReader } from "../../../../operators/sdk/assembly/batch-reader";
import { ExchangeOperator } from "../../../../operators/sdk/assembly/exchange";
import { Status } from "../../../../operators/sdk/assembly/layout";
import { Operator, RecordOperator } from "../../../../operators/sdk/assembly/operator";
import { processingTime } from "../../../../operators/sdk/assembly/processing-time";
import { registerOperator } from "../../../../operators/sdk/assembly/registry";

export * from "../../../../operators/sdk/assembly/abi";

class TimerOperator extends RecordOperator {
  private event: i64[] = [];
  private clock: i64[] = [];

  attach(reader: BatchReader): void {}

  rows(from: i32, to: i32): i32 {
    for (let i = from; i < to; i++) {
      const row = this.reader.physical(i);
      const n = load<i64>(this.reader.data(0) + (<usize>row << 3));
      this.clock.push(processingTime() + n);
      if (this.reader.hasTimestamp(row)) this.event.push(this.reader.timestamp(row) + n);
    }
    this.clock.sort((a, b) => <i32>(a - b));
    this.event.sort((a, b) => <i32>(a - b));
    return to;
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    const status = this.fire(this.event, timestamp);
    return status == Status.DONE ? super.onWatermark(timestamp, budget) : status;
  }

  nextTimer(domain: i32): i64 {
    const timers = domain == 0 ? this.event : this.clock;
    return timers.length == 0 ? i64.MAX_VALUE : timers[0];
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    return this.fire(domain == 0 ? this.event : this.clock, now);
  }

  private fire(timers: i64[], now: i64): i32 {
    const writer = this.writers[0];
    while (timers.length > 0 && timers[0] <= now) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      store<i64>(writer.columns[0].data + (<usize>writer.rows << 3), timers.shift());
      store<i64>(writer.columns[1].data + (<usize>writer.rows << 3), processingTime());
      writer.endRow();
    }
    return Status.DONE;
  }
}

registerOperator((): Operator => new TimerOperator());
registerOperator((): Operator => new ExchangeOperator());
