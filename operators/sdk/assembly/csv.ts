/** CSV (RFC 4180): where a record ends, where its fields lie, how a field is written. */

/** What a CSV text looks like. */
export class CsvDialect {
  delimiter: u8 = 0x2c;
  /** 0: no quoting. */
  quote: u8 = 0x22;
}

/**
 * Finds the ends of records in bytes that come in chunks; newlines in quotes belong to the field.
 */
export class CsvRecordScanner {
  /** Within quotes. A doubled quote leaves and enters again, which comes to the same. */
  private quoted: bool = false;
  /** Quotes open a field only at its start, elsewhere they are plain characters. */
  private fieldStart: bool = true;

  constructor(
    private dialect: CsvDialect,
    /** Whether a quoted field may hold newlines. */
    private multiline: bool,
  ) {}

  reset(): void {
    this.quoted = false;
    this.fieldStart = true;
  }

  /** Address behind the newline that ends the record begun, or 0 where [start, end) has none. */
  find(start: usize, end: usize): usize {
    const quote = this.dialect.quote;
    const delimiter = this.dialect.delimiter;
    let quoted = this.quoted;
    let fieldStart = this.fieldStart;
    for (let at = start; at < end; at++) {
      const byte = load<u8>(at);
      if (byte == 0x0a && !(quoted && this.multiline)) {
        this.reset();
        return at + 1;
      }
      if (byte == quote && quote != 0) {
        if (quoted) {
          quoted = false;
          // A second quote at once means one quote in the field: it opens the field again.
          fieldStart = true;
          continue;
        }
        if (fieldStart) quoted = true;
      }
      fieldStart = !quoted && byte == delimiter;
    }
    this.quoted = quoted;
    this.fieldStart = fieldStart;
    return 0;
  }
}

/** Where a field lies: u32 start, u32 end (without quotes), u8 flags. */
const FIELD_BYTES: usize = 12;
const FLAG_QUOTED: u8 = 1;
const FLAG_DOUBLED: u8 = 2;

/** The fields of one record. */
export class CsvFields {
  count: i32 = 0;
  error: string = "";
  private fields: usize = 0;
  private capacity: i32 = 0;

  constructor(private dialect: CsvDialect) {}

  start(field: i32): usize {
    return load<u32>(this.fields + <usize>field * FIELD_BYTES);
  }

  end(field: i32): usize {
    return load<u32>(this.fields + <usize>field * FIELD_BYTES, 4);
  }

  quoted(field: i32): bool {
    return (load<u8>(this.fields + <usize>field * FIELD_BYTES, 8) & FLAG_QUOTED) != 0;
  }

  /** Whether the range holds doubled quotes: read it with undouble. */
  doubled(field: i32): bool {
    return (load<u8>(this.fields + <usize>field * FIELD_BYTES, 8) & FLAG_DOUBLED) != 0;
  }

  /** Splits a record (without its newline); false and error where its quotes are wrong. */
  split(start: usize, end: usize): bool {
    const quote = this.dialect.quote;
    const delimiter = this.dialect.delimiter;
    this.count = 0;
    let at = start;
    while (true) {
      if (at < end && quote != 0 && load<u8>(at) == quote) {
        at = this.quotedField(at, end);
        if (at == 0) return false;
      } else {
        const from = at;
        while (at < end && load<u8>(at) != delimiter) at++;
        this.add(from, at, 0);
      }
      if (at == end) return true;
      at++;
    }
  }

  private quotedField(start: usize, end: usize): usize {
    const quote = this.dialect.quote;
    let flags = FLAG_QUOTED;
    let at = start + 1;
    while (true) {
      while (at < end && load<u8>(at) != quote) at++;
      if (at >= end) return this.fail("quoted field without its closing quote");
      if (at + 1 < end && load<u8>(at, 1) == quote) {
        flags |= FLAG_DOUBLED;
        at += 2;
        continue;
      }
      break;
    }
    this.add(start + 1, at, flags);
    at++;
    if (at < end && load<u8>(at) != this.dialect.delimiter) {
      return this.fail("text between a closing quote and the next delimiter");
    }
    return at;
  }

  private fail(reason: string): usize {
    this.error = reason;
    return 0;
  }

  private add(start: usize, end: usize, flags: u8): void {
    if (this.count == this.capacity) {
      this.capacity = this.capacity == 0 ? 16 : this.capacity * 2;
      const bytes = <usize>this.capacity * FIELD_BYTES;
      this.fields = this.fields == 0 ? heap.alloc(bytes) : heap.realloc(this.fields, bytes);
    }
    const field = this.fields + <usize>this.count * FIELD_BYTES;
    this.count++;
    store<u32>(field, <u32>start);
    store<u32>(field, <u32>end, 4);
    store<u8>(field, flags, 8);
  }

  close(): void {
    if (this.fields != 0) heap.free(this.fields);
    this.fields = 0;
    this.capacity = 0;
  }
}

/** Copies [start, end) with doubled quotes made single; answers the length. */
export function undoubleQuotes(target: usize, start: usize, end: usize, quote: u8): i32 {
  let to = target;
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    store<u8>(to++, byte);
    if (byte == quote) at++;
  }
  return <i32>(to - target);
}

/** Bytes that writeCsvField writes at most. */
// @ts-ignore: decorator
@inline
export function csvFieldMax(length: i32): i32 {
  return length * 2 + 2;
}

/** Writes text as a field, in quotes where it needs them (or `force`); answers the length. */
export function writeCsvField(
  target: usize,
  start: usize,
  end: usize,
  dialect: CsvDialect,
  force: bool,
): i32 {
  const quote = dialect.quote;
  let needed = force;
  for (let at = start; at < end && !needed; at++) {
    const byte = load<u8>(at);
    needed = byte == dialect.delimiter || byte == quote || byte == 0x0a || byte == 0x0d;
  }
  if (!needed || quote == 0) {
    memory.copy(target, start, end - start);
    return <i32>(end - start);
  }
  let to = target;
  store<u8>(to++, quote);
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == quote) store<u8>(to++, quote);
    store<u8>(to++, byte);
  }
  store<u8>(to++, quote);
  return <i32>(to - target);
}
