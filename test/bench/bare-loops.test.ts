import { describe, expect, test } from "vitest";
import {
  EXCHANGE_DEFAULTS,
  runBareExchange,
  type Shape,
  type Transport,
} from "../../bench/bare/exchange.ts";
import { runExchangeChallenger } from "../../bench/bare/exchange-challenger.ts";
import { countWindow, type TextKernel } from "../../bench/bare/text.ts";
import { readNovel } from "../../bench/novel.ts";

const ROWS = 200_000;
// By rows, not by time: a busy machine may let a second pass without running either thread.
const SHORT = { ...EXCHANGE_DEFAULTS, seconds: 0, warmUpSeconds: 0, leastEvents: ROWS };

describe("bare exchange loop", () => {
  const cases: [Shape, Transport][] = [
    ["square", "sync"],
    ["square", "events"],
    ["pipe", "sync"],
    ["pipe", "events"],
  ];
  // The run itself compares count and sum of all windows with what was generated, and throws.
  test.each(cases)("loses no row as %s over %s", async (shape, transport) => {
    const figures = await runBareExchange({ ...SHORT, shape, transport });
    expect(figures.events).toBeGreaterThanOrEqual(ROWS);
  });

  test.each(["square", "pipe"] as const)("loses no row as %s in shared memory", async (shape) => {
    const figures = await runExchangeChallenger({ ...SHORT, shape });
    expect(figures.events).toBeGreaterThanOrEqual(ROWS);
  });
});

describe.each(["text", "text-challenger"] as const)("bare word count %s", (kernel: TextKernel) => {
  test("counts words of every length, letter case and place", async () => {
    const long = "Supercalifragilisticexpialidocious";
    const text = `A a ${long} b2b sixteen-letterss ABCDEFGHIJKLMNOP abcdefghijklmnopq\n\n\u00e9t\u00e9 Eight888eighteig ${long.toUpperCase()}\nend`;
    expect(await countWindow(text, kernel)).toEqual(referenceCounts(text));
  });

  test("agrees with a plain count over 1,000 lines of the novel", async () => {
    const lines = (await readNovel()).split("\n").slice(0, 1000).join("\n");
    expect(await countWindow(`${lines}\n`, kernel)).toEqual(referenceCounts(lines));
  });

  test("ends a window with its 1,000th line", async () => {
    const text = `${"x y\n".repeat(1000)}later\n`;
    expect(await countWindow(text, kernel)).toEqual(
      new Map([
        ["x", 1000],
        ["y", 1000],
      ]),
    );
  });
});

function referenceCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(/[A-Za-z]+/g)) {
    const key = word.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
