// Operators of the engine's benches: the bare loops' generator as a source, and a sink that adds up.
import { BatchReader } from "../../../operators/sdk/assembly/batch-reader";
import { ExchangeOperator } from "../../../operators/sdk/assembly/exchange";
import { Status } from "../../../operators/sdk/assembly/layout";
import { Operator, RecordOperator } from "../../../operators/sdk/assembly/operator";
import { registerOperator } from "../../../operators/sdk/assembly/registry";

export * from "../../../operators/sdk/assembly/abi";

const TS_SHIFT: i32 = 10; // 1,024 rows of the whole job share one millisecond
const KEYS: u32 = 10_000;

// V8 builds a v128 constant from two registers on every use; a broadcast load is one instruction.
const CONSTANTS: usize = memory.data<u32>([0x9e3779b1, 0x85ebca77, KEYS]);

// @ts-ignore decorator
@inline
function constant(index: usize): v128 {
  return v128.load32_splat(CONSTANTS + (index << 2));
}

// @ts-ignore decorator
@inline
function mix(v: v128): v128 {
  let r = i32x4.mul(v, constant(0));
  r = v128.xor(r, i32x4.shr_u(r, 15));
  r = i32x4.mul(r, constant(1));
  return v128.xor(r, i32x4.shr_u(r, 13));
}

/** Rows {key, value}, event time in its lane: fillColumns of ../../kernels/exchange.ts. */
class Generate extends Operator {
  private left: i64 = 0;
  private next: i64 = 0;
  private stride: i64 = 1;
  private watermarkRows: i32 = 0;
  private sinceWatermark: i32 = 0;

  open(): i32 {
    const p = this.config.parameters;
    const all = p.get("rows").long(0);
    this.stride = this.config.parallelism;
    this.next = this.config.subtask;
    this.left = all / this.stride;
    this.watermarkRows = p.get("watermarkRows").int(0);
    return Status.DONE;
  }

  sourceAssign(start: usize, length: i32): i32 {
    return Status.DONE;
  }

  sourcePoll(budget: i32): i32 {
    const writer = this.writers[0];
    let left = max(budget, 1);
    while (this.left > 0) {
      if (writer.full) return Status.OUTPUT_FULL;
      if (left <= 0) return Status.SLICE_OVER;
      const room = writer.roomRows - writer.rows;
      const count = <i32>min(<i64>min(room, (left + 3) & ~3), this.left);
      this.fill(count);
      left -= count;
      this.left -= count;
      this.sinceWatermark += count;
      const watermark = this.sinceWatermark >= this.watermarkRows;
      if (watermark) {
        this.sinceWatermark = 0;
        writer.addWatermark(((this.next - this.stride) >> TS_SHIFT) - 1);
      }
      memory.fill(writer.changeLane + <usize>writer.rows, 0, count);
      writer.endRows(count);
    }
    return writer.full ? Status.OUTPUT_FULL : Status.FINISHED;
  }

  /** `count` may be any number: the last group of four writes up to three rows ahead, inside the block. */
  private fill(count: i32): void {
    const writer = this.writers[0];
    const at = <usize>writer.rows << 3;
    const groups = count >> 2;
    let keyAt = writer.columns[0].data + at;
    let valueAt = writer.columns[1].data + at;
    let timeAt = writer.timestamps + at;
    let a = i64x2.add(i64x2.splat(this.next), i64x2.mul(i64x2.splat(this.stride), i64x2(0, 1)));
    const two = i64x2.splat(this.stride * 2);
    const keys = constant(2);
    for (let g = 0; g < groups; g++) {
      const b = i64x2.add(a, two);
      const r = mix(v128.shuffle<i32>(a, b, 0, 2, 4, 6));
      v128.store(keyAt, i64x2.shr_u(i64x2.extmul_low_i32x4_u(r, keys), 32));
      v128.store(keyAt, i64x2.shr_u(i64x2.extmul_high_i32x4_u(r, keys), 32), 16);
      v128.store(valueAt, a);
      v128.store(valueAt, b, 16);
      v128.store(timeAt, i64x2.shr_u(a, TS_SHIFT));
      v128.store(timeAt, i64x2.shr_u(b, TS_SHIFT), 16);
      keyAt += 32;
      valueAt += 32;
      timeAt += 32;
      a = i64x2.add(b, two);
    }
    this.next += this.stride * (<i64>groups << 2);
    for (let i = groups << 2; i < count; i++) {
      let h = <u32>this.next * 0x9e3779b1;
      h ^= h >> 15;
      h *= 0x85ebca77;
      h ^= h >> 13;
      store<u64>(keyAt, (<u64>h * KEYS) >> 32);
      store<i64>(valueAt, this.next);
      store<i64>(timeAt, this.next >> TS_SHIFT);
      keyAt += 8;
      valueAt += 8;
      timeAt += 8;
      this.next += this.stride;
    }
  }
}

/** Adds up the columns `count` and (where there is one) `sum` and says so at the end, as a JSON line. */
class Totals extends RecordOperator {
  private countNode: i32 = 0;
  private sumNode: i32 = 0;
  private rowTotal: i64 = 0;
  private countTotal: i64 = 0;
  private sumTotal: i64 = 0;

  open(): i32 {
    this.countNode = this.config.inputs[0].indexOf("count");
    this.sumNode = this.config.inputs[0].indexOf("sum_value");
    return Status.DONE;
  }

  attach(reader: BatchReader): void {}

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const counts = reader.data(this.countNode);
    let count: i64 = 0;
    let sum: i64 = 0;
    for (let i = from; i < to; i++) {
      count += load<i64>(counts + ((<usize>reader.physical(i)) << 3));
    }
    if (this.sumNode >= 0) {
      const sums = reader.data(this.sumNode);
      for (let i = from; i < to; i++) {
        sum += load<i64>(sums + ((<usize>reader.physical(i)) << 3));
      }
    }
    this.rowTotal += to - from;
    this.countTotal += count;
    this.sumTotal += sum;
    return to;
  }

  endInput(input: i32, budget: i32): i32 {
    const writer = this.writers[0];
    const line = String.UTF8.encode(
      `{"rows":"${this.rowTotal}","count":"${this.countTotal}","sum":"${this.sumTotal}"}\n`,
    );
    writer.writeText(writer.columns[0], changetype<usize>(line), line.byteLength);
    writer.endRow();
    return Status.DONE;
  }
}

registerOperator(() => new Generate());
registerOperator(() => new Totals());
registerOperator(() => new ExchangeOperator());
