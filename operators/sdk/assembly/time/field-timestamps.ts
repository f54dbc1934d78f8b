/** Event time from a column of the rows. */
import { BatchReader, bitAt } from "../batch-reader";
import { JsonValue } from "../config-json";
import { TYPE_BIGINT, TYPE_TIMESTAMP, TYPE_TIMESTAMP_LTZ } from "../layout";
import { OpenStream } from "../open-config";
import { unitsPerSecond } from "../text-time";

/** Reads ms from a BIGINT column, whose unit a parameter tells, or a TIMESTAMP column, which has its own. */
export class FieldTimestamps {
  node: i32 = -1;
  /** A stored value is ms times `divisor`, or seconds where it is 0. */
  private divisor: i64 = 1;
  private data: usize = 0;
  private validity: usize = 0;

  /** Parameters `field` and `unit`; answers what is wrong with them. */
  open(parameters: JsonValue, input: OpenStream): string | null {
    const name = parameters.get("field").string("");
    this.node = input.indexOf(name);
    if (this.node < 0) return "field must name a column of the input: " + name;
    const column = input.columns[this.node];
    if (column.type == TYPE_TIMESTAMP || column.type == TYPE_TIMESTAMP_LTZ) {
      this.divisor = unitsPerSecond(column.p1) / 1000;
      return null;
    }
    if (column.type != TYPE_BIGINT) return "field must be BIGINT, TIMESTAMP or TIMESTAMP_LTZ: " + name;
    const unit = parameters.get("unit").string("ms");
    const known = ["s", "ms", "us", "ns"].indexOf(unit);
    if (known < 0) return "unit must be s, ms, us or ns: " + unit;
    this.divisor = known == 0 ? 0 : known == 1 ? 1 : known == 2 ? 1000 : 1000000;
    return null;
  }

  attach(reader: BatchReader): void {
    this.data = reader.data(this.node);
    this.validity = reader.validity(this.node);
  }

  /** Whether a row of the attached batch has no time. */
  // @ts-ignore: decorator
  @inline
  isNull(row: i32): bool {
    return this.validity != 0 && !bitAt(this.validity, row);
  }

  /** ms of a row of the attached batch, saturating at the ends of the range. */
  // @ts-ignore: decorator
  @inline
  at(row: i32): i64 {
    const value = load<i64>(this.data + ((<usize>row) << 3));
    const divisor = this.divisor;
    if (divisor == 1) return value;
    if (divisor == 0) {
      if (value > i64.MAX_VALUE / 1000) return i64.MAX_VALUE;
      return value < i64.MIN_VALUE / 1000 ? i64.MIN_VALUE : value * 1000;
    }
    const quotient = value / divisor;
    return quotient - <i64>(value % divisor < 0);
  }
}
