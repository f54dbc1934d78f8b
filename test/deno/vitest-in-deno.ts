/**
 * As much of vitest as test files need that run under Deno as they are (import-map.json puts this
 * in its place): vitest itself runs on Node only.
 */
import assert from "node:assert/strict";

type Body = () => void | Promise<void>;

interface Case {
  readonly name: string;
  readonly body: Body;
}

const cases: Case[] = [];
const path: string[] = [];

/** Runs what the imported files have registered; answers the names of those that failed. */
export async function runTests(): Promise<{ passed: number; failed: string[] }> {
  const failed: string[] = [];
  for (const { name, body } of cases) {
    try {
      await body();
    } catch (thrown) {
      failed.push(`${name}: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
  }
  return { passed: cases.length - failed.length, failed };
}

function register(name: string, body: Body): void {
  cases.push({ name: [...path, name].join(" > "), body });
}

function group(name: string, body: () => void): void {
  path.push(name);
  body();
  path.pop();
}

/** `each` for rows that are objects, lists of arguments, or single values. */
function eachOf(add: (name: string, body: Body) => void) {
  return (rows: readonly unknown[]) => (name: string, body: (...args: never[]) => void) => {
    for (const [index, row] of rows.entries()) {
      const args = (Array.isArray(row) ? row : [row]) as never[];
      add(`${name} #${index}`, () => body(...args));
    }
  };
}

export const test = Object.assign(register, { each: eachOf(register) });
export const describe = Object.assign(group, { each: eachOf(group as typeof register) });

type Matcher = (...args: never[]) => void;

function matchersOf(value: unknown) {
  return {
    toBe: (expected: unknown) => assert.ok(Object.is(value, expected), unequal(value, expected)),
    // Like vitest's toEqual: prototypes and properties that are undefined do not count.
    toEqual: (expected: unknown) => assert.deepEqual(plain(value), plain(expected)),
    toBeUndefined: () => assert.equal(value, undefined),
    toBeGreaterThan: (least: number) => assert.ok((value as number) > least, `${value}`),
    toContain: (part: unknown) => {
      assert.ok((value as { includes(part: unknown): boolean }).includes(part), String(value));
    },
    toHaveLength: (length: number) => assert.equal((value as { length: number }).length, length),
    toMatch: (pattern: RegExp) => assert.match(value as string, pattern),
    toThrow: (expected?: string | RegExp) => {
      assert.throws(value as () => void, (thrown: Error) => {
        if (typeof expected === "string") return thrown.message.includes(expected);
        return expected?.test(thrown.message) ?? true;
      });
    },
  } satisfies Record<string, Matcher>;
}

type Matchers = ReturnType<typeof matchersOf>;

export function expect(value: unknown, _hint?: string): Matchers & { readonly not: Matchers } {
  const matchers = matchersOf(value);
  const entries = Object.entries(matchers) as [keyof Matchers, Matcher][];
  const not = entries.map(([name, matcher]) => [
    name,
    (...args: never[]) => assert.throws(() => matcher(...args), `not ${name}`),
  ]);
  return { ...matchers, not: Object.fromEntries(not) };
}

function unequal(value: unknown, expected: unknown): string {
  return `expected ${String(expected)}, got ${String(value)}`;
}

/** Without what toEqual ignores. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof Map || value instanceof Set) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item)]));
}
