/**
 * What the functions of one generated bundle share: names of the runtime library, literals, object
 * classes, and the types found so far. Functions are lowered again until no type widens.
 */
import { placeText } from "./refusal.ts";
import type { RowInput } from "./row-input.ts";
import { RUNTIME } from "./runtime-library.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { ElementCell, type Fields, join, sameType, typeKey, type ValueType } from "./value-type.ts";

/** Rounds after which types that still widen are a defect. */
const MAX_ROUNDS = 50;

export class Program {
  /** Arguments of the job; undefined: nobody knows them. */
  readonly args: readonly string[] | undefined;
  readonly declarations: string[] = [];
  /** Made before the first row: constants of the job file and literals. */
  readonly constants: string[] = [];
  readonly captured = new Map<string, Value>();
  /** Helper functions by their specialisation. */
  readonly helpers = new Map<string, HelperFunction>();
  /** Helper functions being lowered, against recursion. */
  readonly open: string[] = [];
  /** Row classes of inputs by their name, and the columns that were read. */
  readonly rows = new Map<string, RowInput>();
  /** Refusals that hold only if no type widens any more. */
  readonly doubts: (() => never)[] = [];
  /** Places where an index or a length is linear on text that is not ASCII. */
  readonly linear = new Set<string>();
  readonly #slots = new Map<string, ValueType>();
  readonly #cells = new Map<string, ElementCell>();
  readonly #literals = new Map<string, string>();
  readonly #objects = new Map<string, string>();
  readonly #used = new Map<string, Set<string>>();
  #changed = false;
  #numbers = 0;

  constructor(args?: readonly string[]) {
    this.args = args;
  }

  /** Lowers until all types are known; what the rounds before wrote is forgotten. */
  untilStable(lower: () => void): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      this.#changed = false;
      const widened = ElementCell.changes;
      this.#numbers = 0;
      this.declarations.length = 0;
      this.constants.length = 0;
      this.doubts.length = 0;
      for (const map of [
        this.captured,
        this.helpers,
        this.rows,
        this.#literals,
        this.#objects,
        this.#used,
      ]) {
        map.clear();
      }
      this.linear.clear();
      lower();
      if (this.#changed || ElementCell.changes !== widened) continue;
      for (const refusal of this.doubts) refusal();
      return;
    }
    throw new Error("Assertion failed: types of a one-file function settle");
  }

  /** Widens what a variable, a result holds; undefined: the types do not meet. */
  widen(key: string, type: ValueType): ValueType | undefined {
    const before = this.#slots.get(key);
    const joined = before === undefined ? type : join(before, type);
    if (joined === undefined) return undefined;
    if (before === undefined || !sameType(before, joined)) this.#changed = true;
    this.#slots.set(key, joined);
    return joined;
  }

  /** What is known of it so far. */
  known(key: string): ValueType | undefined {
    return this.#slots.get(key);
  }

  /** The element type of the array that a node makes. */
  cellAt(key: string): ElementCell {
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = new ElementCell();
      this.#cells.set(key, cell);
    }
    return cell;
  }

  /** A name that no other has. */
  fresh(hint: string): string {
    return `${hint.replace(/[^A-Za-z0-9_]/g, "_")}_${++this.#numbers}`;
  }

  /** The generated name of a function or class of the runtime library. */
  use(name: string): string {
    const module = RUNTIME[name];
    if (module === undefined) throw new Error(`Assertion failed: runtime function ${name}`);
    const names = this.#used.get(module) ?? new Set();
    this.#used.set(module, names.add(name));
    return `js_${name}`;
  }

  /** A string that is made once. */
  text(value: string): string {
    const known = this.#literals.get(value);
    if (known !== undefined) return known;
    const name = this.fresh("text");
    this.#literals.set(value, name);
    const type = this.use("JsString");
    this.constants.push(`const ${name}: ${type} = ${this.use("literal")}(${quoted(value)});`);
    return name;
  }

  /** The class of objects with these fields. */
  objectClass(fields: Fields): string {
    const key = typeKey({ kind: "object", fields });
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const name = this.fresh("Object");
    this.#objects.set(key, name);
    const members = [...fields].map(
      ([field, type]) => `${fieldName(field)}: ${this.native(type)};`,
    );
    this.declarations.push(`@unmanaged class ${name} { ${members.join(" ")} }`);
    return name;
  }

  /** The generated type that holds values of a type. */
  native(type: ValueType): string {
    switch (type.kind) {
      case "number":
        return "f64";
      case "bigint":
        return "i64";
      case "boolean":
        return "bool";
      case "string":
        return this.use("JsString");
      case "array":
        return `${this.use("JsArray")}<${this.native(type.cell.type)}>`;
      case "object":
        return type.row ?? this.objectClass(type.fields);
      case "opaque":
        return this.use("Value");
      case "optional":
        if (type.of.kind === "boolean") return "i32";
        return type.of.kind === "bigint" ? this.use("JsBig") : this.native(type.of);
      default:
        return "i32";
    }
  }

  /** Import lines for what was used. */
  imports(sdk: string): string[] {
    return [...this.#used].sort().map(([module, names]) => {
      const list = [...names].sort().map((name) => `${name} as js_${name}`);
      return `import { ${list.join(", ")} } from "${sdk}/${module}";`;
    });
  }

  /** Notes a place for the build report. */
  noteLinear(node: ts.Node): void {
    this.linear.add(placeText(node));
  }
}

/** A helper function of the job file, for one choice of argument types. */
export interface HelperFunction {
  readonly name: string;
  readonly result: ValueType;
  readonly mayFail: boolean;
  /** Whether it may change an array that it is given. */
  readonly mutates: boolean;
}

/** Name of a field in a generated class. */
export function fieldName(field: string): string {
  const plain = field.replace(/[^A-Za-z0-9_]/g, (one) => `$${one.charCodeAt(0).toString(16)}`);
  return `f_${plain}`;
}

/** A string literal of the generated language. */
export function quoted(text: string): string {
  let result = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const plain = unit >= 0x20 && unit < 0x7f && unit !== 0x22 && unit !== 0x5c;
    result += plain ? text[i] : `\\u${unit.toString(16).padStart(4, "0")}`;
  }
  return `${result}"`;
}
