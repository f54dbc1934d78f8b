/**
 * Conformance of key groups and channel selection: kinds `keygroup` and `partition`, through the
 * hashing, `$exchange` and PartitionFunction of the SDK in WebAssembly, and the planner's own
 * src/protocol/key-group.ts.
 */
import { BatchWriter } from "../../src/protocol/batch/batch-writer.ts";
import type { Value } from "../../src/protocol/batch/column-value.ts";
import {
  defaultMaxParallelism,
  keyGroupOf,
  keyGroupRange,
  keyHash,
  subtaskOf,
} from "../../src/protocol/key-group.ts";
import type { LogicalType, Schema } from "../../src/protocol/types.ts";
import { type ConformanceCase, firstDifference, type Verdict } from "./conformance-case.ts";
import { OPERATOR } from "./conformance-module.ts";
import { type HarnessModule, type Mode, OperatorHarness } from "./operator-harness.ts";

const INT = { type: "INT", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const STRING = { type: "STRING", nullable: false } as const;
const PROBE: Schema = ["hash", "key_group", "subtask"].map((name) => ({ name, type: INT }));
const ORDINAL: Schema = [{ name: "ordinal", type: INT }];

const TYPE_OF: Readonly<Record<string, LogicalType>> = {
  int: INT,
  long: BIGINT,
  short: { type: "SMALLINT", nullable: false },
  byte: { type: "TINYINT", nullable: false },
  boolean: { type: "BOOLEAN", nullable: false },
  string: STRING,
  double: { type: "DOUBLE", nullable: false },
  float: { type: "FLOAT", nullable: false },
};

interface TypedKey {
  readonly type: string;
  readonly key: unknown;
}

interface Placement {
  readonly i: number;
  readonly hash: number;
  readonly group: number;
  readonly subtask: number;
}

function verdict(one: ConformanceCase, detail: string | undefined): Verdict {
  const { id, kind } = one;
  return detail === undefined
    ? { id, kind, outcome: "passed" }
    : { id, kind, outcome: "failed", detail };
}

/** Judges a case of kind `keygroup`. */
export function judgeKeyGroup(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  const parallelism = Number(one.spec.parallelism);
  const maxParallelism = Number(one.spec.max_parallelism);
  const keys = one.input as unknown as TypedKey[];
  const placements = placementsOf(module, keys, { parallelism, maxParallelism }, mode);
  const ranges = Array.from({ length: parallelism }, (_, subtask) => {
    const { start, end } = keyGroupRange(subtask, maxParallelism, parallelism);
    return [start, end];
  });
  const shared = [{ ranges }, { default_max_parallelism: defaultMaxParallelism(parallelism) }];
  const planned = keys.map((key, i) => plannedPlacement(key, i, parallelism, maxParallelism));
  return verdict(
    one,
    firstDifference([...placements, ...shared], one.output) ??
      firstDifference(planned, one.output.slice(0, keys.length)),
  );
}

/** A case has keys of many types; each type is a stream of its own. */
function placementsOf(
  module: HarnessModule,
  keys: readonly TypedKey[],
  bounds: { readonly parallelism: number; readonly maxParallelism: number },
  mode: Mode,
): Placement[] {
  const streams = new Map<string, number[]>();
  for (const [i, key] of keys.entries()) {
    const signature = fieldsOf(key)
      .map((field) => field.type)
      .join();
    streams.set(signature, [...(streams.get(signature) ?? []), i]);
  }
  const result: Placement[] = [];
  for (const [signature, indices] of streams) {
    const fields = signature.split(",").map((type, f) => ({
      name: `f${f}`,
      type: TYPE_OF[type]!,
    }));
    const rows = indices.map((i) => fieldsOf(keys[i]!).map(keyValue));
    const probed = probe(module, fields, rows, bounds, mode);
    const channels = exchanged(module, fields, rows, bounds, mode);
    for (const [place, i] of indices.entries()) {
      const { hash, key_group: group, subtask } = probed[place]!;
      const same = channels[place] === subtask;
      result[i] = { i, hash, group, subtask: same ? subtask : Number.NaN };
    }
  }
  return result;
}

/** What the SDK's hashing says of each row. */
function probe(
  module: HarnessModule,
  schema: Schema,
  rows: readonly Value[][],
  bounds: { readonly parallelism: number; readonly maxParallelism: number },
  mode: Mode,
): { hash: number; key_group: number; subtask: number }[] {
  const setup = {
    operator: OPERATOR.keyProbe,
    inputs: [{ schema, keys: schema.map((field) => field.name) }],
    outputs: [{ name: "main", schema: PROBE }],
    ...bounds,
  };
  const harness = new OperatorHarness(module, setup, mode);
  const writer = new BatchWriter(schema);
  for (const row of rows) writer.append(row);
  harness.process(writer.finish());
  const [elements] = harness.drain();
  harness.close();
  return elements!.flatMap((element) =>
    element.type === "row"
      ? [element.values as unknown as { hash: number; key_group: number; subtask: number }]
      : [],
  );
}

/** The channel to which `$exchange` sends each row. */
function exchanged(
  module: HarnessModule,
  schema: Schema,
  rows: readonly Value[][],
  bounds: { readonly parallelism: number; readonly maxParallelism: number },
  mode: Mode,
): number[] {
  const withOrdinal = [...ORDINAL, ...schema];
  const writer = new BatchWriter(withOrdinal);
  for (const [i, row] of rows.entries()) writer.append([i, ...row]);
  const keys = schema.map((field) => field.name);
  const channels = channelsOf(module, withOrdinal, writer.finish(), {
    partitioner: "key_by",
    operator: OPERATOR.exchange,
    keys,
    channels: bounds.parallelism,
    maxParallelism: bounds.maxParallelism,
    mode,
  });
  return channels.map((all) => (all.length === 1 ? all[0]! : -1));
}

interface ExchangeSetup {
  readonly partitioner: string;
  readonly operator: number;
  readonly keys: readonly string[];
  readonly channels: number;
  readonly maxParallelism: number;
  readonly mode: Mode;
}

/** The channels on which each row of a batch came out; its column `ordinal` numbers the rows. */
function channelsOf(
  module: HarnessModule,
  schema: Schema,
  block: Uint8Array,
  setup: ExchangeSetup,
): number[][] {
  const harness = new OperatorHarness(
    module,
    {
      operator: setup.operator,
      parameters: { partitioner: setup.partitioner },
      inputs: [{ schema, keys: setup.keys }],
      outputs: Array.from({ length: setup.channels }, (_, i) => ({ name: String(i), schema })),
      maxParallelism: setup.maxParallelism,
    },
    setup.mode,
  );
  harness.process(block);
  const result: number[][] = [];
  for (const [channel, elements] of harness.drain().entries()) {
    for (const element of elements) {
      if (element.type !== "row") continue;
      const ordinal = Number(element.values.ordinal);
      result[ordinal] = [...(result[ordinal] ?? []), channel];
    }
  }
  harness.close();
  return result;
}

function plannedPlacement(
  key: TypedKey,
  i: number,
  parallelism: number,
  maxParallelism: number,
): Placement {
  const fields = fieldsOf(key);
  const hash = keyHash(
    fields.map(keyValue),
    fields.map((field) => TYPE_OF[field.type]!),
  );
  const group = keyGroupOf(hash, maxParallelism);
  return { i, hash, group, subtask: subtaskOf(group, maxParallelism, parallelism) };
}

function fieldsOf(key: TypedKey): readonly TypedKey[] {
  return key.type === "tuple" ? (key.key as TypedKey[]) : [key];
}

function keyValue({ type, key }: TypedKey): Value {
  if (type === "long") return BigInt(key as number | string);
  return type === "double" || type === "float" ? Number(key) : (key as Value);
}

/** Judges a case of kind `partition`. */
export function judgePartition(module: HarnessModule, one: ConformanceCase, mode: Mode): Verdict {
  const channels = Number(one.spec.channels);
  const type = String(one.spec.type);
  const schema: Schema = [{ name: "k", type: STRING }, { name: "v", type: BIGINT }, ...ORDINAL];
  const writer = new BatchWriter(schema);
  for (const [i, step] of one.input.entries()) writer.append([String(step.k), 0n, i]);
  const chosen = channelsOf(module, schema, writer.finish(), {
    partitioner: type,
    operator: type === "custom" ? OPERATOR.custom : OPERATOR.exchange,
    keys: ["k"],
    channels,
    maxParallelism: Number(one.spec.max_parallelism ?? 128),
    mode,
  });
  // A rebalance starts anywhere; the cases tell its channels from the first one on.
  const first = type === "rebalance" ? (chosen[0]?.[0] ?? 0) : 0;
  const got = chosen.map((all, i) => {
    if (type === "broadcast") return { i, channel: all.length === channels ? "all" : all };
    return { i, channel: (all[0]! - first + channels) % channels };
  });
  return verdict(one, firstDifference(got, one.output));
}
