import { runLocally } from "millrace";
import { expect, test } from "vitest";

test("counts the longer words of each ten lines", async () => {
  const rows = await runLocally("job.ts", ["data/lines.txt"]);
  const first = rows.filter((row) => row.window_start === "1970-01-01 00:00:01.000");
  const counts = Object.fromEntries(first.map((row) => [row.word, row.count]));
  expect(counts).toMatchObject({ river: 3, mill: 2, stone: 2 });
  expect(counts).not.toHaveProperty("the");
});
