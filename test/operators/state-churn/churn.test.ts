import { expect, test } from "vitest";
import { churn } from "./churn.ts";

test("texts that grow and shrink keep the memory flat (`npm run soak:state` does it 100 M times)", async () => {
  const { warmPages, endPages } = await churn({ updates: 1_500_000, keys: 500, seed: 7 });
  expect(warmPages).toBeGreaterThan(0);
  expect(endPages).toBe(warmPages);
});
