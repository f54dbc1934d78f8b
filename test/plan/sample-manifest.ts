/** A bundle's self-description for planning tests: what the compiler would write. */

import { Bundle } from "../../src/plan/operator-handle.ts";
import { schemaOf } from "../../src/plan/schema-match.ts";
import type { Manifest, OperatorDescription } from "../../src/protocol/manifest.ts";
import { ABI_VERSION } from "../../src/protocol/versions.ts";

export const SAMPLE_HASH = "5a".repeat(32);

const insertOnly = { mode: "insert-only" } as const;
type Kind = OperatorDescription["kind"];
type Columns = Readonly<Record<string, string>>;

function operator(
  name: string,
  kind: Kind,
  input: Columns | undefined,
  output: Columns | "same",
  more: Partial<OperatorDescription> = {},
): OperatorDescription {
  const schema = output === "same" ? output : [...schemaOf(output)];
  return {
    name,
    kind,
    inputs:
      input === undefined
        ? []
        : [
            {
              schema: [...schemaOf(input)],
              accepts: ["insert-only"],
              keyed: kind === "aggregate",
            },
          ],
    outputs: [{ name: "main", schema, emits: insertOnly }],
    parameters: [],
    states: [],
    ...more,
  };
}

const word = { word: "STRING NOT NULL", n: "BIGINT NOT NULL" };
const side = (name: string, columns: Columns) => ({
  name,
  schema: [...schemaOf(columns)],
  emits: insertOnly,
});

const rule = { rule: "STRING NOT NULL", limit: "BIGINT NOT NULL" };
/** An input of a function whose key class is `{ word STRING NOT NULL }`. */
const keyed = (columns: Columns): OperatorDescription["inputs"][number] => ({
  schema: [...schemaOf(columns)],
  accepts: ["insert-only"],
  keyed: true,
  key: [...schemaOf({ word: "STRING NOT NULL" })],
});

const operators: OperatorDescription[] = [
  operator("SplitWords", "flat_map", { line: "STRING NOT NULL" }, word, {
    parameters: [
      { name: "minLength", type: "INT", default: 1 },
      { name: "language", type: "STRING", default: "en" },
    ],
    outputs: [
      { name: "main", schema: [...schemaOf(word)], emits: insertOnly },
      side("empty_lines", { line: "STRING NOT NULL" }),
    ],
  }),
  operator("LongWords", "filter", { word: "STRING NOT NULL" }, "same", {
    parameters: [{ name: "length", type: "BIGINT" }],
  }),
  operator("UpperCase", "map", word, word),
  operator("TotalOfWords", "aggregate", word, { total: "BIGINT NOT NULL" }),
  operator("FirstLetter", "key_selector", word, { letter: "STRING NOT NULL" }),
  operator("ByLength", "exchange", word, "same", { outputs: [] }),
  operator("Counter", "source", undefined, word),
  operator("Latest", "process", word, word, {
    outputs: [
      { name: "main", schema: [...schemaOf(word)], emits: { mode: "upsert", key: ["word"] } },
    ],
  }),
  operator("Lists", "map", word, { word: "STRING NOT NULL", list: "ARRAY<INT> NOT NULL" }),
  operator("NullableWords", "map", word, { word: "STRING", n: "BIGINT NOT NULL" }),
  operator("Tally", "process", word, word, {
    inputs: [keyed(word)],
    outputs: [
      { name: "main", schema: [...schemaOf(word)], emits: insertOnly },
      side("rare", { word: "STRING NOT NULL" }),
    ],
  }),
  operator("TallyNumbers", "process", word, word, { inputs: [keyed({ n: "BIGINT NOT NULL" })] }),
  operator("Meet", "process", word, word, { inputs: [keyed(word), keyed(rule)] }),
  operator("Judge", "process", word, word, {
    inputs: [
      keyed(word),
      { schema: [...schemaOf(rule)], accepts: ["insert-only"], keyed: false, broadcast: true },
    ],
  }),
  operator("RuleOf", "map", word, rule),
  operator("Join", "process", word, word, {
    inputs: [
      { schema: [...schemaOf(word)], accepts: ["insert-only"], keyed: false },
      { schema: [...schemaOf(word)], accepts: ["insert-only", "upsert"], keyed: false },
    ],
  }),
];

export const SAMPLE_MANIFEST: Manifest = {
  manifestVersion: 1,
  abiVersion: ABI_VERSION,
  sdkVersion: "0.1.0",
  name: "sample",
  operators,
  capabilities: [],
};

export const sample = new Bundle(SAMPLE_HASH, SAMPLE_MANIFEST);

/** Looks the sample bundle up, as the JobManager does in its store. */
export function manifestOf(hash: string): Manifest | undefined {
  return hash === SAMPLE_HASH ? SAMPLE_MANIFEST : undefined;
}
