/**
 * One-file functions against operators written by hand: the same batches through both, one after the
 * other, paired. The figure of a function is its rate by the hand-written one's; the text is ASCII,
 * and once more not, where both sides see other work.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildBundle } from "../src/build/compile.ts";
import { functionOf, parseJobFile } from "../src/inline/find-function.ts";
import { generateModule, type InlineRequest } from "../src/inline/functions.ts";
import { api, type ts } from "../src/inline/typescript-api.ts";
import { STATUS } from "../src/protocol/abi.ts";
import { BatchWriter } from "../src/protocol/batch/batch-writer.ts";
import { openColumns } from "../src/protocol/batch/schema-columns.ts";
import type { Manifest } from "../src/protocol/manifest.ts";
import type { Schema } from "../src/protocol/types.ts";
import {
  type Bench,
  type BenchOptions,
  pairedRounds,
  rounded,
  roundedSpread,
  startStretch,
} from "./harness.ts";

const FOLDER = fileURLToPath(new URL("./one-file/", import.meta.url));
const OUTPUT = fileURLToPath(new URL("../build/bench/one-file/", import.meta.url));
const BATCH_ROWS = 2048;
const KEYS = 64;

const field = (name: string, type: "BIGINT" | "INT" | "DOUBLE" | "STRING") =>
  ({ name, type: { type, nullable: false } }) as const;
const SCHEMA: Schema = [
  field("id", "BIGINT"),
  field("k", "INT"),
  field("x", "DOUBLE"),
  field("y", "DOUBLE"),
  field("s", "STRING"),
  field("num", "STRING"),
];

const KINDS: Readonly<Record<string, InlineRequest["kind"]>> = {
  projection: "map",
  filterNumber: "filter",
  filterIncludes: "filter",
  lowerAndSplit: "flat_map",
  sliceByIndex: "map",
  template: "map",
  parseNumber: "map",
  arrayReduce: "map",
  keyedReduce: "window_reduce",
  aggregate: "aggregate",
};

/** The inline functions of functions.ts as requests, in the order of KINDS. */
function requests(): InlineRequest[] {
  const source = parseJobFile(`${FOLDER}functions.ts`);
  const named = new Map<string, ts.Expression>();
  for (const statement of source.statements) {
    if (!api.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer !== undefined) named.set(name.getText(), initializer);
    }
  }
  const fn = (name: string) => functionOf(named.get(name)!);
  return Object.entries(KINDS).map(([name, kind]) => ({
    name,
    kind,
    input: SCHEMA,
    keys: ["k"],
    functions:
      kind === "aggregate"
        ? {
            createAccumulator: fn("createAccumulator"),
            add: fn("add"),
            getResult: fn("getResult"),
          }
        : { fn: fn(name) },
  }));
}

interface Compiled {
  readonly module: WebAssembly.Module;
  readonly manifest: Manifest;
}

async function compile(entry: string): Promise<Compiled> {
  const { bytes, manifest } = await buildBundle({ entry, name: "bench", source: false });
  return { module: new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), manifest };
}

/** The module that the inline functions are compiled from. */
export function inlineModule(): string {
  return generateModule(requests()).text;
}

async function compileInline(): Promise<Compiled> {
  mkdirSync(OUTPUT, { recursive: true });
  writeFileSync(`${OUTPUT}index.ts`, inlineModule());
  return compile(`${OUTPUT}index.ts`);
}

const ASCII = [
  "The quick brown fox",
  "an error: disk full",
  "GET /index.html HTTP",
  "whale tail and the sea",
];
const OTHER = [
  "Ünïcode brown fox é",
  "ein error: Größe voll",
  "日本語 テキスト です",
  "😀 tail and the séa",
];

function batch(texts: readonly string[]): Uint8Array {
  const writer = new BatchWriter(SCHEMA);
  for (let i = 0; i < BATCH_ROWS; i++) {
    const x = (i * 37) % 101;
    const row = [BigInt(i), i % KEYS, x + 0.25, i % 13, texts[i % texts.length]!, `${x}.${i % 97}`];
    writer.append(row, { eventTime: BigInt(1_000 + i) });
  }
  return writer.finish();
}

type Call = (...args: number[]) => number;

/** One operator of a module, fed with the same batch over and over. */
class Feeder {
  readonly #call: Record<string, Call>;
  readonly #inst: number;
  readonly #blocks: readonly number[];

  constructor({ module, manifest }: Compiled, name: string, block: Uint8Array) {
    const { exports } = new WebAssembly.Instance(module, {
      env: {
        abort: () => {
          throw new Error(`${name} aborted`);
        },
      },
      // No operator here looks at the clock or at state outside: any answer will do.
      millrace: new Proxy({}, { get: () => () => 0 }),
    });
    this.#call = exports as unknown as Record<string, Call>;
    this.#call._initialize!();
    const index = manifest.operators.findIndex((operator) => operator.name === name);
    const config = new TextEncoder().encode(JSON.stringify(openConfig(manifest, index)));
    this.#inst = this.#call.mr_open!(index, this.#put(config), config.length);
    if (this.#inst < 0) throw new Error(`${name} refuses its configuration`);
    // Two copies: a block that comes twice in a row is a resumed call, unless it was done with.
    this.#blocks = [this.#put(block), this.#put(block)];
  }

  #put(bytes: Uint8Array): number {
    const at = this.#call.mr_alloc!(bytes.length) >>> 0;
    const memory = this.#call.memory as unknown as WebAssembly.Memory;
    new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
    return at;
  }

  /** Rows per second of CPU time: the machine may be shared. */
  run(seconds: number): number {
    const stretch = startStretch();
    let batches = 0;
    while (stretch().wallSeconds < seconds) {
      for (let i = 0; i < 8; i++) this.#once(this.#blocks[batches++ & 1]!);
    }
    return (batches * BATCH_ROWS) / stretch().cpuSeconds;
  }

  #once(block: number): void {
    for (;;) {
      const status = this.#call.mr_process!(this.#inst, 0, block, 1_000_000);
      while (this.#call.mr_take!(this.#inst, 0) !== 0);
      if (status === STATUS.done) return;
      if (status !== STATUS.outputFull && status !== STATUS.sliceOver) {
        throw new Error(`status ${status}`);
      }
    }
  }
}

function openConfig(manifest: Manifest, index: number) {
  const { outputs, kind } = manifest.operators[index]!;
  const own = outputs[0]!.schema;
  const made = typeof own === "string" ? SCHEMA : (own as Schema);
  const bounds = [field("window_start", "BIGINT"), field("window_end", "BIGINT")];
  const output = kind === "aggregate" ? [field("k", "INT"), ...made, ...bounds] : made;
  return {
    parameters: kind === "aggregate" ? { size: 3_600_000, offset: 0 } : {},
    subtask: 0,
    parallelism: 1,
    maxParallelism: 128,
    keyGroupStart: 0,
    keyGroupEnd: 127,
    inputs: [{ name: "main", columns: openColumns(SCHEMA), keys: kind === "aggregate" ? [1] : [] }],
    outputs: [{ name: "main", columns: openColumns(output), keys: [] }],
    roomRows: BATCH_ROWS,
    roomBytes: 65_536,
  };
}

async function compare(
  inline: Compiled,
  hand: Compiled,
  texts: readonly string[],
  { seconds, rounds, log }: BenchOptions,
): Promise<Record<string, unknown>> {
  const block = batch(texts);
  const figures: Record<string, unknown> = {};
  for (const name of Object.keys(KINDS)) {
    const ours = new Feeder(inline, name, block);
    const theirs = new Feeder(hand, name, block);
    ours.run(seconds / 4);
    theirs.run(seconds / 4);
    const run = (side: Feeder) => async () => side.run(seconds);
    const result = await pairedRounds(run(ours), run(theirs), rounds);
    figures[name] = { ratio: roundedSpread(result.ratio), rowsPerSecond: rounded(result.a.median) };
    const rate = (result.a.median / 1e6).toFixed(1).padStart(6);
    log(`  ${name.padEnd(16)} ${result.ratio.median.toFixed(2)}   ${rate} M rows/s`);
  }
  return figures;
}

/** Registered in benches.ts. */
export const oneFile: Bench = {
  name: "one-file",
  help: "inline functions against hand-written operators: rate by rate, >= 0.8 each on ASCII text",
  async run(options) {
    const inline = await compileInline();
    const hand = await compile(`${FOLDER}assembly/index.ts`);
    options.log("ASCII text:");
    const ascii = await compare(inline, hand, ASCII, options);
    options.log("other text (no limit):");
    const other = await compare(inline, hand, OTHER, options);
    return { ascii, other };
  },
};
