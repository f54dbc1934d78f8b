/** A property over random streams, outside of a test runner too. */
import { deepStrictEqual } from "node:assert/strict";
import type { IProperty } from "fast-check";

// biome-ignore lint/suspicious/noExplicitAny: of any scenario
export type StreamProperty = IProperty<any>;

/** @throws AssertionError with what differs */
export function expectEqual(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected);
}
