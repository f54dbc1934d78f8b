/**
 * How values of one type lie in state: numbers and BOOLEAN as they are, text and rows as canonical
 * cells (row-layout.ts). A slot is what an entry holds of a value: the value itself where its
 * length is fixed, else {u32 address, u32 length} of bytes outside.
 *
 * One class for all types: `T` is a number, bool, Text or a `@row` class, and what is not of use
 * for it is not compiled.
 */
import { RowView } from "../row";
import { scratchBytes, Text, textAt } from "../text";
import { ByteBuffer } from "./byte-buffer";
import { writeKeyField, readKeyField } from "./key-field";
import {
  FIELD_BOOL,
  FIELD_F32,
  FIELD_F64,
  FIELD_I16,
  FIELD_I32,
  FIELD_I64,
  FIELD_I8,
  RowLayout,
} from "./row-layout";

const REFERENCE_BYTES: i32 = 8;

export class ValueCodec<T> {
  /** Bytes of a slot, a multiple of 8. */
  slotBytes: i32 = REFERENCE_BYTES;
  /** Whether a slot holds the value itself. */
  isFixed: bool = true;
  /** The type, for snapshots. */
  typeText: string = "";
  /** Bytes outside of entries, of all slots together. */
  held: u64 = 0;
  private view: T;
  private layout: RowLayout | null = null;
  /** A copy of the cell that was read last: what the author changes in it is not in the state. */
  private cell: ByteBuffer = new ByteBuffer();
  /** A cell on its way into state: the value may be the view on `cell`. */
  private made: ByteBuffer = new ByteBuffer();

  constructor() {
    if (isManaged<T>()) {
      const view = instantiate<T>();
      const layout = view.__layout();
      this.view = view;
      this.layout = layout;
      this.isFixed = layout.isFixed;
      if (layout.isFixed) this.slotBytes = layout.fixedBytes;
      this.typeText = layout.typeText;
    } else if (isReference<T>()) {
      this.view = changetype<T>(textAt(0, 0));
      this.isFixed = false;
      this.typeText = "STRING";
    } else {
      this.typeText = numberType<T>();
    }
  }

  /** The value of a slot. Text and rows are valid until the row ends or the slot is written. */
  read(slot: usize): T {
    if (isManaged<T>()) {
      if (this.isFixed) return this.readAt(slot, this.slotBytes);
      return this.readAt(<usize>load<u32>(slot), load<i32>(slot, 4));
    } else if (isReference<T>()) {
      return this.readAt(<usize>load<u32>(slot), load<i32>(slot, 4));
    } else {
      return load<T>(slot);
    }
  }

  /** The value whose bytes, as store() wrote them, lie at `start`. */
  readAt(start: usize, length: i32): T {
    if (isManaged<T>()) {
      this.cell.clear();
      const copy = this.cell.room(length);
      memory.copy(copy, start, length);
      this.view.__attachCell(copy);
      return this.view;
    } else if (isReference<T>()) {
      return changetype<T>(textAt(start, length));
    } else {
      return load<T>(start);
    }
  }

  /** The value of a slot that is about to be freed: valid until the row ends. */
  readOut(slot: usize): T {
    if (isReference<T>() && !isManaged<T>()) {
      const length = load<i32>(slot, 4);
      const copy = scratchBytes(length);
      memory.copy(copy, <usize>load<u32>(slot), length);
      return changetype<T>(textAt(copy, length));
    }
    return this.read(slot);
  }

  /** A value that stands for none: 0, false, an empty text, a row of nulls and zeros. */
  absent(): T {
    if (isManaged<T>()) {
      const bytes = this.layout!.fixedBytes;
      this.cell.clear();
      memory.fill(this.cell.room(bytes), 0, bytes);
      this.view.__attachCell(this.cell.start);
      return this.view;
    } else if (isReference<T>()) {
      return changetype<T>(textAt(0, 0));
    } else {
      return <T>0;
    }
  }

  /** Writes a slot; what it held outside of the entry is freed or used again. */
  write(slot: usize, value: T): void {
    if (isManaged<T>()) {
      if (this.isFixed) {
        value.__storeCell(slot);
        return;
      }
      const length = value.__cellBytes();
      const made = this.madeCell(length);
      value.__storeCell(made);
      this.replace(slot, made, length);
    } else if (isReference<T>()) {
      const text = changetype<Text>(value);
      this.replace(slot, text.start, text.length);
    } else if (isFloat<T>()) {
      // All NaNs are one: equal values, equal bytes.
      if (sizeof<T>() < 8) store<u64>(slot, 0);
      store<T>(slot, value == value ? value : <T>NaN);
    } else {
      if (sizeof<T>() < 8) store<u64>(slot, 0);
      store<T>(slot, value);
    }
  }

  /** Frees what a slot refers to and empties it. */
  free(slot: usize): void {
    if (!this.isFixed) {
      const at = <usize>load<u32>(slot);
      if (at != 0) {
        this.held -= capacityFor(load<i32>(slot, 4));
        heap.free(at);
      }
    }
    memory.fill(slot, 0, this.slotBytes);
  }

  /** Bytes of a slot's value in a snapshot. */
  storedBytes(slot: usize): i32 {
    if (!this.isFixed) return load<i32>(slot, 4);
    if (isManaged<T>()) return this.slotBytes;
    return sizeof<T>();
  }

  store(slot: usize, target: usize): void {
    const source = this.isFixed ? slot : <usize>load<u32>(slot);
    memory.copy(target, source, this.storedBytes(slot));
  }

  /** Reads what store() wrote into an empty slot. */
  load(slot: usize, source: usize, length: i32): void {
    if (this.isFixed) memory.copy(slot, source, length);
    else this.replace(slot, source, length);
  }

  /** Appends the canonical key encoding of a value. */
  writeKey(value: T, key: ByteBuffer): void {
    if (isManaged<T>()) {
      const made = this.madeCell(value.__cellBytes());
      value.__storeCell(made);
      this.layout!.writeKey(made, key);
    } else if (isReference<T>()) {
      const text = changetype<Text>(value);
      key.append(text.start, text.length);
    } else {
      this.cell.clear();
      const made = this.cell.room(8);
      store<T>(made, value);
      writeKeyField(fieldKind<T>(), made, 0, true, key);
    }
  }

  /** The value of an encoded key. */
  readKey(start: usize, length: i32): T {
    if (isManaged<T>()) {
      this.layout!.readKey(start, length, this.cell);
      this.view.__attachCell(this.cell.start);
      return this.view;
    } else if (isReference<T>()) {
      return changetype<T>(textAt(start, length));
    } else {
      this.cell.clear();
      this.cell.room(8);
      readKeyField(fieldKind<T>(), start, start + <usize>length, true, this.cell, 0);
      return load<T>(this.cell.start);
    }
  }

  /** Makes the slot's bytes outside those at `source`. */
  private replace(slot: usize, source: usize, length: i32): void {
    const old = <usize>load<u32>(slot);
    const before = old == 0 ? 0 : capacityFor(load<i32>(slot, 4));
    const wanted = capacityFor(length);
    let target = old;
    if (wanted != before) {
      target = heap.alloc(wanted);
      this.held += wanted - before;
    }
    memory.copy(target, source, length);
    if (old != 0 && target != old) heap.free(old);
    store<u32>(slot, <u32>target);
    store<i32>(slot, length, 4);
  }

  private madeCell(length: i32): usize {
    this.made.clear();
    return this.made.room(length);
  }
}

/** Bytes allocated for a value of a length: steps of a quarter, so that one that grows a little stays. */
function capacityFor(length: i32): i32 {
  if (length <= 16) return 16;
  const step = (1 << (29 - clz(length))) | 0;
  const unit = max(8, step);
  return (length + unit - 1) & ~(unit - 1);
}

// @ts-ignore: decorator
@inline
function fieldKind<T>(): u8 {
  if (isBoolean<T>()) return FIELD_BOOL;
  if (isFloat<T>()) return sizeof<T>() == 4 ? FIELD_F32 : FIELD_F64;
  if (sizeof<T>() == 1) return FIELD_I8;
  if (sizeof<T>() == 2) return FIELD_I16;
  return sizeof<T>() == 4 ? FIELD_I32 : FIELD_I64;
}

function numberType<T>(): string {
  switch (fieldKind<T>()) {
    case FIELD_BOOL:
      return "BOOLEAN";
    case FIELD_I8:
      return "TINYINT";
    case FIELD_I16:
      return "SMALLINT";
    case FIELD_I32:
      return "INT";
    case FIELD_I64:
      return "BIGINT";
    case FIELD_F32:
      return "FLOAT";
    default:
      return "DOUBLE";
  }
}
