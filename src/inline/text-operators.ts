/** Concatenation and templates. */
import { literalValue, textCode } from "./conversion.ts";
import { lowerOperands } from "./expression.ts";
import type { Frame } from "./frame.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { STRING } from "./value-type.ts";

/** `...${x}...` */
export function lowerTemplate(frame: Frame, node: ts.TemplateExpression): Value {
  const spans = node.templateSpans;
  const values = lowerOperands(
    frame,
    spans.map((span) => span.expression),
  );
  const pieces: string[] = [];
  const add = (text: string) => {
    if (text !== "") pieces.push(frame.program.text(text));
  };
  add(node.head.text);
  values.forEach((value, index) => {
    const span = spans[index]!;
    pieces.push(textCode(frame, value, span.expression));
    add(span.literal.text);
  });
  return concatenated(frame, pieces);
}

/** Strings one behind the other, from the left: each grows where it lies. */
export function concatenated(frame: Frame, pieces: readonly string[]): Value {
  const [first, ...rest] = pieces;
  if (first === undefined) return literalValue(frame, "");
  const code = rest.reduce((whole, piece) => frame.call("concat", whole, piece), first);
  return { code, type: STRING, stable: false };
}
