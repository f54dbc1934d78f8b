/** Access to one value of a JSON text: the author's face of json-reader.ts. */
import { parseFloat64, parsedFloat } from "./float-parser";
import { JsonKind, JsonReader, unescapeJson } from "./json-reader";
import { Text, scratchBytes, textAt } from "./text";

/**
 * A path such as `device.tags[0].name`, made once (in a field of the operator) and read from each
 * row's text.
 *
 *     const name = new JsonPath("device.tags[0].name");
 *     if (name.find(word)) word = name.text();
 *
 * @throws OPERATOR_FAILED for a path that is none
 */
export class JsonPath {
  private reader: JsonReader = new JsonReader();
  private slot: i32;

  /** Of a path as above; a malformed one traps. */
  constructor(path: string) {
    this.slot = this.reader.want(path);
    assert(this.slot >= 0, "not a JSON path: " + path);
  }

  /** Whether the text is JSON and has a value there that is not null. */
  find(json: Text): bool {
    if (!this.reader.read(json.start, json.start + <usize>json.length)) return false;
    return this.reader.kind(this.slot) > JsonKind.NULL;
  }

  /** The value found: a string without quotes and escapes, anything else as it is written. */
  text(): Text {
    const start = this.reader.start(this.slot);
    const end = this.reader.finish(this.slot);
    const length = <i32>(end - start);
    if (this.reader.kind(this.slot) != JsonKind.ESCAPED) return textAt(start, length);
    const target = scratchBytes(length);
    return textAt(target, max(0, unescapeJson(target, start, end)));
  }

  /** The number found, if it is an integer that fits 64 bits; else `otherwise`. */
  long(otherwise: i64 = 0): i64 {
    if (this.reader.kind(this.slot) != JsonKind.NUMBER) return otherwise;
    return this.text().parseInt(otherwise);
  }

  /** The number found as a double; else `otherwise`. */
  double(otherwise: f64 = NaN): f64 {
    if (this.reader.kind(this.slot) != JsonKind.NUMBER) return otherwise;
    const found = this.reader.start(this.slot);
    return parseFloat64(found, this.reader.finish(this.slot)) ? parsedFloat : otherwise;
  }

  /** Whether the value found is `true`. */
  isTrue(): bool {
    return this.reader.kind(this.slot) == JsonKind.TRUE;
  }
}
