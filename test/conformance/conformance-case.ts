/** Cases recorded from Apache Flink: one JSON object a line (see the set's README). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface ConformanceCase {
  readonly id: string;
  readonly kind: string;
  readonly note?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly input: readonly Readonly<Record<string, unknown>>[];
  readonly output: readonly Readonly<Record<string, unknown>>[];
  readonly error?: { readonly i: number; readonly type: string };
  /** Flink itself loses data by a defect here: listed apart, not judged. */
  readonly informative?: boolean;
}

/** Verdict on a case: `unspoken` is what the engine does not have yet, and says so. */
export interface Verdict {
  readonly id: string;
  readonly kind: string;
  readonly outcome: "passed" | "failed" | "unspoken" | "informative";
  /** What differs, or what is not spoken. */
  readonly detail?: string;
}

/** Where the cases lie if nobody says otherwise. */
export function conformanceFolder(): string {
  const shared =
    process.env.MILLRACE_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));
  return join(shared, "conformance");
}

/** The cases of a folder, by file name, then in the order of the file. */
export function readCases(folder: string): ConformanceCase[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return files.sort().flatMap((name) => readFile(join(folder, name)));
}

/** @throws Error with file and line where that is no case. */
function readFile(file: string): ConformanceCase[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as ConformanceCase];
    } catch (cause) {
      throw new Error(`Cannot read ${file}: line ${i + 1} is not JSON`, { cause });
    }
  });
}

/** An integer field: a number, or beyond 2^53 a decimal string. */
export function integer(value: unknown): bigint {
  return BigInt(value as number | string);
}

/** An integer as cases write it. */
export function integerText(value: bigint): number | string {
  const small = value >= -MAX_SAFE && value <= MAX_SAFE;
  return small ? Number(value) : value.toString();
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The first entry in which two outputs differ; undefined: they are equal. */
export function firstDifference(
  got: readonly unknown[],
  expected: readonly unknown[],
): string | undefined {
  for (let i = 0; i < Math.max(got.length, expected.length); i++) {
    const a = canonical(got[i]);
    const b = canonical(expected[i]);
    if (a !== b) return `entry ${i}: got ${a}, expected ${b}`;
  }
  return undefined;
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "nothing";
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(",")}}`;
}
