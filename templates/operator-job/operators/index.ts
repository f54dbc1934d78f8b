// Operators are AssemblyScript: TypeScript's syntax, compiled to WebAssembly by `millrace build`.
import { Collector, FlatMapFunction, Text } from "millrace/sdk";

@row
export class Line {
  line!: Text;
}

@row
export class Word {
  word!: Text;
}

/** Splits a line into its words, in lower case. */
@operator
export class SplitWords extends FlatMapFunction<Line, Word> {
  /** Shorter words are left out; the job sets it: `ops.splitWords({ minLength: 4 })`. */
  @parameter minLength: i32 = 1;

  flatMap(line: Line, out: Collector<Word>): void {
    const words = line.line.toLowerAscii().words();
    while (words.next()) {
      if (words.value.length < this.minLength) continue;
      out.row().word = words.value;
      out.collect();
    }
  }
}
