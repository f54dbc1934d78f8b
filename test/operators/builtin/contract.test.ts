/**
 * The contract of every built-in operator: the same output with any room of the output and any
 * budget, down to one row and zero, over a batch with a selection, NULLs, rows without time,
 * changes, long texts and watermarks.
 */
import { describe, expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import { keyGroupOf, keyHash, subtaskOf } from "../../../src/protocol/key-group.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import {
  HarnessModule,
  type HarnessOutput,
  type HarnessSetup,
  MODES,
  OperatorHarness,
  type OutputElement,
} from "../../conformance/operator-harness.ts";
import {
  BUILTIN_MANIFEST,
  bytesOf,
  DEAD_LETTER,
  loadBuiltin,
  operatorNumber,
  RECORD,
  schemaOf,
} from "./builtin-module.ts";

const INPUT = schemaOf({
  text: "STRING",
  at: "BIGINT",
  flag: "BOOLEAN",
  ratio: "DOUBLE",
  number: { type: "INT", nullable: false },
});
const ROWS = 500;
const MAX_PARALLELISM = 128;
const builtin = await loadBuiltin();

/** Rows of which every eleventh is not selected; timed rows go up by 10 ms. */
function batch(from: number): Uint8Array {
  const writer = new BatchWriter(INPUT);
  for (let i = from; i < from + ROWS; i++) {
    const text =
      i % 7 === 0 ? null : i % 101 === 3 ? "long text ".repeat(900) : `t${i % 13} \u00e9`;
    const row = [text, BigInt(i * 10), i % 3 === 0 ? null : i % 2 === 0, i / 8, i];
    writer.append(row, { eventTime: i % 5 === 0 ? undefined : BigInt(i * 10), change: i % 4 });
    if (i % 50 === 49) writer.watermark(BigInt(i * 10 - 60));
  }
  return writer.finish(Array.from({ length: ROWS }, (_, i) => i).filter((i) => i % 11 !== 3));
}

/** The same without changes, every row with time: what a window takes. */
function timedBatch(from: number): Uint8Array {
  const writer = new BatchWriter(INPUT);
  for (let i = from; i < from + ROWS; i++) {
    const text = i % 7 === 0 ? null : `t${i % 13}`;
    const row = [text, BigInt(i), null, i % 6 === 0 ? null : i / 8, i];
    writer.append(row, { eventTime: BigInt(i * 10 - (i % 9) * 30) });
    if (i % 50 === 49) writer.watermark(BigInt(i * 10 - 60));
  }
  return writer.finish();
}

const main = (schema: Schema): HarnessOutput => ({ name: "main", schema });
const rows = (harness: OperatorHarness) => {
  harness.process(batch(0));
  harness.process(batch(ROWS));
  harness.watermark(1_000_000n);
};
const splits = (content: string) => (harness: OperatorHarness) => {
  harness.assign({ path: "file", start: 0 });
  const bytes = bytesOf(content);
  for (let at = 0; at < bytes.length; at += 100) {
    harness.bytes(bytes.subarray(at, at + 100), at + 100 >= bytes.length);
  }
};

interface Scenario {
  readonly setup: Omit<HarnessSetup, "operator">;
  readonly drive: (harness: OperatorHarness) => void;
  /** Rows of output 0. */
  readonly rows: number;
  readonly failures?: number;
}

const LINE = schemaOf({ line: "STRING" });
const PAIR = schemaOf({ a: "BIGINT", b: "STRING" });
const on = (output: Schema, parameters = {}): Scenario["setup"] => ({
  inputs: [{ schema: INPUT, keys: [] }],
  outputs: [main(output)],
  parameters,
});
const from = (outputs: readonly HarnessOutput[], parameters = {}): Scenario["setup"] => ({
  inputs: [],
  outputs,
  parameters,
});
const many = (line: (i: number) => string) =>
  Array.from({ length: 200 }, (_, i) => line(i)).join("");
/** Of 1,000 rows those that are selected. */
const VISITED = 2 * (ROWS - Math.ceil((ROWS - 3) / 11));

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  text_lines: {
    setup: from([main(LINE)]),
    drive: splits(many((i) => `line ${i} ${"x".repeat(i)}\n`)),
    rows: 200,
  },
  json_lines: {
    setup: from([main(PAIR), DEAD_LETTER], { onError: "dead-letter" }),
    drive: splits(many((i) => (i % 9 === 0 ? "{no\n" : `{"a":${i},"b":"text ${i}"}\n`))),
    rows: 177,
  },
  csv: {
    setup: from([main(PAIR), DEAD_LETTER]),
    drive: splits(many((i) => (i % 9 === 0 ? "x,y\n" : `${i},"a ""b""\n${i}"\n`))),
    rows: 177,
    failures: 23,
  },
  datagen: {
    setup: from([main(PAIR)], { "number-of-rows": 300, seed: 1 }),
    drive: (harness) => expect(harness.poll()).toBe(true),
    rows: 300,
  },
  assign_timestamps: { setup: on(INPUT, { field: "at" }), drive: rows, rows: VISITED },
  select: {
    setup: on(schemaOf({ name: "STRING", number: "INT" }), { fields: { name: "text" } }),
    drive: rows,
    rows: VISITED,
  },
  iteration_head: {
    setup: on(INPUT, {}),
    drive: rows,
    rows: VISITED,
  },
  window_aggregate: {
    setup: {
      inputs: [{ schema: INPUT, keys: ["text"] }],
      outputs: [
        main([
          INPUT[0]!,
          ...schemaOf({ n: "BIGINT", sum: "DOUBLE", window_start: "BIGINT", window_end: "BIGINT" }),
        ]),
        { name: "late", schema: INPUT },
      ],
      parameters: {
        size: 300,
        lateness: 20,
        aggregates: [
          { fn: "count", as: "n" },
          { fn: "sum", field: "ratio", as: "sum" },
        ],
      },
    },
    drive: (harness) => {
      harness.process(timedBatch(0));
      harness.process(timedBatch(ROWS));
      harness.watermark(1_000_000n);
    },
    rows: 471,
  },
  keyed_reduce_field: {
    setup: {
      inputs: [{ schema: INPUT, keys: ["text"] }],
      outputs: [main(INPUT)],
      parameters: { fn: "maxBy", field: "ratio" },
    },
    drive: rows,
    rows: VISITED,
  },
  window_reduce_field: {
    setup: {
      inputs: [{ schema: INPUT, keys: ["text"] }],
      outputs: [
        main([...INPUT, ...schemaOf({ window_start: "BIGINT", window_end: "BIGINT" })]),
        { name: "late", schema: INPUT },
      ],
      parameters: { assigner: "tumbling", size: 300, lateness: 20, fn: "sum", field: "ratio" },
    },
    drive: (harness) => {
      harness.process(timedBatch(0));
      harness.process(timedBatch(ROWS));
      harness.watermark(1_000_000n);
    },
    rows: 471,
  },
  format_json: { setup: on(RECORD.schema), drive: rows, rows: VISITED },
  format_csv: { setup: on(RECORD.schema), drive: rows, rows: VISITED },
  format_text: { setup: on(RECORD.schema), drive: rows, rows: VISITED },
  $exchange: { setup: on(INPUT, { partitioner: "forward" }), drive: rows, rows: VISITED },
};

/** What comes out under each mode: all the same as with ample room and budget. */
function everyMode(setup: HarnessSetup, drive: Scenario["drive"]) {
  const runs = Object.entries(MODES).map(([name, mode]) => {
    const harness = new OperatorHarness(new HarnessModule(builtin), setup, mode);
    drive(harness);
    const run = { outputs: harness.drain().map(once), failures: harness.failures };
    harness.close();
    return [name, run] as const;
  });
  const first = runs[0]![1];
  for (const [name, run] of runs) expect(run, name).toEqual(first);
  return first;
}

/** Of watermarks without a row between them the last says all. */
function once(elements: readonly OutputElement[]): OutputElement[] {
  return elements.filter(
    (element, i) => element.type === "row" || elements[i + 1]?.type !== "watermark",
  );
}

const rowsOf = (elements: readonly OutputElement[]) =>
  elements.filter((element) => element.type === "row");

describe("every built-in operator gives the same with any room and any budget", () => {
  test("none is left out", () => {
    const names = BUILTIN_MANIFEST.operators.map(({ name }) => name);
    expect(Object.keys(SCENARIOS)).toEqual(names);
  });

  test.each(Object.entries(SCENARIOS))(
    "%s",
    (name, { setup, drive, rows: count, failures = 0 }) => {
      const run = everyMode({ operator: operatorNumber(name), ...setup }, drive);
      expect(rowsOf(run.outputs[0]!)).toHaveLength(count);
      expect(run.failures).toHaveLength(failures);
    },
  );
});

describe("$exchange", () => {
  const CHANNELS = 3;
  const exchange = (partitioner: string) =>
    everyMode(
      {
        operator: operatorNumber("$exchange"),
        inputs: [{ schema: INPUT, keys: partitioner === "key_by" ? ["text", "number"] : [] }],
        outputs: Array.from({ length: CHANNELS }, (_, i) => ({ name: `${i}`, schema: INPUT })),
        parameters: { partitioner },
        maxParallelism: MAX_PARALLELISM,
      },
      rows,
    ).outputs;

  test.each(["rebalance", "rescale", "shuffle", "key_by", "global", "broadcast"])(
    "%s: each row with its time and change, each watermark to every channel",
    (partitioner) => {
      const outputs = exchange(partitioner);
      const copies = partitioner === "broadcast" ? CHANNELS : 1;
      const all = outputs.flatMap(rowsOf);
      expect(all).toHaveLength(VISITED * copies);
      for (const { values, time, change } of all) {
        const i = Number(values.number);
        expect([time, change]).toEqual([i % 5 === 0 ? undefined : BigInt(i * 10), i % 4]);
      }
      for (const elements of outputs)
        expect(elements.at(-1)).toMatchObject({ timestamp: 1_000_000n });
    },
  );

  test("a text that outgrows its block as the first of a run leaves the columns before it whole", () => {
    const schema = schemaOf({ id: "BIGINT", short: "STRING", long: "STRING" });
    const rowOf = (i: number) => ({
      id: i % 4 === 3 ? null : BigInt(i),
      short: i === 4 ? null : `a${i}`,
      long: (i === 0 ? "long ".repeat(40_000) : "b") + i,
    });
    const setup: HarnessSetup = {
      operator: operatorNumber("$exchange"),
      inputs: [{ schema, keys: [] }],
      outputs: ["0", "1"].map((name) => ({ name, schema })),
      parameters: { partitioner: "global" },
    };
    const [first] = everyMode(setup, (harness) => {
      const writer = new BatchWriter(schema);
      for (let i = 0; i < 9; i++) writer.append(rowOf(i), { eventTime: BigInt(i) });
      harness.process(writer.finish());
    }).outputs;
    const values = rowsOf(first!).map((row) => row.values);
    expect(values).toEqual(Array.from({ length: 9 }, (_, i) => rowOf(i)));
  });

  test("large rows make more blocks, not larger ones", () => {
    const schema = schemaOf({ id: "BIGINT", body: "STRING" });
    const output = { name: "0", schema };
    const harness = new OperatorHarness(new HarnessModule(builtin), {
      operator: operatorNumber("$exchange"),
      inputs: [{ schema, keys: [] }],
      outputs: [output],
      parameters: { partitioner: "rebalance" },
    });
    const body = "body ".repeat(6_000);
    for (let batch = 0; batch < 400; batch++) {
      const writer = new BatchWriter(schema);
      for (let i = 0; i < 8; i++) writer.append([BigInt(8 * batch + i), i % 3 === 0 ? body : "b"]);
      harness.process(writer.finish());
    }
    const ids = rowsOf(harness.drain()[0]!).map((row) => row.values.id);
    expect(ids).toEqual(Array.from({ length: 3_200 }, (_, i) => BigInt(i)));
    expect(harness.module.pages).toBeLessThan(256);
  });

  test("key_by sends a row where Flink's key groups send it", () => {
    for (const [channel, elements] of exchange("key_by").entries()) {
      for (const { values } of rowsOf(elements)) {
        const types = [INPUT[0]!.type, INPUT[4]!.type];
        const hash = keyHash([values.text ?? null, values.number ?? null], types);
        const group = keyGroupOf(hash, MAX_PARALLELISM);
        expect(subtaskOf(group, MAX_PARALLELISM, CHANNELS)).toBe(channel);
      }
    }
  });
});
