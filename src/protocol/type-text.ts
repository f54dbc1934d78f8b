/** Flink SQL's text of logical types: `DECIMAL(10, 2) NOT NULL`, ROW<`a` INT, `b` STRING>. */
import { MillraceError } from "./errors.ts";
import { SCHEMA_MAX_DEPTH } from "./limits.ts";
import type { Field, LogicalType } from "./types.ts";

/** Flink's VARCHAR(2147483647) is STRING, VARBINARY(2147483647) is BYTES. */
const UNBOUNDED_LENGTH = 2_147_483_647;

/** The canonical text of a type (Flink: LogicalType.asSerializableString). */
export function typeText(type: LogicalType): string {
  return type.nullable === false ? `${bareText(type)} NOT NULL` : bareText(type);
}

function bareText(type: LogicalType): string {
  switch (type.type) {
    case "DECIMAL":
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case "CHAR":
    case "VARCHAR":
    case "BINARY":
    case "VARBINARY":
      return `${type.type}(${type.length})`;
    case "TIME":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return `${type.type}(${type.precision})`;
    case "INTERVAL_YEAR_MONTH":
      return "INTERVAL YEAR TO MONTH";
    case "INTERVAL_DAY_SECOND":
      return `INTERVAL DAY TO SECOND(${type.precision})`;
    case "ROW":
      return `ROW<${type.fields.map((f) => `${quoted(f.name)} ${typeText(f.type)}`).join(", ")}>`;
    case "ARRAY":
      return `ARRAY<${typeText(type.element)}>`;
    case "MAP":
      return `MAP<${typeText(type.key)}, ${typeText(type.value)}>`;
    default:
      return type.type;
  }
}

function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/**
 * Parses the text of a type: Flink's names, aliases and defaults (DECIMAL is DECIMAL(10, 0),
 * TIMESTAMP is TIMESTAMP(6), CHAR is CHAR(1)).
 *
 *     const { type, nullable } = parseType("DECIMAL(10, 2) NOT NULL"); // "DECIMAL", false
 *
 * @throws MillraceError TYPE_INVALID with the column (from 1) of the first wrong token, or
 *   UNSUPPORTED_TYPE for a Flink type that the batch format lacks.
 */
export function parseType(text: string): LogicalType {
  return new TypeParser(text).parse();
}

interface Token {
  readonly kind: "word" | "name" | "number" | "symbol" | "text" | "end";
  readonly text: string;
  /** Offset in the text, from 0. */
  readonly at: number;
}

const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|`((?:[^`]|``)+)`|(\d+)|'((?:[^']|'')*)'|([<>(),]))/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const at = from + (text.slice(from).length - text.slice(from).trimStart().length);
    const match = TOKEN.exec(text);
    if (match === null) throw typeInvalid(text, at, "a type", text[at] ?? "");
    const [, word, name, number, comment, symbol] = match;
    if (word !== undefined) tokens.push({ kind: "word", text: word, at });
    else if (name !== undefined)
      tokens.push({ kind: "name", text: name.replaceAll("``", "`"), at });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, at });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol, at });
    else tokens.push({ kind: "text", text: comment ?? "", at });
  }
  tokens.push({ kind: "end", text: "end of text", at: end });
  return tokens;
}

function typeInvalid(text: string, at: number, expected: string, found: string): MillraceError {
  const message = `Cannot read type: column ${at + 1}: expected ${expected}, found ${found}`;
  return new MillraceError("TYPE_INVALID", message, { field: "type", value: text, expected });
}

const UNSUPPORTED = new Set(["MULTISET", "RAW", "NULL", "SYMBOL", "VARIANT", "DESCRIPTOR"]);
const DAY_UNITS = new Set(["DAY", "HOUR", "MINUTE", "SECOND"]);

class TypeParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): LogicalType {
    const type = this.#type();
    if (this.#peek().kind !== "end") throw this.#unexpected("end of text");
    return type;
  }

  #type(): LogicalType {
    const start = this.#peek();
    if (++this.#depth > SCHEMA_MAX_DEPTH) {
      throw this.#unexpected(`at most ${SCHEMA_MAX_DEPTH} levels of nesting`);
    }
    let type = this.#nullability(this.#bareType());
    while (this.#accept("ARRAY")) type = this.#nullability({ type: "ARRAY", element: type });
    if (this.#isWord("MULTISET")) throw this.#unsupported("MULTISET", start);
    this.#depth--;
    return type;
  }

  #nullability(type: LogicalType): LogicalType {
    if (this.#accept("NOT")) {
      this.#expect("NULL");
      return { ...type, nullable: false };
    }
    this.#accept("NULL");
    return type;
  }

  #bareType(): LogicalType {
    const token = this.#peek();
    if (token.kind !== "word") throw this.#unexpected("the name of a type");
    this.#next++;
    const name = token.text.toUpperCase();
    switch (name) {
      case "BOOLEAN":
      case "TINYINT":
      case "SMALLINT":
      case "INT":
      case "BIGINT":
      case "FLOAT":
      case "STRING":
      case "BYTES":
      case "DATE":
        return { type: name };
      case "INTEGER":
        return { type: "INT" };
      case "DOUBLE":
        this.#accept("PRECISION");
        return { type: "DOUBLE" };
      case "DEC":
      case "NUMERIC":
      case "DECIMAL":
        return this.#decimal();
      case "CHAR":
      case "BINARY":
        return { type: name, length: this.#length() };
      case "VARCHAR":
      case "VARBINARY":
        return this.#variable(name);
      case "TIME":
        return this.#time(token);
      case "TIMESTAMP":
        return this.#timestamp(token);
      case "TIMESTAMP_LTZ":
        return { type: "TIMESTAMP_LTZ", precision: this.#precision(6) };
      case "INTERVAL":
        return this.#interval();
      case "ROW":
        return { type: "ROW", fields: this.#fields() };
      case "ARRAY":
        return { type: "ARRAY", element: this.#parameter() };
      case "MAP":
        return this.#map();
      default:
        if (UNSUPPORTED.has(name)) throw this.#unsupported(name, token);
        throw typeInvalid(this.#text, token.at, "the name of a type", token.text);
    }
  }

  #decimal(): LogicalType {
    if (!this.#accept("(")) return { type: "DECIMAL", precision: 10, scale: 0 };
    const precision = this.#number(1, 38);
    const scale = this.#accept(",") ? this.#number(0, precision) : 0;
    this.#expect(")");
    return { type: "DECIMAL", precision, scale };
  }

  #length(): number {
    if (!this.#accept("(")) return 1;
    const length = this.#number(1, UNBOUNDED_LENGTH);
    this.#expect(")");
    return length;
  }

  #variable(name: "VARCHAR" | "VARBINARY"): LogicalType {
    const length = this.#length();
    if (length < UNBOUNDED_LENGTH) return { type: name, length };
    return { type: name === "VARCHAR" ? "STRING" : "BYTES" };
  }

  #time(start: Token): LogicalType {
    const precision = this.#precision(0);
    if (this.#zone() === "with") throw this.#unsupported("TIME WITH TIME ZONE", start);
    return { type: "TIME", precision };
  }

  #timestamp(start: Token): LogicalType {
    const precision = this.#precision(6);
    const zone = this.#zone();
    if (zone === "with") throw this.#unsupported("TIMESTAMP WITH TIME ZONE", start);
    return { type: zone === "local" ? "TIMESTAMP_LTZ" : "TIMESTAMP", precision };
  }

  /** `WITHOUT TIME ZONE`, `WITH TIME ZONE` or `WITH LOCAL TIME ZONE`. */
  #zone(): "none" | "with" | "local" {
    const without = this.#accept("WITHOUT");
    if (!without && !this.#accept("WITH")) return "none";
    const local = !without && this.#accept("LOCAL");
    this.#expect("TIME");
    this.#expect("ZONE");
    if (without) return "none";
    return local ? "local" : "with";
  }

  #interval(): LogicalType {
    const unit = this.#peek();
    const name = unit.text.toUpperCase();
    if (unit.kind === "word" && (name === "YEAR" || name === "MONTH")) {
      this.#next++;
      this.#precision(2);
      if (name === "YEAR" && this.#accept("TO")) this.#expect("MONTH");
      return { type: "INTERVAL_YEAR_MONTH" };
    }
    if (unit.kind !== "word" || !DAY_UNITS.has(name)) {
      throw this.#unexpected("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND");
    }
    this.#next++;
    const leading = this.#precision(6);
    if (!this.#accept("TO")) {
      return { type: "INTERVAL_DAY_SECOND", precision: name === "SECOND" ? leading : 6 };
    }
    const last = this.#peek().text.toUpperCase();
    if (!DAY_UNITS.has(last) || last === "DAY") throw this.#unexpected("HOUR, MINUTE or SECOND");
    this.#next++;
    return { type: "INTERVAL_DAY_SECOND", precision: last === "SECOND" ? this.#precision(6) : 6 };
  }

  #fields(): Field[] {
    const close = this.#accept("(") ? ")" : ">";
    if (close === ">") this.#expect("<");
    const fields: Field[] = [];
    if (this.#accept(close)) return fields;
    do {
      fields.push(this.#field(fields));
    } while (this.#accept(","));
    this.#expect(close);
    return fields;
  }

  #field(before: readonly Field[]): Field {
    const name = this.#peek();
    if (name.kind !== "word" && name.kind !== "name") throw this.#unexpected("the name of a field");
    if (before.some((field) => field.name === name.text)) {
      throw this.#unexpected("a field name that is not there yet");
    }
    this.#next++;
    const type = this.#type();
    if (this.#peek().kind === "text") this.#next++;
    return { name: name.text, type };
  }

  #parameter(): LogicalType {
    this.#expect("<");
    const type = this.#type();
    this.#expect(">");
    return type;
  }

  #map(): LogicalType {
    this.#expect("<");
    const key = this.#type();
    this.#expect(",");
    const value = this.#type();
    this.#expect(">");
    return { type: "MAP", key, value };
  }

  #precision(otherwise: number): number {
    if (!this.#accept("(")) return otherwise;
    const precision = this.#number(0, 9);
    this.#expect(")");
    return precision;
  }

  #number(minimum: number, maximum: number): number {
    const token = this.#peek();
    const value = token.kind === "number" ? Number(token.text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      throw this.#unexpected(`a number from ${minimum} to ${maximum}`);
    }
    this.#next++;
    return value;
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #isWord(text: string): boolean {
    const token = this.#peek();
    const plain = token.kind === "word" || token.kind === "symbol";
    return plain && token.text.toUpperCase() === text;
  }

  #accept(text: string): boolean {
    if (!this.#isWord(text)) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unexpected(text);
  }

  #unexpected(expected: string): MillraceError {
    const found = this.#peek();
    return typeInvalid(this.#text, found.at, expected, found.text);
  }

  #unsupported(name: string, token: Token): MillraceError {
    const message = `Cannot read type: column ${token.at + 1}: ${name} is not supported`;
    const expected = "a type listed in docs/types.md";
    return new MillraceError("UNSUPPORTED_TYPE", message, {
      field: "type",
      value: this.#text,
      expected,
    });
  }
}
