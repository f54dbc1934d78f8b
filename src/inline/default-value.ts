/** A default in the place of undefined: parameters and destructuring. */
import { cannotMeet, nilTest } from "./conversion.ts";
import { branched, lowerExpression } from "./expression.ts";
import type { Frame } from "./frame.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { join, type ValueType } from "./value-type.ts";

export function branchedAssignment(
  frame: Frame,
  value: Value,
  initializer: ts.Expression,
  node: ts.Node,
): Value {
  const held = frame.held(value);
  const { lines, result } = frame.captured(() => lowerExpression(frame, initializer));
  const optional = held.type as Extract<ValueType, { kind: "optional" }>;
  const rest: ValueType = optional.null ? { ...optional, undefined: false } : optional.of;
  const type = join(rest, result.type);
  if (type === undefined) return cannotMeet(node, rest, result.type);
  const kept: Value = optional.null ? { ...held, type: rest } : withoutMark(held, optional);
  return branched(frame, node, type, nilTest(frame, held, "undefined"), [
    { lines, value: result },
    { lines: [], value: kept },
  ]);
}

function withoutMark(held: Value, type: Extract<ValueType, { kind: "optional" }>): Value {
  if (type.of.kind === "boolean") return { ...held, type: type.of, code: `(${held.code} == 1)` };
  if (type.of.kind === "bigint") return { ...held, type: type.of, code: `${held.code}.value` };
  return { ...held, type: type.of };
}
