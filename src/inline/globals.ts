/** Functions of Math, Number and String. */
import { argumentsOf } from "./calls.ts";
import { arithmeticCode, literalValue } from "./conversion.ts";
import { lowerOperands } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { refuse } from "./refusal.ts";
import { MATH_FUNCTIONS } from "./runtime-library.ts";
import { concatenated } from "./text-operators.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { BOOLEAN, NUMBER, typeText } from "./value-type.ts";

const number = (code: string): Value => ({ code, type: NUMBER, stable: false });
const boolean = (code: string): Value => ({ code, type: BOOLEAN, stable: false });

/** Functions that are one instruction. */
const INSTRUCTIONS: ReadonlySet<string> = new Set(["abs", "ceil", "floor", "trunc", "sqrt"]);

export function lowerMath(frame: Frame, node: ts.CallExpression, name: string): Value {
  const values = lowerOperands(frame, argumentsOf(node));
  const codes = values.map((value, index) => arithmeticCode(frame, value, node.arguments[index]!));
  const [first = "NaN", second = "NaN"] = codes;
  if (INSTRUCTIONS.has(name)) return number(`${name}<f64>(${first})`);
  switch (name) {
    case "round":
      return number(frame.call("round", first));
    case "sign":
      return number(frame.call("signOf", first));
    case "fround":
      return number(`<f64>(<f32>(${first}))`);
    case "imul":
      return number(`<f64>(${frame.call("toInt32", first)} * ${frame.call("toInt32", second)})`);
    case "clz32":
      return number(`<f64>clz<i32>(${frame.call("toInt32", first)})`);
    case "min":
    case "max": {
      if (codes.length === 0) return literalValue(frame, name === "min" ? Infinity : -Infinity);
      return number(codes.reduce((whole, code) => `${name}<f64>(${whole}, ${code})`));
    }
    case "random":
      return refuse(node, "Math.random", "A function gives the same for the same row.");
    default:
      return refuse(
        node,
        `Math.${name}`,
        MATH_FUNCTIONS.has(name)
          ? `Its bits differ between engines: import { ${name} } from "millrace/math".`
          : "Write a helper function for it.",
      );
  }
}

/** A function of `millrace/math`: the same text in both worlds. */
export function callMath(frame: Frame, node: ts.CallExpression, name: string): Value {
  const values = lowerOperands(frame, argumentsOf(node));
  const wanted = MATH_FUNCTIONS.get(name);
  if (wanted !== values.length) {
    return refuse(node, `${name} with ${values.length} arguments`, `It takes ${wanted ?? "none"}.`);
  }
  const codes = values.map((value, index) => {
    if (value.type.kind === "number") return value.code;
    const what = `${name} of ${typeText(value.type)}`;
    return refuse(node.arguments[index]!, what, "It takes numbers; test for null first.");
  });
  return number(frame.call(name, ...codes));
}

const RADIXES: readonly number[] = [2, 4, 8, 10, 16, 32];

/** Number.isInteger and the like; also parseInt and parseFloat, which have their values. */
export function lowerNumberFunction(
  frame: Frame,
  node: ts.CallExpression,
  name: string,
  given?: readonly Value[],
): Value {
  const values = given ?? lowerOperands(frame, argumentsOf(node));
  const [value, second] = values;
  if (value === undefined) return refuse(node, `${name} of nothing`, "Give it a value.");
  const at = node.arguments[0]!;
  if (name === "parseFloat" || name === "parseInt") {
    if (value.type.kind !== "string") {
      return refuse(
        node,
        `${name} of ${typeText(value.type)}`,
        "Parse a string; test for null first.",
      );
    }
    if (name === "parseFloat") return number(frame.call("parseFloatPrefix", value.code));
    const radix = second === undefined ? 0 : second.literal;
    if (radix !== 0 && !RADIXES.includes(radix as number)) {
      return refuse(node, "this radix of parseInt", `Write one of ${RADIXES.join(", ")}.`);
    }
    return number(frame.call("parseIntPrefix", value.code, String(radix)));
  }
  if (value.type.kind !== "number") {
    return refuse(at, `a test of ${typeText(value.type)}`, "Test for null first.");
  }
  const { code } = value;
  switch (name) {
    case "isInteger":
      return boolean(frame.call("isInteger", code));
    case "isSafeInteger": {
      const held = frame.hold(code, NUMBER);
      return boolean(`(${frame.call("isInteger", held)} && abs(${held}) <= 9007199254740991.0)`);
    }
    case "isFinite":
      return boolean(`isFinite(${code})`);
    case "isNaN": {
      const held = frame.hold(code, NUMBER);
      return boolean(`(${held} != ${held})`);
    }
    default:
      return refuse(node, `Number.${name}`, "Write a helper function for it.");
  }
}

export function lowerStringFunction(frame: Frame, node: ts.CallExpression, name: string): Value {
  const values = lowerOperands(frame, argumentsOf(node));
  const codes = values.map((value, index) => arithmeticCode(frame, value, node.arguments[index]!));
  if (name === "fromCharCode") {
    return concatenated(
      frame,
      codes.map((code) => frame.call("unitText", frame.call("toInt32", code))),
    );
  }
  if (name === "fromCodePoint") {
    return concatenated(
      frame,
      codes.map((code) => frame.call("pointText", code)),
    );
  }
  return refuse(node, `String.${name}`, "Write a template string.");
}
