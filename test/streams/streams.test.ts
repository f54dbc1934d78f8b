/** A share of the random streams of `npm run streams`, which runs as many as one wants. */
import fc from "fast-check";
import { test } from "vitest";
import { STREAM_KINDS } from "./stream-kinds.ts";

const SHARE = 1_000;

test.each(Object.entries(STREAM_KINDS))("%s give what the naive model gives", async (_, open) => {
  fc.assert(await open(), { numRuns: SHARE, seed: 7 });
});
