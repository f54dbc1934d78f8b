/** Watermarks of the conformance cases: a strategy set up by a case, and a multiplexer that rows drive. */
import {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  NoWatermarksGenerator,
  RecordTimestampAssigner,
  RuntimeContext,
  TimestampAssigner,
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkOutputMultiplexer,
  WatermarkStrategy,
} from "millrace/sdk";
import { BatchReader } from "../../../../operators/sdk/assembly/batch-reader";
import { FunctionOperator, RichFunction } from "../../../../operators/sdk/assembly/functions";
import { Operator } from "../../../../operators/sdk/assembly/operator";
import { MultiplexerStep, TimedEvent } from "./rows";

/** Emits the timestamp of each event whose value is a multiple of `every`. */
class PunctuatedWatermarks extends WatermarkGenerator<TimedEvent> {
  constructor(private every: i64) {
    super();
  }

  onEvent(event: TimedEvent, eventTimestamp: i64, output: WatermarkOutput): void {
    if (event.v % this.every == 0) output.emitWatermark(eventTimestamp);
  }

  onPeriodicEmit(output: WatermarkOutput): void {}
}

class FieldTime extends TimestampAssigner<TimedEvent> {
  extractTimestamp(element: TimedEvent, recordTimestamp: i64): i64 {
    return element.f;
  }
}

/** What the case's `spec` asks for. */
export class CaseStrategy extends WatermarkStrategy<TimedEvent> {
  createTimestampAssigner(context: RuntimeContext): TimestampAssigner<TimedEvent> {
    const timestamps = context.parameters.get("spec").get("timestamps").string("");
    if (timestamps == "field") return new FieldTime();
    return new RecordTimestampAssigner<TimedEvent>();
  }

  createWatermarkGenerator(context: RuntimeContext): WatermarkGenerator<TimedEvent> {
    const spec = context.parameters.get("spec");
    const generator = spec.get("generator").string("");
    if (generator == "bounded") {
      return new BoundedOutOfOrdernessWatermarks<TimedEvent>(spec.get("bound").long(0));
    }
    if (generator == "ascending") return new AscendingTimestampsWatermarks<TimedEvent>();
    if (generator == "punctuated") return new PunctuatedWatermarks(spec.get("every").long(1));
    assert(generator == "none", "unknown generator " + generator);
    return new NoWatermarksGenerator<TimedEvent>();
  }
}

/** Sends all that it is told, also what it was told before. */
class PlainOutput extends WatermarkOutput {
  constructor(private operator: Operator) {
    super();
  }

  emitWatermark(timestamp: i64): void {
    this.operator.forwardWatermark(timestamp);
  }

  markIdle(): void {
    this.operator.forwardStatus(true);
  }

  markActive(): void {
    this.operator.forwardStatus(false);
  }
}

class NoFunction extends RichFunction {}

/** Each row is a step of a case of the multiplexer. */
export class MultiplexerOperator extends FunctionOperator<NoFunction, MultiplexerStep> {
  private multiplexer!: WatermarkOutputMultiplexer;

  open(): i32 {
    this.multiplexer = new WatermarkOutputMultiplexer(new PlainOutput(this));
    return super.open();
  }

  attach(reader: BatchReader): void {
    super.attach(reader);
  }

  rows(from: i32, to: i32): i32 {
    for (let i = from; i < to; i++) {
      this.beginRow(i);
      const step = this.input;
      this.step(step.op.toString(), step.o.toString(), step.mode.toString(), step.t);
    }
    return to;
  }

  private step(op: string, id: string, mode: string, timestamp: i64): void {
    const multiplexer = this.multiplexer;
    if (op == "register") multiplexer.registerNewOutput(id);
    else if (op == "unregister") multiplexer.unregisterOutput(id);
    else if (op == "periodic") multiplexer.onPeriodicEmit();
    else {
      const output =
        mode == "immediate" ? multiplexer.getImmediateOutput(id) : multiplexer.getDeferredOutput(id);
      if (op == "w") output.emitWatermark(timestamp);
      else if (op == "idle") output.markIdle();
      else output.markActive();
    }
  }
}
