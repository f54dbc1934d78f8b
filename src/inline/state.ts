/**
 * Accumulators: what lies in the state of a key. Numbers and booleans are fields of a record; texts,
 * arrays and bigints that may be null are slots of it, which own memory (accumulator-slots.ts of the SDK).
 * Objects are kept as their fields.
 */
import { cannotMeet, coerce, partOf } from "./conversion.ts";
import type { Frame, ReturnTarget } from "./frame.ts";
import { fieldName, type Program } from "./program.ts";
import { refuse } from "./refusal.ts";
import { refuseRow } from "./row-output.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import {
  BIGINT,
  BOOLEAN,
  type Fields,
  NUMBER,
  type PresentType,
  present,
  STRING,
  sameType,
  typeText,
  type ValueType,
} from "./value-type.ts";

/** Names the accumulator of an operator while its type is being found. */
export interface State {
  readonly program: Program;
  /** Where its type is kept. */
  readonly slot: string;
  /** Class of the record. */
  readonly record: string;
}

/** What is known of the accumulator so far. */
export function stateFields({ program, slot }: State): Fields {
  const known = program.known(slot);
  return known?.kind === "object" ? known.fields : new Map();
}

/** The type in which the state keeps a value. */
function keptType(state: State, path: string, type: ValueType, node: ts.Node): ValueType {
  const of = present(type);
  if (of === undefined) return type;
  const kept = keptPresent(state, path, of, type, node);
  return type.kind === "optional" ? { ...type, of: kept } : kept;
}

function keptPresent(
  state: State,
  path: string,
  of: PresentType,
  whole: ValueType,
  node: ts.Node,
): PresentType {
  switch (of.kind) {
    case "number":
      return NUMBER as PresentType;
    case "bigint":
      return BIGINT as PresentType;
    case "boolean":
      return BOOLEAN as PresentType;
    case "string":
      return STRING as PresentType;
    case "array": {
      // An array type of its own: elsewhere arrays may be changed, what lies in the state may not.
      const cell = state.program.cellAt(`${state.slot}:${path}`);
      const element = keptElement(path, of.cell.type, node);
      if (cell.add(element) === undefined) cannotMeet(node, cell.type, element);
      cell.freeze();
      return { kind: "array", cell };
    }
    case "object": {
      if (whole.kind === "optional") return refuseState(path, whole, node);
      const fields = new Map<string, ValueType>();
      for (const [name, field] of of.fields) {
        fields.set(name, keptType(state, `${path}.${name}`, field, node));
      }
      return { kind: "object", fields };
    }
    default:
      return refuseState(path, whole, node);
  }
}

function keptElement(path: string, type: ValueType, node: ts.Node): ValueType {
  switch (type.kind) {
    case "never":
      return type;
    case "number":
      return NUMBER;
    case "bigint":
      return BIGINT;
    case "boolean":
      return BOOLEAN;
    case "string":
      return STRING;
    default: {
      const what = `an array whose elements are ${typeText(type)}`;
      return refuseState(path, { kind: "undefined" }, node, what);
    }
  }
}

function refuseState(path: string, type: ValueType, node: ts.Node, what = typeText(type)): never {
  return refuse(
    node,
    `the accumulator's field ${path.replace(/^\./, "")} is ${what}`,
    "Accumulators hold numbers, strings, booleans, bigints, arrays of these, and objects; these may be null, but for objects and elements.",
    "INLINE_ACCUMULATOR",
  );
}

/** Widens what the state holds by a value; `skip`: fields that are no part of it. */
export function widenState(
  state: State,
  value: Value,
  node: ts.Node,
  skip: ReadonlySet<string>,
): Fields {
  if (value.type.kind !== "object") return refuseRow(node, value.type);
  const given = new Map<string, ValueType>();
  for (const [name, type] of value.type.fields) {
    if (!skip.has(name)) given.set(name, keptType(state, name, type, node));
  }
  const { program, slot } = state;
  const joined = program.widen(slot, { kind: "object", fields: given });
  if (joined?.kind !== "object") return cannotMeet(node, program.known(slot)!, value.type);
  for (const [name, type] of joined.fields) keptType(state, name, type, node);
  return joined.fields;
}

/** A field of the record: where in the accumulator's object it stands, and what it is. */
interface Leaf {
  readonly path: readonly string[];
  readonly type: ValueType;
  /** Which function copies it into a slot; undefined: it is a plain field. */
  readonly keep?: "keepText" | "keepNumbers" | "keepTexts" | "keepBigint";
}

function leavesOf(fields: Fields, path: readonly string[] = []): Leaf[] {
  return [...fields].flatMap(([name, type]): Leaf[] => {
    const own = [...path, name];
    if (type.kind === "object") return leavesOf(type.fields, own);
    const keep = keepOf(type);
    return [keep === undefined ? { path: own, type } : { path: own, type, keep }];
  });
}

function keepOf(type: ValueType): Leaf["keep"] {
  const of = present(type);
  if (of?.kind === "string") return "keepText";
  if (of?.kind === "bigint" && type.kind === "optional") return "keepBigint";
  if (of?.kind !== "array") return undefined;
  return of.cell.type.kind === "string" ? "keepTexts" : "keepNumbers";
}

/** Kinds of slots, as accumulator-slots.ts has them. */
const SLOT_KINDS = { keepText: 0, keepNumbers: 1, keepTexts: 2, keepBigint: 3 } as const;

/** Name of a leaf in the record; slots begin with two underscores, which manifests leave out. */
const leafName = ({ path, keep }: Leaf): string =>
  keep === undefined ? fieldName(path.join(".")) : `__${fieldName(path.join("."))}`;

/** The accumulator as functions see it; `code` names the record. */
export function stateValue(state: State, code: string, fields = stateFields(state)): Value {
  return objectValue(state, code, fields, []);
}

function objectValue(state: State, code: string, fields: Fields, path: readonly string[]): Value {
  const parts = new Map<string, Value>();
  for (const [name, type] of fields) parts.set(name, partValue(state, code, type, [...path, name]));
  return { code: "", type: { kind: "object", fields }, stable: true, parts };
}

/** One field of the accumulator. */
export function partValue(
  state: State,
  code: string,
  type: ValueType,
  path: readonly string[],
): Value {
  if (type.kind === "object") return objectValue(state, code, type.fields, path);
  const keep = keepOf(type);
  const leaf = `${code}.${leafName(keep === undefined ? { path, type } : { path, type, keep })}`;
  if (keep === undefined) return { code: leaf, type, stable: true, path: leaf };
  const native = state.program.native(type);
  return { code: `changetype<${native}>(<usize>${leaf})`, type, stable: true, path: leaf };
}

/**
 * Stores a new accumulator, and ends the function. All of it is made before any of it is changed; if
 * the row has failed by then, nothing is.
 */
export function storing(
  state: State,
  skip: ReadonlySet<string> = new Set(),
): (frame: Frame) => ReturnTarget {
  return (frame) => ({
    give: (value, node) => {
      if (value === undefined) return refuseRow(node, { kind: "undefined" });
      store(frame, state, value, node, skip);
      frame.emit("return;");
    },
  });
}

export function store(
  frame: Frame,
  state: State,
  value: Value,
  node: ts.Node,
  skip: ReadonlySet<string> = new Set(),
): void {
  const source = value.parts === undefined ? frame.held(value) : value;
  const leaves = leavesOf(widenState(state, source, node, skip));
  const made = leaves.map((leaf) => {
    const part = leaf.path.reduce((whole, name) => partOf(frame, whole, name), source);
    return { leaf, code: leafCode(frame, part, leaf, node) };
  });
  if (frame.mayFail) frame.emit(`if (${frame.call("failed")}) return;`);
  const slots = made.filter(({ leaf }) => leaf.keep !== undefined);
  const kept = slots.map(({ leaf, code }) => {
    const slot = slotCode(state, leaf);
    const shift = leaf.keep === "keepNumbers" ? [shiftOf(frame.program, leaf.type)] : [];
    const address = `changetype<usize>(${code})`;
    const held = frame.program.fresh("kept");
    frame.emit(`const ${held}: usize = ${frame.call(leaf.keep!, slot, address, ...shift)};`);
    return { slot, held };
  });
  for (const { slot, held } of kept) frame.emit(`${frame.call("put", slot, held)};`);
  for (const { leaf, code } of made) {
    if (leaf.keep === undefined) frame.emit(`acc.${leafName(leaf)} = ${code};`);
  }
}

function leafCode(frame: Frame, part: Value, leaf: Leaf, node: ts.Node): string {
  const { type } = leaf;
  const of = present(type);
  const given = present(part.type);
  if (of?.kind === "array" && given?.kind === "array" && !part.isEmptyArray) {
    const element = given.cell.type;
    if (element.kind === "never") {
      const native = frame.program.native(of.cell.type);
      return `${frame.program.use("JsArray")}.create<${native}>(0)`;
    }
    if (!sameType(keptElement("", element, node), of.cell.type)) {
      cannotMeet(node, element, of.cell.type);
    }
  }
  if (present(type) === undefined) {
    // Another result may say what it is.
    frame.program.doubts.push(() => refuseState(leaf.path.join("."), type, node, "always null"));
  }
  return frame.hold(coerce(frame, part, type, node), type, leaf.path.at(-1)!);
}

const slotCode = (state: State, leaf: Leaf): string =>
  `(changetype<usize>(acc) + offsetof<${state.record}>("${leafName(leaf)}"))`;

/** log2 of the bytes of an array's elements. */
function shiftOf(program: Program, type: ValueType): string {
  const of = present(type) as Extract<ValueType, { kind: "array" }>;
  return `alignof<${program.native(of.cell.type)}>()`;
}

/** The text of the record's class. */
export function recordText(state: State, extra = ""): string {
  const members = leavesOf(stateFields(state)).map((leaf) => {
    const name = leafName(leaf);
    if (leaf.keep !== undefined) return `${name}: i32; ${name}_a: i32; ${name}_b: i32;`;
    return `${name}: ${state.program.native(leaf.type)};`;
  });
  return `@accumulator class ${state.record} { ${members.join(" ")}${extra} }`;
}

/** The method that names the record's slots to the SDK; empty where there are none. */
export function slotsMethod(state: State): string {
  const slots = leavesOf(stateFields(state)).flatMap((leaf) => {
    if (leaf.keep === undefined) return [];
    const offset = `<i32>offsetof<${state.record}>("${leafName(leaf)}")`;
    return [`(${offset} << 2) | ${SLOT_KINDS[leaf.keep]}`];
  });
  return slots.length === 0 ? "" : `__slots(): StaticArray<i32> { return [${slots.join(", ")}]; }`;
}
