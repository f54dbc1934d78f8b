/** Operators of the word count: lines in, words out. */
import { Collector, FlatMapFunction, Text } from "millrace/sdk";

/** A line of text, as the source `text_lines` gives it. */
@row
export class Line {
  line!: Text;
}

/** One occurrence of a word. */
@row
export class Word {
  word!: Text;
}

/** Splits a line into its words: maximal runs of A-Z and a-z, in lower case. */
@operator
export class SplitWords extends FlatMapFunction<Line, Word> {
  flatMap(line: Line, out: Collector<Word>): void {
    const words = line.line.toLowerAscii().words();
    while (words.next()) {
      out.row().word = words.value;
      out.collect();
    }
  }
}
