/** A ReduceFunction in windows (Flink: WindowedStream.reduce): an aggregate whose first row is taken as it is. */
import { JsonValue } from "../config-json";
import { RuntimeContext } from "../functions";
import { ReduceFunction } from "../reduce-function";
import { RowView } from "../row";
import { AggregateFunction, AggregateOperator } from "./aggregate-function";
import { WindowAssigner } from "./assigner";
import { WindowEvictor } from "./evictor";
import { WindowTrigger } from "./trigger";

/** Behind the accumulator: u64, whether its first row has been taken. */
const BEGUN_BYTES: i32 = 8;

// @ts-ignore: decorator
@inline
function begunAt<Acc>(accumulator: Acc): usize {
  return changetype<usize>(accumulator) + ((offsetof<Acc>() + 7) & ~7);
}

class ReduceAggregate<
  F extends ReduceFunction<In, Acc, Out>,
  In extends RowView,
  Acc,
  Out extends RowView,
> extends AggregateFunction<In, Acc, Out> {
  private fn: F = instantiate<F>();

  __configure(parameters: JsonValue): void {
    this.fn.__configure(parameters);
  }

  open(context: RuntimeContext): void {
    this.fn.__context = context;
    this.fn.open(context);
    this.__failure = this.fn.__failure;
  }

  assigner(): WindowAssigner | null {
    return this.fn.assigner();
  }

  trigger(): WindowTrigger | null {
    return this.fn.trigger();
  }

  evictor(): WindowEvictor | null {
    return this.fn.evictor();
  }

  add(value: In, accumulator: Acc): void {
    const begun = begunAt<Acc>(accumulator);
    if (load<u64>(begun) != 0) this.fn.reduce(accumulator, value);
    else this.fn.first(value, accumulator);
    const failure = this.fn.__failure;
    if (changetype<usize>(failure) != 0) {
      this.__failure = failure;
      this.fn.__failure = null;
    } else store<u64>(begun, 1);
  }

  merge(accumulator: Acc, other: Acc): void {
    const begun = begunAt<Acc>(accumulator);
    const otherBegun = load<u64>(begunAt<Acc>(other)) != 0;
    if (load<u64>(begun) != 0) {
      if (otherBegun) this.fn.merge(accumulator, other);
    } else if (otherBegun) {
      memory.copy(changetype<usize>(accumulator), changetype<usize>(other), offsetof<Acc>());
      store<u64>(begun, 1);
    } else {
      // Two empty ones: the operator asks whether the author has a merge().
      this.fn.merge(accumulator, other);
      this.__unmerged = this.fn.__unmerged;
    }
  }

  getResult(accumulator: Acc, out: Out): void {
    this.fn.getResult(accumulator, out);
    this.__failure = this.fn.__failure;
  }

  close(): void {
    this.fn.close();
  }
}

/** Runs a ReduceFunction in windows. */
export class WindowReduceOperator<
  F extends ReduceFunction<In, Acc, Out>,
  In extends RowView,
  Acc,
  Out extends RowView,
> extends AggregateOperator<ReduceAggregate<F, In, Acc, Out>, In, Acc, Out> {
  accumulatorBytes(): i32 {
    return super.accumulatorBytes() + BEGUN_BYTES;
  }
}
