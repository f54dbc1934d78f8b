/** Arrays of one-file functions: a head and elements in the row's memory (ECMA-262, Array objects). */
import { cells, fail } from "./js-memory";
import { JsBig, undefinedNumber } from "./js-number";
import { UNDEFINED_AT } from "./js-string";

const ARRAY_MAX: i32 = 0x7ffffff;

/** What stands for null and undefined where a boolean is expected. */
export const NULL_FLAG: i32 = 2;
export const UNDEFINED_FLAG: i32 = 3;

@unmanaged
export class JsArray<T> {
  start: usize;
  length: i32;
  capacity: i32;

  static create<T>(capacity: i32): JsArray<T> {
    const array = changetype<JsArray<T>>(cells(16));
    array.start = cells((<usize>capacity) * sizeof<T>());
    array.length = 0;
    array.capacity = capacity;
    return array;
  }

  // @ts-ignore: decorator
  @inline
  push(value: T): void {
    if (this.length == this.capacity) this.grow();
    store<T>(this.start + (<usize>this.length) * sizeof<T>(), value);
    this.length++;
  }

  private grow(): void {
    const capacity = max(this.capacity * 2, 8);
    if (capacity > ARRAY_MAX) {
      fail("RangeError: Invalid array length");
      this.length = 0;
      return;
    }
    const start = cells((<usize>capacity) * sizeof<T>());
    memory.copy(start, this.start, (<usize>this.length) * sizeof<T>());
    this.start = start;
    this.capacity = capacity;
  }

  /** The element at `index`, 0 <= index < length. */
  // @ts-ignore: decorator
  @inline
  at(index: i32): T {
    return load<T>(this.start + (<usize>index) * sizeof<T>());
  }

  // @ts-ignore: decorator
  @inline
  set(index: i32, value: T): void {
    store<T>(this.start + (<usize>index) * sizeof<T>(), value);
  }

  /** a[index] = value, where the array has no holes afterwards; else the row fails. */
  assign(index: f64, value: T): void {
    const at = <i32>index;
    if (<f64>at != index || at < 0 || at > this.length) {
      fail("an array element behind the end was assigned: the array would have holes");
    } else if (at == this.length) this.push(value);
    else this.set(at, value);
  }

  /** Array.prototype.slice; positions have been clamped to i32. */
  slice(from: i32, to: i32): JsArray<T> {
    const begin = from < 0 ? max(this.length + from, 0) : min(from, this.length);
    const end = to < 0 ? max(this.length + to, 0) : min(to, this.length);
    const count = max(end - begin, 0);
    const result = JsArray.create<T>(max(count, 4));
    memory.copy(
      result.start,
      this.start + (<usize>begin) * sizeof<T>(),
      (<usize>count) * sizeof<T>(),
    );
    result.length = count;
    return result;
  }

  /** Adds all elements of another array. */
  append(other: JsArray<T>): void {
    const count = other.length;
    for (let i = 0; i < count; i++) this.push(other.at(i));
  }

  /** Array.prototype.reverse */
  reverse(): JsArray<T> {
    for (let i = 0, j = this.length - 1; i < j; i++, j--) {
      const value = this.at(i);
      this.set(i, this.at(j));
      this.set(j, value);
    }
    return this;
  }
}

/** Index of an element as an integer, -1 where there is none. */
// @ts-ignore: decorator
@inline
export function place(length: i32, index: f64): i32 {
  const at = <i32>index;
  return <f64>at == index && <u32>at < <u32>length ? at : -1;
}

/** The same for an integer. */
// @ts-ignore: decorator
@inline
export function within(length: i32, index: i32): i32 {
  return <u32>index < <u32>length ? index : -1;
}

/** Index for at(): counted from the end where it is negative; -1 where there is none. */
export function placeFromEnd(length: i32, index: f64): i32 {
  const whole = <i32>index;
  const at = whole < 0 ? whole + length : whole;
  return <u32>at < <u32>length ? at : -1;
}

/** a[i] of numbers, null and undefined included. */
// @ts-ignore: decorator
@inline
export function elementNumber(array: JsArray<f64>, at: i32): f64 {
  return at < 0 ? undefinedNumber() : array.at(at);
}

/** a[i] of strings, arrays, objects. */
// @ts-ignore: decorator
@inline
export function elementReference<T>(array: JsArray<T>, at: i32): T {
  return at < 0 ? changetype<T>(UNDEFINED_AT) : array.at(at);
}

/** a[i] of booleans, as a flag. */
// @ts-ignore: decorator
@inline
export function elementFlag<T>(array: JsArray<T>, at: i32): i32 {
  return at < 0 ? UNDEFINED_FLAG : <i32>array.at(at);
}

/** a[i] of bigints, in a cell. */
export function elementBig(array: JsArray<i64>, at: i32): JsBig {
  return at < 0 ? changetype<JsBig>(UNDEFINED_AT) : bigCell(array.at(at));
}

/** A bigint where it may be null or undefined. */
export function bigCell(value: i64): JsBig {
  const cell = changetype<JsBig>(cells(8));
  cell.value = value;
  return cell;
}

/** === of bigints that may be null or undefined. */
export function sameBig(a: JsBig, b: JsBig): bool {
  if (changetype<usize>(a) <= UNDEFINED_AT || changetype<usize>(b) <= UNDEFINED_AT) {
    return changetype<usize>(a) == changetype<usize>(b);
  }
  return a.value == b.value;
}
