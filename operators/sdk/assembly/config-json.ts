/**
 * A small JSON tree for what the host itself writes (open configuration, splits): well-formed by
 * construction, so malformed text is an assertion. Records are read by json-reader.ts.
 */

/**
 * A JSON value: the parameters that a job gave, or a source's split. Absent members read as NULL, so a chain of
 * get() needs no checks; it may be kept.
 *
 *     open(context: RuntimeContext): void {
 *       const limits = context.parameters.get("limits"); // {"seed": 7, "exact": true, "factor": 1.5}
 *       if (limits.isNull() || !limits.get("exact").bool(false)) return;
 *       this.seed = limits.get("seed").int(7);
 *       const factor = limits.get("factor").double(1);
 *       const since = limits.get("since").long(0); // as number, or as text beyond 2^53
 *       const unit = limits.get("unit").string("ms");
 *     }
 */
export class JsonValue {
  /** What stands for a member that is not there. */
  static readonly NULL: JsonValue = new JsonValue();
  /** 0 null, 1 boolean, 2 number, 3 string, 4 array, 5 object */
  kind: i32 = 0;
  /** A number as it was written, or the text of a string. */
  text: string = "";
  /** The value of a boolean. */
  truth: bool = false;
  /** Names of an object's members, in the order of `items`. */
  names: string[] = [];
  /** Elements of an array, or values of an object's members. */
  items: JsonValue[] = [];

  /** Whether it is null, or not there. */
  isNull(): bool {
    return this.kind == 0;
  }

  /** The member of that name; NULL where there is none, or it is no object. */
  get(name: string): JsonValue {
    for (let i = 0; i < this.names.length; i++) if (this.names[i] == name) return this.items[i];
    return JsonValue.NULL;
  }

  /** Its value as a 32-bit integer; `otherwise` if it is no number. */
  int(otherwise: i32): i32 {
    return this.kind == 2 ? <i32>I64.parseInt(this.text) : otherwise;
  }

  /** 64-bit integers may come as number or decimal string (beyond 2^53). */
  long(otherwise: i64): i64 {
    return this.kind == 2 || this.kind == 3 ? I64.parseInt(this.text) : otherwise;
  }

  /** Its value as a double, from a number or a decimal string; else `otherwise`. */
  double(otherwise: f64): f64 {
    return this.kind == 2 || this.kind == 3 ? F64.parseFloat(this.text) : otherwise;
  }

  /** Its text; `otherwise` if it is no string. */
  string(otherwise: string): string {
    return this.kind == 3 ? this.text : otherwise;
  }

  /** Its truth; `otherwise` if it is no boolean. */
  bool(otherwise: bool): bool {
    return this.kind == 1 ? this.truth : otherwise;
  }
}

let at: i32 = 0;
let source: string = "";

/** Parses UTF-8 JSON. */
export function parseJson(start: usize, length: i32): JsonValue {
  source = String.UTF8.decodeUnsafe(start, length);
  at = 0;
  const value = readValue();
  source = "";
  return value;
}

function skipSpace(): void {
  while (at < source.length && source.charCodeAt(at) <= 0x20) at++;
}

function readValue(): JsonValue {
  skipSpace();
  const value = new JsonValue();
  const unit = source.charCodeAt(at);
  if (unit == 0x7b) {
    readMembers(value, 0x7d, true);
  } else if (unit == 0x5b) {
    readMembers(value, 0x5d, false);
  } else if (unit == 0x22) {
    value.kind = 3;
    value.text = readString();
  } else if (unit == 0x74 || unit == 0x66) {
    value.kind = 1;
    value.truth = unit == 0x74;
    at += value.truth ? 4 : 5;
  } else if (unit == 0x6e) {
    at += 4;
  } else {
    const from = at;
    while (at < source.length && isNumberUnit(source.charCodeAt(at))) at++;
    assert(at > from, "configuration is not JSON");
    value.kind = 2;
    value.text = source.substring(from, at);
  }
  return value;
}

function isNumberUnit(unit: i32): bool {
  return (
    (unit >= 0x30 && unit <= 0x39) ||
    unit == 0x2d ||
    unit == 0x2b ||
    unit == 0x2e ||
    unit == 0x65 ||
    unit == 0x45
  );
}

function readMembers(value: JsonValue, close: i32, named: bool): void {
  value.kind = named ? 5 : 4;
  at++;
  skipSpace();
  if (source.charCodeAt(at) == close) {
    at++;
    return;
  }
  while (true) {
    if (named) {
      skipSpace();
      value.names.push(readString());
      skipSpace();
      at++;
    }
    value.items.push(readValue());
    skipSpace();
    const unit = source.charCodeAt(at++);
    if (unit == close) return;
    assert(unit == 0x2c, "configuration is not JSON");
  }
}

function readString(): string {
  let result = "";
  let from = ++at;
  while (source.charCodeAt(at) != 0x22) {
    if (source.charCodeAt(at) != 0x5c) {
      at++;
      continue;
    }
    result += source.substring(from, at);
    const escape = source.charCodeAt(at + 1);
    if (escape == 0x75) {
      result += String.fromCharCode(<i32>parseInt(source.substring(at + 2, at + 6), 16));
      at += 6;
    } else {
      result += unescape(escape);
      at += 2;
    }
    from = at;
  }
  result += source.substring(from, at);
  at++;
  return result;
}

function unescape(unit: i32): string {
  switch (unit) {
    case 0x6e:
      return "\n";
    case 0x74:
      return "\t";
    case 0x72:
      return "\r";
    case 0x62:
      return "\b";
    case 0x66:
      return "\f";
    default:
      return String.fromCharCode(unit);
  }
}
