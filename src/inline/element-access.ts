/** a[i], s[i], o["name"]: reading past an end gives undefined. */
import { arithmeticCode, opaqueType, orPassedOn, partOf } from "./conversion.ts";
import { lowerExpression, narrowed, onPresent } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { integerCode } from "./loop-counter.ts";
import { refuse } from "./refusal.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { orUndefined, STRING, type ValueType } from "./value-type.ts";

export function lowerElement(frame: Frame, node: ts.ElementAccessExpression): Value {
  return onPresent(frame, node, node.expression, (object) => elementOf(frame, object, node));
}

function elementOf(frame: Frame, object: Value, node: ts.ElementAccessExpression): Value {
  const { type } = object;
  if (type.kind === "object") {
    if (!api.isStringLiteralLike(node.argumentExpression)) {
      return refuse(
        node,
        "a field by a computed name",
        "Fields are fixed: write r.name. A table is an array of { key, value }, read by find().",
      );
    }
    return narrowed(frame, partOf(frame, object, node.argumentExpression.text));
  }
  if (type.kind === "never") return { code: "0", type, stable: true };
  if (type.kind !== "array" && type.kind !== "string") {
    const wayOut = orPassedOn(type, "Arrays and strings have elements.");
    return refuse(node, `an element of ${opaqueType(type) ?? type.kind}`, wayOut);
  }
  const before = frame.mutations;
  const { lines, result } = frame.captured(() => lowerExpression(frame, node.argumentExpression));
  const target = frame.mutations > before ? frame.held(object) : object;
  frame.emitAll(lines);
  const integer = integerCode(result);
  const index = integer ?? arithmeticCode(frame, result, node.argumentExpression);
  const check = integer === undefined ? "place" : "within";
  if (type.kind === "string") {
    frame.program.noteLinear(node);
    return unitOrUndefined(frame, target, (length) => frame.call(check, length, index));
  }
  return elementOrUndefined(frame, target, (length) => frame.call(check, length, index));
}

/** A string's unit at a place, undefined where the place is -1. */
export function unitOrUndefined(
  frame: Frame,
  text: Value,
  placeOf: (length: string) => string,
): Value {
  const held = frame.held(text);
  const place = frame.program.fresh("at");
  frame.emit(`const ${place}: i32 = ${placeOf(frame.call("unitsOf", held.code))};`);
  const native = frame.program.native(STRING);
  const absent = `changetype<${native}>(${frame.program.use("UNDEFINED_AT")})`;
  const unit = frame.call("unitSlice", held.code, place, `${place} + 1`);
  const code = `(${place} < 0 ? ${absent} : ${unit})`;
  return { code, type: orUndefined(STRING), stable: false };
}

/** An array's element at a place, undefined where the place is -1. */
export function elementOrUndefined(
  frame: Frame,
  array: Value,
  placeOf: (length: string) => string,
): Value {
  const held = frame.held(array);
  const { cell } = held.type as Extract<ValueType, { kind: "array" }>;
  const element = cell.type;
  const place = placeOf(`${held.code}.length`);
  const type = orUndefined(element);
  const of = element.kind === "optional" ? element.of.kind : element.kind;
  if (of === "never" || of === "undefined" || of === "null") {
    return {
      code: "0",
      type: { kind: element.kind === "null" ? "null" : "undefined" },
      stable: true,
    };
  }
  if (of === "number") {
    return { code: frame.call("elementNumber", held.code, place), type, stable: false };
  }
  if (of === "boolean") {
    const native = frame.program.native(element);
    const code = `${frame.program.use("elementFlag")}<${native}>(${held.code}, ${place})`;
    return { code, type, stable: false };
  }
  if (of === "bigint" && element.kind === "bigint") {
    return { code: frame.call("elementBig", held.code, place), type, stable: false };
  }
  const native = frame.program.native(element);
  const code = `${frame.program.use("elementReference")}<${native}>(${held.code}, ${place})`;
  return { code, type, stable: false };
}

/** The element at an index that lies within. */
export function elementAt(array: Value, index: string): Value {
  const { cell } = array.type as Extract<ValueType, { kind: "array" }>;
  return { code: `${array.code}.at(${index})`, type: cell.type, stable: false };
}
