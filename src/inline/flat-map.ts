/** Arrays that flatMap returns need not be made: their elements are written as they come about. */
import { lowerCallback } from "./callback.ts";
import { bare } from "./condition.ts";
import { lowerExpression, lowerOperands } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { walk, withArray } from "./iteration.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { NUMBER } from "./value-type.ts";

type Write = (element: Value, node: ts.Node) => void;

/** Writes `[a, b]` and `array.map(fn)` without the array, where nothing in it may fail the row. */
export function emitDirectly(frame: Frame, node: ts.Expression, write: Write): boolean {
  const inner = bare(node);
  const failed = frame.mayFail;
  frame.mayFail = false;
  const { lines, result: done } = frame.captured(() => {
    if (api.isArrayLiteralExpression(inner)) return emitLiteral(frame, inner, write);
    return api.isCallExpression(inner) && emitMapped(frame, inner, write);
  });
  const safe = done && !frame.mayFail;
  frame.mayFail ||= failed;
  if (!safe) return false;
  if (failed) frame.emit(`if (${frame.call("failed")}) return;`);
  frame.emitAll(lines);
  frame.emit("return;");
  return true;
}

function emitLiteral(frame: Frame, node: ts.ArrayLiteralExpression, write: Write): boolean {
  if (node.elements.length === 0) return true;
  if (node.elements.some((one) => api.isSpreadElement(one) || api.isOmittedExpression(one))) {
    return false;
  }
  const values = lowerOperands(frame, node.elements);
  if (values.some((value) => value.type.kind !== "object")) return false;
  values.forEach((value, index) => {
    write(value, node.elements[index]!);
  });
  return true;
}

function emitMapped(frame: Frame, node: ts.CallExpression, write: Write): boolean {
  const callee = node.expression;
  if (!api.isPropertyAccessExpression(callee) || callee.name.text !== "map") return false;
  if (callee.questionDotToken !== undefined || api.isOptionalChain(callee)) return false;
  const source = lowerExpression(frame, callee.expression);
  if (source.type.kind !== "array") return false;
  if (source.type.cell.type.kind === "never") return true;
  const callback = lowerCallback(frame, node, node.arguments[0], "map");
  const over = walk(frame, source, callback.takes > 2);
  const { element, index } = over.begin();
  const position: Value = { code: `<f64>${index}`, type: NUMBER, stable: false };
  const value = callback.call(withArray([element, position], over));
  if (value.type.kind !== "object") return false;
  write(value, node);
  frame.emit("}");
  return true;
}
