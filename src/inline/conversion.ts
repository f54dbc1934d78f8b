/** Between types: what a value becomes where another type, a text, a number or a boolean is wanted. */
import type { Frame } from "./frame.ts";
import { fieldName } from "./program.ts";
import { refuse } from "./refusal.ts";
import { readColumn } from "./row-input.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import {
  NUMBER,
  type PresentType,
  present,
  STRING,
  sameType,
  typeText,
  UNDEFINED,
  type ValueType,
} from "./value-type.ts";

/** A number of the generated language. */
export function numberCode(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Infinity" : "Infinity";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? `<f64>${text}` : `<f64>${text}.0`;
}

/** A value that is known now. */
export function literalValue(frame: Frame, value: string | number | boolean | bigint): Value {
  const { program } = frame;
  switch (typeof value) {
    case "number":
      return { code: numberCode(value), type: NUMBER, stable: true, literal: value };
    case "string":
      return { code: program.text(value), type: STRING, stable: true, literal: value };
    case "boolean":
      return { code: String(value), type: { kind: "boolean" }, stable: true, literal: value };
    default: {
      const code = value === -(2n ** 63n) ? "i64.MIN_VALUE" : `<i64>${value}`;
      return { code: `(${code})`, type: { kind: "bigint" }, stable: true, literal: value };
    }
  }
}

/** The code that stands for null or undefined where `of` may be absent. */
export function absentCode(frame: Frame, of: PresentType, what: "null" | "undefined"): string {
  switch (of.kind) {
    case "number":
      return frame.call(what === "null" ? "nullNumber" : "undefinedNumber");
    case "boolean":
      return frame.program.use(what === "null" ? "NULL_FLAG" : "UNDEFINED_FLAG");
    default: {
      const native = frame.program.native({ kind: "optional", of, null: true, undefined: true });
      return `changetype<${native}>(${frame.program.use(what === "null" ? "NULL_AT" : "UNDEFINED_AT")})`;
    }
  }
}

/** A boolean expression: whether a value is null (or undefined). */
export function nilTest(frame: Frame, value: Value, which: "null" | "undefined" | "both"): string {
  const { type } = value;
  if (type.kind === "null") return which === "undefined" ? "false" : "true";
  if (type.kind === "undefined") return which === "null" ? "false" : "true";
  if (type.kind !== "optional") return "false";
  if (which !== "both" && !type[which]) return "false";
  if (value.rawIsNull !== undefined) return which === "undefined" ? "false" : value.rawIsNull;
  const { code } = value;
  if (type.of.kind === "number") {
    const test = which === "both" ? "isNilNumber" : which === "null" ? "isNull" : "isUndefined";
    return frame.call(test, code);
  }
  if (type.of.kind === "boolean") {
    const { program } = frame;
    if (which === "both") return `(${code} > 1)`;
    return `(${code} == ${program.use(which === "null" ? "NULL_FLAG" : "UNDEFINED_FLAG")})`;
  }
  if (which === "both") return frame.call("isNil", code);
  const mark = frame.program.use(which === "null" ? "NULL_AT" : "UNDEFINED_AT");
  return `(changetype<usize>(${code}) == ${mark})`;
}

/** The value of an optional that has been found to be there. */
export function unwrapped(value: Value): Value {
  const { type, stable } = value;
  if (type.kind !== "optional") return value;
  if (value.there !== undefined) return { ...value, type: type.of, code: value.there };
  const { code } = value;
  const keep = {
    type: type.of,
    stable,
    ...(value.raw === undefined ? {} : { raw: value.raw }),
    ...(value.rawSql === undefined ? {} : { rawSql: value.rawSql }),
    ...(value.path === undefined ? {} : { path: value.path }),
  };
  if (type.of.kind === "boolean") return { ...keep, code: `(${code} == 1)` };
  if (type.of.kind === "bigint") return { ...keep, code: `${code}.value` };
  return { ...keep, code };
}

/** The value as an expression of exactly `type`, which is its own or a wider one. */
export function coerce(frame: Frame, value: Value, type: ValueType, node: ts.Node): string {
  const from = value.type;
  if (type.kind === "optional") return coerceOptional(frame, value, type, node);
  if (type.kind === "null" || type.kind === "undefined" || type.kind === "never") return "0";
  if (from.kind === "never") return neverCode(frame, type);
  if (type.kind === "array" && value.isEmptyArray) {
    return `${frame.program.use("JsArray")}.create<${frame.program.native(type.cell.type)}>(8)`;
  }
  if (type.kind === "object" && from.kind === "object") {
    return objectCode(frame, value, type, node);
  }
  if (from.kind !== type.kind) cannotMeet(node, from, type);
  return value.code;
}

/** An element of an array that never has one. */
function neverCode(frame: Frame, type: ValueType): string {
  const native = frame.program.native(type);
  const plain = ["f64", "i64", "i32", "bool"].includes(native);
  return plain ? `<${native}>0` : `changetype<${native}>(0)`;
}

function coerceOptional(
  frame: Frame,
  value: Value,
  type: Extract<ValueType, { kind: "optional" }>,
  node: ts.Node,
): string {
  const from = value.type;
  if (from.kind === "null" || from.kind === "undefined") {
    return absentCode(frame, type.of, from.kind);
  }
  if (from.kind === "optional") {
    if (from.of.kind !== "object" || sameType(from.of, type.of)) return value.code;
    const held = frame.held(value);
    const { lines, result } = frame.captured(() => coerce(frame, unwrapped(held), type.of, node));
    const name = frame.program.fresh("t");
    const native = frame.program.native(type);
    frame.emit(`let ${name} = changetype<${native}>(changetype<usize>(${held.code}));`);
    frame.emit(`if (!${nilTest(frame, held, "both")}) {`);
    frame.emitAll(lines);
    frame.emit(`${name} = ${result}; }`);
    return name;
  }
  if (from.kind === "never") return absentCode(frame, type.of, "undefined");
  const code = coerce(frame, value, type.of, node);
  if (type.of.kind === "number") return frame.call("some", code);
  if (type.of.kind === "boolean") return `<i32>(${code})`;
  if (type.of.kind === "bigint") return frame.call("bigCell", code);
  return code;
}

/** Refuses a place that would hold values of two types. */
export function cannotMeet(node: ts.Node, a: ValueType, b: ValueType): never {
  return refuse(
    node,
    `a value that is ${typeText(a)} or ${typeText(b)}`,
    "Give it one type: String(x), Number(x), or two variables.",
  );
}

type ObjectType = Extract<ValueType, { kind: "object" }>;

/** An object as a record of the row's memory. */
function objectCode(frame: Frame, value: Value, type: ObjectType, node: ts.Node): string {
  const from = value.type as ObjectType;
  if (value.parts === undefined && sameType(from, type)) return value.code;
  if (type.row !== undefined && from.row === type.row) return value.code;
  const source = value.parts === undefined ? frame.held(value) : value;
  const native = frame.program.native(type);
  const codes = [...type.fields].map(([name, fieldType]) => {
    const part = partOf(frame, source, name);
    return [name, coerce(frame, part, fieldType, node)] as const;
  });
  const name = frame.program.fresh("object");
  frame.emit(
    `const ${name} = changetype<${native}>(${frame.call("cells", `offsetof<${native}>()`)});`,
  );
  for (const [field, code] of codes) frame.emit(`${name}.${fieldName(field)} = ${code};`);
  return name;
}

/** A field of an object or a row; undefined where it has none of that name. */
export function partOf(frame: Frame, value: Value, name: string): Value {
  const part = value.parts?.get(name);
  if (part !== undefined) return part;
  const { type } = value;
  const fieldType = type.kind === "object" ? type.fields.get(name) : undefined;
  if (fieldType === undefined || value.parts !== undefined) {
    return { code: "0", type: UNDEFINED, stable: true };
  }
  if (type.kind === "object" && type.row !== undefined) {
    return readColumn(frame, type.row, value.code, name);
  }
  const path = value.path === undefined ? {} : { path: `${value.path}.${name}` };
  return {
    code: `${value.code}.${fieldName(name)}`,
    type: fieldType,
    stable: value.stable,
    ...path,
  };
}

/** ToBoolean, as a boolean expression. */
export function truthyCode(frame: Frame, value: Value, node: ts.Node): string {
  const { type, code } = value;
  switch (type.kind) {
    case "boolean":
      return code;
    case "number":
      return frame.call("truthy", code);
    case "bigint":
      return `(${code} != 0)`;
    case "string":
      return `(${code}.length > 0)`;
    case "null":
    case "undefined":
    case "never":
      return "false";
    case "array":
    case "object":
      return "true";
    case "opaque":
      return refuse(node, `a test of a ${typeText(type)} column`, PASSED_ON);
    case "optional": {
      if (type.of.kind === "number") return frame.call("truthy", code);
      const held = frame.held(value);
      const there = `!${nilTest(frame, held, "both")}`;
      return `(${there} && ${truthyCode(frame, unwrapped(held), node)})`;
    }
  }
}

/** What can be done with a column that is not computed with. */
const PASSED_ON =
  "It can be passed on (`{ d: r.d }`) and compared with null; to compute with it, let the source read it as DOUBLE, BIGINT or STRING.";

/** The SQL type of a value that can only be passed on. */
export function opaqueType(type: ValueType): string | undefined {
  const of = present(type);
  return of?.kind === "opaque" ? of.sql.type : undefined;
}

/** The way out for a value: of one that can only be passed on its own. */
export function orPassedOn(type: ValueType, wayOut: string): string {
  return opaqueType(type) === undefined ? wayOut : PASSED_ON;
}

/** ToNumber of a number, null, undefined (arithmetic); others are refused. */
export function arithmeticCode(frame: Frame, value: Value, node: ts.Node): string {
  const { type } = value;
  if (type.kind === "number") return value.code;
  const opaque = opaqueType(type);
  if (opaque !== undefined) return refuse(node, `arithmetic with a ${opaque}`, PASSED_ON);
  if (type.kind === "null") return "<f64>0.0";
  if (type.kind === "undefined") return "NaN";
  if (type.kind === "never") return "NaN";
  if (type.kind === "optional" && type.of.kind === "number") return frame.call("plain", value.code);
  return refuse(
    node,
    `arithmetic with a ${typeText(type)}`,
    type.kind === "bigint" || (type.kind === "optional" && type.of.kind === "bigint")
      ? "Numbers and bigints do not mix: Number(x) or BigInt(x); test for null first."
      : "Convert it: Number(x).",
  );
}

/** ToString, as an expression of a string. */
export function textCode(frame: Frame, value: Value, node: ts.Node): string {
  const { type, code } = value;
  const { program } = frame;
  switch (type.kind) {
    case "string":
      return code;
    case "number":
      if (typeof value.literal === "number") return program.text(String(value.literal));
      return frame.call("numberText", code);
    case "bigint":
      return frame.call("bigText", code);
    case "boolean":
      return `(${code} ? ${program.text("true")} : ${program.text("false")})`;
    case "null":
      return program.text("null");
    case "undefined":
    case "never":
      return program.text("undefined");
    case "optional": {
      const held = frame.held(value);
      const { lines, result } = frame.captured(() => textCode(frame, unwrapped(held), node));
      const name = frame.program.fresh("t");
      frame.emit(`let ${name}: ${program.native(STRING)} = ${program.text("null")};`);
      frame.emit(
        `if (${nilTest(frame, held, "undefined")}) ${name} = ${program.text("undefined")};`,
      );
      frame.emit(`else if (!${nilTest(frame, held, "null")}) {`);
      frame.emitAll(lines);
      frame.emit(`${name} = ${result}; }`);
      return name;
    }
    case "opaque":
      return refuse(node, `text of a ${typeText(type)}`, PASSED_ON);
    default:
      return refuse(
        node,
        `text of ${typeText(type)}`,
        "Write the fields or elements: a.join(',').",
      );
  }
}
