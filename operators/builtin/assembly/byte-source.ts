/**
 * Base of the sources over bytes: cuts the chunks of a split into records, which may cross chunks.
 *
 * Splits by byte range follow Hadoop's LineRecordReader, as Flink's do: a split that does not
 * start at 0 skips through its first newline, and a split reads every record that starts at or
 * before its `end`, whatever lies behind. So each record is read by one split only, wherever the
 * cut falls.
 */
import { parseJson } from "../../sdk/assembly/config-json";
import { Status } from "../../sdk/assembly/layout";
import { Operator, collectBetweenRows } from "../../sdk/assembly/operator";

/** Longest record: src/protocol/limits.ts RECORD_MAX_BYTES. */
const RECORD_MAX_BYTES: usize = 16 * 1024 * 1024;
const UNLIMITED: i64 = i64.MAX_VALUE;
/** RESULT.code of a record that is longer than RECORD_MAX_BYTES. */
const RECORD_TOO_LONG: i32 = 1;

export abstract class ByteSource extends Operator {
  /** Byte offset in the file of the record being cut. */
  recordStart: i64 = 0;
  /** Records seen in the split, the first being 0. */
  recordIndex: i64 = 0;
  private limit: i64 = UNLIMITED;
  /** Skips through the first newline. */
  private skipping: bool = false;
  /** Position in the chunk of the present call. */
  private cursor: usize = 0;
  private finished: bool = false;
  /** Start of a record whose end has not come yet. */
  private carry: usize = 0;
  private carryBytes: usize = 0;
  private carryCapacity: usize = 0;
  /** The record is too long: its bytes are passed over up to the next newline. */
  private tooLong: bool = false;
  private passedBytes: usize = 0;

  /** Address behind the newline that ends the record, or 0; keeps state between chunks. */
  abstract findEnd(start: usize, end: usize): usize;

  /** Forgets what findEnd kept. */
  abstract resetScanner(): void;

  /** Whether a split may start in the middle of a file. */
  splittable(): bool {
    return true;
  }

  /**
   * Emits the record [start, end), without its newline; false where it failed (result says why).
   */
  abstract record(start: usize, end: usize): bool;

  sourceAssign(start: usize, length: i32): i32 {
    const split = parseJson(start, length);
    this.recordStart = split.get("start").long(0);
    this.limit = split.get("end").long(UNLIMITED);
    this.skipping = this.recordStart > 0;
    if (this.skipping && !this.splittable()) {
      return this.refuse("these records may hold newlines: the file cannot be read in splits");
    }
    this.recordIndex = 0;
    this.cursor = 0;
    this.carryBytes = 0;
    this.passedBytes = 0;
    this.tooLong = false;
    this.finished = false;
    this.resetScanner();
    return Status.DONE;
  }

  sourceBytes(start: usize, length: i32, last: bool, budget: i32): i32 {
    const end = start + <usize>length;
    let left = max(budget, 1);
    while (true) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (this.finished || this.recordStart > this.limit) return this.finish();
      if (left <= 0) return Status.SLICE_OVER;
      const from = start + this.cursor;
      const to = this.findEnd(from, end);
      if (to == 0) {
        this.keep(from, end);
        this.cursor = <usize>length;
        if (!last) {
          this.cursor = 0;
          return Status.DONE;
        }
        this.finished = true;
        if (this.carryBytes == 0 && !this.passing) continue;
      }
      this.cursor = (to == 0 ? end : to) - start;
      left -= 2;
      collectBetweenRows(1);
      if (!this.emit(from, to)) return this.failRecord();
    }
  }

  /** Emits the record whose last bytes are [from, to); to = 0: all of it has been kept. */
  private emit(from: usize, to: usize): bool {
    let start = from;
    let end = to;
    if (this.carryBytes > 0 || to == 0 || this.passing) {
      if (to != 0) this.keep(from, to);
      start = this.carry;
      end = start + this.carryBytes;
    }
    const bytes = this.passing ? this.passedBytes : end - start;
    let emitted = true;
    if (this.skipping) {
      this.skipping = false;
    } else if (this.tooLong) {
      this.result.code = RECORD_TOO_LONG;
      this.result.say(
        "record of more than " + RECORD_MAX_BYTES.toString() + " bytes" + this.place(),
      );
      this.recordIndex++;
      emitted = false;
    } else {
      emitted = this.emitRange(start, end);
    }
    this.recordStart += bytes;
    this.carryBytes = 0;
    this.passedBytes = 0;
    this.tooLong = false;
    return emitted;
  }

  /** Emits a record without its newline, and without the byte order mark of the file. */
  private emitRange(from: usize, to: usize): bool {
    let start = from;
    let end = to;
    if (end > start && load<u8>(end - 1) == 0x0a) {
      end--;
      if (end > start && load<u8>(end - 1) == 0x0d) end--;
    }
    if (this.recordStart == 0 && end - start >= 3 && hasMark(start)) start += 3;
    this.result.code = 0;
    this.rowsIn++;
    const emitted = this.record(start, end);
    this.recordIndex++;
    return emitted;
  }

  /** Bytes are counted, not kept: before the first newline of a split, or in a record too long. */
  private get passing(): bool {
    return this.tooLong || this.skipping;
  }

  /** Where the present record lies, for messages. */
  place(): string {
    return " at byte " + this.recordStart.toString();
  }

  private failRecord(): i32 {
    this.rowsFailed++;
    this.result.row = <i32>this.recordIndex - 1;
    return Status.ROW_FAILED;
  }

  private finish(): i32 {
    this.cursor = 0;
    this.finished = true;
    this.carryBytes = 0;
    return Status.FINISHED;
  }

  private keep(from: usize, to: usize): void {
    const bytes = to - from;
    if (this.passing) {
      this.passedBytes += bytes;
      return;
    }
    const wanted = this.carryBytes + bytes;
    if (wanted > RECORD_MAX_BYTES) {
      this.tooLong = true;
      this.passedBytes = wanted;
      this.carryBytes = 0;
      return;
    }
    if (wanted > this.carryCapacity) {
      this.carryCapacity = max(wanted, this.carryCapacity * 2);
      this.carry =
        this.carry == 0
          ? heap.alloc(this.carryCapacity)
          : heap.realloc(this.carry, this.carryCapacity);
    }
    memory.copy(this.carry + this.carryBytes, from, bytes);
    this.carryBytes = wanted;
  }

  close(): void {
    if (this.carry != 0) heap.free(this.carry);
    this.carry = 0;
  }
}

/** Whether a UTF-8 byte order mark stands there. */
function hasMark(at: usize): bool {
  return load<u16>(at) == 0xbbef && load<u8>(at, 2) == 0xbf;
}

/** Address behind the first newline in [start, end), or 0. */
export function findNewline(start: usize, end: usize): usize {
  let at = start;
  while (at + 16 <= end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x0a)));
    if (mask != 0) return at + <usize>ctz(mask) + 1;
    at += 16;
  }
  for (; at < end; at++) if (load<u8>(at) == 0x0a) return at + 1;
  return 0;
}
