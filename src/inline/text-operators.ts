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

/** Strings one behind the other, from the left: the string made last grows where it lies. */
export function concatenated(frame: Frame, pieces: readonly string[]): Value {
  const [first, ...rest] = pieces;
  if (first === undefined) return literalValue(frame, "");
  let code = first;
  for (let i = 0; i < rest.length; i += 2) {
    const two = rest.slice(i, i + 2);
    code = frame.call(two.length === 2 ? "concat3" : "concat", code, ...two);
  }
  return { code, type: STRING, stable: false };
}
