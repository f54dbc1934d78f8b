/** Stands for vitest in the snippets of a page: their tests are collected, and run one by one. */
export { expect } from "vitest";

type Run = () => unknown;

/** What a test file of a page has declared since the last look. */
export const collected = {
  tests: [] as { name: string; run: Run }[],
  before: [] as Run[],
  after: [] as Run[],
};

export function test(name: string, run: Run): void {
  collected.tests.push({ name, run });
}
export function beforeAll(run: Run): void {
  collected.before.push(run);
}
export function afterAll(run: Run): void {
  collected.after.push(run);
}
