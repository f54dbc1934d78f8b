/** The word count that the tests under Deno run, and what it must give. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JobSpecInput } from "../../src/plan/job-spec.ts";
import { Bundle } from "../../src/plan/operator-handle.ts";
import { files, textLines } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { WatermarkStrategy } from "../../src/plan/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../../src/plan/window-assigners.ts";
import { count } from "../../src/plan/windows.ts";
import { inspectBundle } from "../../src/protocol/bundle/inspect.ts";

export const WORD_COUNT = fileURLToPath(new URL("../../build/word-count.wasm", import.meta.url));

const VERSE = "The whale, the whale!\nCall me Ishmael; call it the sea.\n\nthe END\n";
export const TEXT = VERSE.repeat(500);

/** The bundle, by its hash and self-description. */
export function wordCountBundle(): Bundle {
  const { hash, manifest } = inspectBundle(readFileSync(WORD_COUNT));
  return new Bundle(hash, manifest);
}

/** Words of each thousand lines, over two subtasks; line n has event time n seconds. */
export function wordCountSpec(input: string): JobSpecInput {
  const env = new StreamExecutionEnvironment().setParallelism(2);
  env
    .fromSource(
      textLines(files(input), { lineNumber: true }),
      WatermarkStrategy.forMonotonousTimestamps().withTimestampField("line_number", "s"),
    )
    .flatMap(wordCountBundle().operator("SplitWords"))
    .keyBy("word")
    .window(TumblingEventTimeWindows.of(1_000_000))
    .aggregate(count())
    .collect();
  return env.toJobSpec("word count");
}

/** Sums of the counts in JSON lines, by word. */
export function countsOf(lines: string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const row = JSON.parse(line) as { word: string; count: number };
    counts.set(row.word, (counts.get(row.word) ?? 0) + row.count);
  }
  return Object.fromEntries([...counts].sort());
}

/** The same counts without an engine. */
export function expectedCounts(): Record<string, number> {
  const words = TEXT.toLowerCase().match(/[a-z]+/g) ?? [];
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].sort());
}
