/** Values as the lowering hands them about: an expression of the generated code, and what is known. */
import type { LogicalType } from "../protocol/types.ts";
import type { ValueType } from "./value-type.ts";

export interface Value {
  /** An expression of the generated language whose type is that of `type` (Program.nativeType). */
  readonly code: string;
  readonly type: ValueType;
  /** Whether it may be evaluated later, or more than once, and gives the same. */
  readonly stable: boolean;
  /** What it is, where that is known now. */
  readonly literal?: string | number | boolean | bigint;
  /** An expression of 32 bits with the same value, where a number is known to be such. */
  readonly integer?: string;
  /** Fields of an object that need not exist as one. */
  readonly parts?: ReadonlyMap<string, Value>;
  /** The column's own value, for passing it on. */
  readonly raw?: string;
  /** The type of `raw`, where that of the value does not say it. */
  readonly rawSql?: LogicalType;
  /** For a nullable column, whether it is null, an expression. */
  readonly rawIsNull?: string;
  /** The code of an optional value where it is known to be there, if that is simpler. */
  readonly there?: string;
  /** Names the place that it was read from: tests narrow what later reads of it give. */
  readonly path?: string;
  /** A text and the byte between its parts: of a split whose array need not be made. */
  readonly sequence?: { readonly text: string; readonly byte: number };
  /** An array literal without elements: it takes any element type. */
  readonly isEmptyArray?: boolean;
}
