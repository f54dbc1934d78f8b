/** Reads a WebAssembly binary forward, never past its end. */
import { MillraceError } from "../errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A cursor over [offset, end) of a byte array; every read is checked against `end`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;
  /** What is being read, for messages: `section 2 (import)`. */
  readonly place: string;

  constructor(bytes: Uint8Array, offset: number, end: number, place: string) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.place = place;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    if (this.offset >= this.end) throw this.truncated(1);
    return this.bytes[this.offset++]!;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw this.malformed("a number has more than 32 bits");
  }

  /** Unsigned LEB128 of at most 64 bits: limits of a 64-bit memory. */
  u64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw this.malformed("a number has more than 64 bits");
  }

  /** Steps over a LEB128 number of at most five bytes, whose value does not matter. */
  skipLeb(): void {
    for (let i = 0; i < 5; i++) if (this.byte() < 0x80) return;
    throw this.malformed("a number has more than 35 bits");
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.offset) throw this.truncated(length);
    const part = this.bytes.subarray(this.offset, this.offset + length);
    this.offset += length;
    return part;
  }

  name(): string {
    const part = this.take(this.u32());
    try {
      return utf8.decode(part);
    } catch (cause) {
      throw this.malformed("a name is not UTF-8", cause);
    }
  }

  /** A count of things of at least one byte each, so it cannot exceed the bytes left. */
  count(): number {
    const count = this.u32();
    if (count > this.end - this.offset) throw this.truncated(count);
    return count;
  }

  malformed(state: string, cause?: unknown): MillraceError {
    return new MillraceError(
      "BUNDLE_MALFORMED",
      `Cannot read bundle: ${this.place}, offset ${this.offset}: ${state}`,
      {
        field: this.place,
        expected: "a valid WebAssembly 1.0 module (with SIMD, bulk memory)",
        cause,
      },
    );
  }

  private truncated(wanted: number): MillraceError {
    return new MillraceError(
      "BUNDLE_TRUNCATED",
      `Cannot read bundle: ${this.place} ends at ${this.end}, ${wanted} more bytes wanted at ${this.offset}`,
      { field: this.place, value: `${this.bytes.length} bytes`, expected: "the whole file" },
    );
  }
}
