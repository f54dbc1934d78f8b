/** What functions.ts says, written by hand as an operator author would. */
import {
  AggregateFunction,
  Collector,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  Text,
} from "millrace/sdk";
import { printFloat64 } from "millrace/sdk/float-printer";
import { scratchBytes, textAt } from "millrace/sdk/text";

@row
class Projected {
  id: i64;
  f: f64;
  s!: Text;
}

@row
class ProjectionRow {
  id: i64;
  x: f64;
  s!: Text;
}

@operator("projection")
class Projection extends MapFunction<ProjectionRow, Projected> {
  map(r: ProjectionRow, out: Projected): void {
    out.id = r.id;
    out.f = r.x * 1.8 + 32;
    out.s = r.s;
  }
}

@row
class Numbers {
  x: f64;
}

@operator("filterNumber")
class FilterNumber extends FilterFunction<Numbers> {
  filter(r: Numbers): bool {
    return r.x > 50;
  }
}

@row
class Line {
  s!: Text;
}

@operator("filterIncludes")
class FilterIncludes extends FilterFunction<Line> {
  private error: Text = Text.of("error");

  filter(r: Line): bool {
    return r.s.contains(this.error);
  }
}

@row
class Word {
  word!: Text;
}

@operator("lowerAndSplit")
class LowerAndSplit extends FlatMapFunction<Line, Word> {
  flatMap(r: Line, out: Collector<Word>): void {
    const parts = r.s.toLowerAscii().split(0x20);
    while (parts.next()) {
      out.row().word = parts.value;
      out.collect();
    }
  }
}

@row
class Slice {
  a!: Text;
  first: f64;
}

@operator("sliceByIndex")
class SliceByIndex extends MapFunction<Line, Slice> {
  map(r: Line, out: Slice): void {
    const s = r.s;
    out.a = s.slice(4, 12);
    out.first = s.length > 0 ? <f64>s.byteAt(0) : NaN;
  }
}

@row
class LineAndNumber {
  s!: Text;
  x: f64;
}

@row
class Line2 {
  text!: Text;
}

@operator("template")
class Template extends MapFunction<LineAndNumber, Line2> {
  map(r: LineAndNumber, out: Line2): void {
    const s = r.s;
    const at = scratchBytes(<usize>s.length + 40);
    memory.copy(at, s.start, s.length);
    store<u16>(at + <usize>s.length, 0x203a);
    const digits = printFloat64(at + <usize>s.length + 2, r.x);
    out.text = textAt(at, s.length + 2 + digits);
  }
}

@row
class Digits {
  num!: Text;
}

@row
class Parsed {
  v: f64;
}

@operator("parseNumber")
class ParseNumber extends MapFunction<Digits, Parsed> {
  map(r: Digits, out: Parsed): void {
    out.v = r.num.trim().parseFloat();
  }
}

@row
class Total {
  total: f64;
}

@operator("arrayReduce")
class ArrayReduce extends MapFunction<Line, Total> {
  map(r: Line, out: Total): void {
    let total = 0;
    const parts = r.s.split(0x20);
    while (parts.next()) total += parts.value.length;
    out.total = <f64>total;
  }
}

@row
class Pair {
  x: f64;
  y: f64;
}

@accumulator
class Reduced {
  x: f64;
  y: f64;
  started: bool;
}

@operator("keyedReduce")
class KeyedReduce extends AggregateFunction<Pair, Reduced, Pair> {
  add(r: Pair, acc: Reduced): void {
    if (!acc.started) {
      acc.started = true;
      acc.x = r.x;
      acc.y = r.y;
      return;
    }
    acc.x += r.x;
    acc.y = max(acc.y, r.y);
  }

  getResult(acc: Reduced, out: Pair): void {
    out.x = acc.x;
    out.y = acc.y;
  }
}

@accumulator
class Sum {
  total: f64;
  count: f64;
}

@row
class Mean {
  mean: f64;
}

@operator("aggregate")
class Average extends AggregateFunction<Numbers, Sum, Mean> {
  add(r: Numbers, acc: Sum): void {
    acc.total += r.x;
    acc.count++;
  }

  getResult(acc: Sum, out: Mean): void {
    out.mean = acc.total / acc.count;
  }
}
