/** Counts words with Unix tools, as the judge of the demo. */
import { spawnSync } from "node:child_process";

/** A word is a maximal run of A-Z and a-z, in lower case. */
export const PIPE =
  "LC_ALL=C tr -cs A-Za-z '\\n' | LC_ALL=C tr A-Z a-z | sed '/^$/d' | LC_ALL=C sort | uniq -c";

/** Word counts of a text by the pipe; undefined where the tools are missing (Windows). */
export function countWithUnixTools(text: string): Map<string, number> | undefined {
  const done = spawnSync("sh", ["-c", PIPE], {
    input: text,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (done.error !== undefined || done.status !== 0) return undefined;
  const counts = new Map<string, number>();
  for (const line of done.stdout.split("\n")) {
    const match = /^\s*(\d+) (\S+)$/.exec(line);
    if (match !== null) counts.set(match[2]!, Number(match[1]));
  }
  return counts;
}

/** The first difference between two counts, as a sentence; undefined: equal. */
export function firstDifference(
  ours: ReadonlyMap<string, number>,
  theirs: ReadonlyMap<string, number>,
): string | undefined {
  for (const [word, count] of theirs) {
    if (ours.get(word) !== count)
      return `"${word}": ${ours.get(word) ?? 0}, but uniq says ${count}`;
  }
  for (const [word, count] of ours) {
    if (!theirs.has(word)) return `"${word}": ${count}, but uniq has no such word`;
  }
  return undefined;
}
