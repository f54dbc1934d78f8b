/** One operator for each function of the SDK. The order is that of functions.test.ts. */
import {
  AggregateFunction,
  Collector,
  FilterFunction,
  FlatMapFunction,
  JsonValue,
  KeySelector,
  MapFunction,
  PartitionFunction,
  ProcessWindowFunction,
  ProcessContext,
  ProcessFunction,
  RecordWriter,
  ReduceFunction,
  RuntimeContext,
  SinkFunction,
  SourceFunction,
  Text,
  TimestampAssigner,
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategy,
  WindowContext,
  WindowElements,
} from "millrace/sdk";

@row
export class Line {
  text!: Text;
  n: i64;
}

@row
export class Word {
  word!: Text;
  at: i32;
}

@row
export class Parity {
  odd: bool;
}

@row
export class Number {
  n: i64;
}

@row
export class Average {
  average: f64;
}

@accumulator
export class Sum {
  sum: i64;
  count: i64;
}

@operator
export class DoubleIt extends MapFunction<Line, Line> {
  map(value: Line, out: Line): void {
    if (value.n == 13) {
      this.failRow("n: 13 is unlucky");
      return;
    }
    out.text = value.text;
    out.n = value.n * 2;
  }
}

@operator
export class EvenOnly extends FilterFunction<Line> {
  filter(value: Line): bool {
    return (value.n & 1) == 0;
  }
}

@operator
export class SplitWords extends FlatMapFunction<Line, Word> {
  flatMap(value: Line, out: Collector<Word>): void {
    const words = value.text.words();
    let at = 0;
    while (words.next()) {
      const row = out.row();
      row.word = words.value;
      row.at = at++;
      out.collect();
    }
  }
}

@operator
export class ByParity extends KeySelector<Line, Parity> {
  getKey(value: Line, key: Parity): void {
    key.odd = (value.n & 1) != 0;
  }
}

@operator
export class Describe extends ProcessFunction<Line, Line> {
  processElement(value: Line, context: ProcessContext, out: Collector<Line>): void {
    const row = out.row();
    row.text = value.text;
    row.n = context.hasTimestamp ? context.timestamp - context.currentWatermark() : -1;
    out.collect();
  }
}

@operator
export class CountOut extends SourceFunction<Number> {
  private next: i64 = 0;
  private end: i64 = 0;

  assignSplit(split: JsonValue): void {
    this.next = split.get("from").long(0);
    this.end = split.get("to").long(0);
  }

  poll(out: Collector<Number>): bool {
    if (this.end < 0) this.failRow("to: below zero");
    for (let i = 0; i < 3 && this.next < this.end; i++) {
      out.row().n = this.next++;
      out.collect();
    }
    return this.next < this.end;
  }
}

@operator
export class WriteLine extends SinkFunction<Line> {
  write(value: Line, record: RecordWriter): void {
    record.writeLong(value.n);
    record.writeByte(0x20);
    record.write(value.text);
    record.writeByte(0x0a);
  }
}

@operator
export class ByNumber extends PartitionFunction<Line> {
  partition(value: Line, channels: i32): i32 {
    if (value.n < 0) this.failRow("n: below zero");
    return <i32>(value.n % channels);
  }
}

@operator
export class AverageOf extends AggregateFunction<Line, Sum, Average> {
  add(value: Line, accumulator: Sum): void {
    if (value.n == 13) {
      this.failRow("n: 13 is unlucky");
      return;
    }
    accumulator.sum += value.n;
    accumulator.count++;
  }

  getResult(accumulator: Sum, out: Average): void {
    if (accumulator.sum < 0) this.failRow("sum: below zero");
    out.average = <f64>accumulator.sum / <f64>accumulator.count;
  }
}

/** Makes strings, which are garbage when the row is over. */
@operator
export class Stringify extends MapFunction<Line, Line> {
  map(value: Line, out: Line): void {
    const text = value.text.toString() + "#" + value.n.toString();
    out.text = Text.from(text);
    out.n = text.length;
  }
}

/** The average of a key's numbers so far, for each row. */
@operator
export class RunningAverage extends ReduceFunction<Line, Sum, Average> {
  first(value: Line, accumulator: Sum): void {
    accumulator.sum = value.n;
    accumulator.count = 1;
  }

  reduce(accumulator: Sum, value: Line): void {
    if (value.n == 13) {
      this.failRow("n: 13 is unlucky");
      return;
    }
    accumulator.sum += value.n;
    accumulator.count++;
  }

  getResult(accumulator: Sum, out: Average): void {
    out.average = <f64>accumulator.sum / <f64>accumulator.count;
  }
}

class LineTime extends TimestampAssigner<Line> {
  extractTimestamp(element: Line, recordTimestamp: i64): i64 {
    return recordTimestamp == i64.MIN_VALUE ? element.n : recordTimestamp;
  }
}

/** A watermark behind each seventh row, also where it goes backwards; idle behind each hundredth. */
class Sevenths extends WatermarkGenerator<Line> {
  onEvent(event: Line, eventTimestamp: i64, output: WatermarkOutput): void {
    if (event.n % 7 == 0) output.emitWatermark(eventTimestamp);
    if (event.n % 100 == 0) output.markIdle();
  }

  onPeriodicEmit(output: WatermarkOutput): void {}
}

@operator
export class BySevenths extends WatermarkStrategy<Line> {
  createTimestampAssigner(context: RuntimeContext): TimestampAssigner<Line> {
    return new LineTime();
  }

  createWatermarkGenerator(context: RuntimeContext): WatermarkGenerator<Line> {
    return new Sevenths();
  }
}

/** The longest text of a window. */
@operator
export class LongestOf extends ProcessWindowFunction<Line, Line> {
  process(context: WindowContext, elements: WindowElements<Line>, out: Collector<Line>): void {
    let longest = 0;
    for (let i = 1; i < elements.length; i++) {
      if (elements.at(i).text.length > elements.at(longest).text.length) longest = i;
    }
    const row = out.row();
    row.text = elements.at(longest).text;
    row.n = elements.length;
    out.collect();
  }
}
