/** A custom partitioner (Flink: Partitioner): the author's class chooses each row's channel. */
import { BatchReader } from "./batch-reader";
import { ExchangeOperator } from "./exchange";
import { RichFunction, RuntimeContext } from "./functions";
import { Status } from "./layout";
import { RowView } from "./row";
import { resetTextScratch } from "./text";

/**
 * Chooses the subtask that a row goes to (Flink: Partitioner): `orders.partitionCustom(ops.byRegion)`. The
 * function sees the row, where Flink's sees a key that a KeySelector makes.
 *
 *     @operator
 *     class ByRegion extends PartitionFunction<Order> {
 *       partition(value: Order, channels: i32): i32 {
 *         return value.region % channels;
 *       }
 *     }
 *
 * @throws OPERATOR_FAILED for a number outside of 0 to channels - 1, and for a failRow()
 */
export abstract class PartitionFunction<In extends RowView> extends RichFunction {
  /** A number from 0 to channels - 1: the subtask behind it. Another number ends the task. */
  abstract partition(value: In, channels: i32): i32;
}

/** An exchange whose channels a PartitionFunction gives. */
export class PartitionOperator<
  F extends PartitionFunction<In>,
  In extends RowView,
> extends ExchangeOperator {
  private fn: F = instantiate<F>();
  private input: In = instantiate<In>();

  open(): i32 {
    const status = super.open();
    if (status != Status.DONE) return status;
    this.input.__bindInput(this.config.inputs[0]);
    const context = new RuntimeContext(this.config);
    this.fn.__context = context;
    this.fn.__configure(this.config.parameters);
    this.fn.open(context);
    const failure = this.fn.__failure;
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  /** The parameters are the author's own: none of them names a rule. */
  protected ruleName(): string {
    return "custom";
  }

  attach(reader: BatchReader): void {
    super.attach(reader);
    this.input.__attach(reader);
  }

  selectChannels(reader: BatchReader, from: i32, to: i32): void {
    for (let i = from; i < to; i++) {
      resetTextScratch();
      const row = reader.physical(i);
      this.input.__index = row;
      this.input.kind = reader.rowKind(row);
      const channel = this.fn.partition(this.input, this.channels);
      if (changetype<usize>(this.fn.__failure) != 0) {
        throw new Error("no row can be refused in partition: " + this.fn.__failure!);
      }
      assert(
        channel >= 0 && channel < this.channels,
        "partition() answered a channel that is not there: " + channel.toString(),
      );
      store<i32>(this.targets + ((<usize>i) << 2), channel);
    }
  }
}
