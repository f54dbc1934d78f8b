import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../src/build/compile.ts";
import { handleModule } from "../../src/build/handle-module.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// Inside the repository, so that `millrace` and the checker are found as in a user's project.
const folder = join(ROOT, "build", `handles-${process.pid}`);

const OPERATORS = `
import { BroadcastProcessFunction, CoProcessFunction, Collector, FilterFunction, FlatMapFunction, KeyedBroadcastContext, KeyedBroadcastProcessFunction, KeyedCoProcessFunction, KeyedContext, KeyedProcessFunction, ProcessContext, ProcessFunction, SinkFunction, RecordWriter, Text } from "millrace/sdk";
@row class Line { line!: Text; }
@row class Word { word!: Text; n: i64; @nullable score: f64; }
@row class Problem { why!: Text; }
/** Splits a line. */
@operator class SplitWords extends FlatMapFunction<Line, Word> {
  flatMap(line: Line, out: Collector<Word>): void { out.row().word = line.line; out.collect(); }
}
@operator class Threshold extends FilterFunction<Word> {
  @parameter limit: f64 = 80;
  @parameter must: i64;
  filter(value: Word): bool { return value.score > this.limit; }
}
@operator("top-n") class TopN extends FilterFunction<Word> {
  @parameter size: i32 = 10;
  filter(value: Word): bool { return value.n < this.size; }
}
@operator @sideOutput("bad", Problem) class Check extends ProcessFunction<Word, Word> {
  processElement(value: Word, context: ProcessContext, out: Collector<Word>): void {}
}
@row class WordKey { word!: Text; }
@row class Rule { rule!: Text; limit: i64; }
@operator @sideOutput("rare", Problem) class Tally extends KeyedProcessFunction<WordKey, Word, Rule> {
  processElement(value: Word, context: KeyedContext<WordKey>, out: Collector<Rule>): void {}
}
@operator class Meet extends KeyedCoProcessFunction<WordKey, Word, Rule, Line> {
  processElement1(value: Word, context: KeyedContext<WordKey>, out: Collector<Line>): void {}
  processElement2(value: Rule, context: KeyedContext<WordKey>, out: Collector<Line>): void {}
}
@operator class Judge extends KeyedBroadcastProcessFunction<WordKey, Word, Rule, Line> {
  @parameter must: i64;
  processElement(value: Word, context: KeyedContext<WordKey>, out: Collector<Line>): void {}
  processBroadcastElement(value: Rule, context: KeyedBroadcastContext<WordKey>, out: Collector<Line>): void {}
}
@operator class Zip extends CoProcessFunction<Word, Rule, Line> {
  processElement1(value: Word, context: ProcessContext, out: Collector<Line>): void {}
  processElement2(value: Rule, context: ProcessContext, out: Collector<Line>): void {}
}
@operator class Mark extends BroadcastProcessFunction<Word, Rule, Line> {
  processElement(value: Word, context: ProcessContext, out: Collector<Line>): void {}
  processBroadcastElement(value: Rule, context: ProcessContext, out: Collector<Line>): void {}
}
@operator class WriteWord extends SinkFunction<Word> {
  write(value: Word, record: RecordWriter): void { record.write(value.word); }
}
`;

const HEAD = `
import { avg, blackholeSink, collectSink, count, filesSink, StreamExecutionEnvironment, schemaOf, jsonLines, files, sum, TumblingEventTimeWindows, textLines, WatermarkStrategy } from "millrace";
import { OperatorTestHarness, StreamRecord } from "millrace/testing";
import * as ops from "./handles.ts";
const env = new StreamExecutionEnvironment();
const lines = env.readTextFile("novel.txt");
const words = lines.flatMap(ops.splitWords);
const rules = () => words.select({ rule: 'word', limit: 'n' });
`;

const GOOD = [
  'words.keyBy("word").window(TumblingEventTimeWindows.of(1000)).aggregate(count()).keyBy("window_end");',
  'words.keyBy("word").window(TumblingEventTimeWindows.of(1000)).aggregate(sum("n").as("total"), avg("score")).select({ a: "total", b: "avg_score", c: "word" });',
  "words.filter(ops.threshold({ limit: 40, must: 2n ** 60n })).filter(ops.topN()).filter(ops.topN({ size: 3 })).keyBy('n');",
  "const bad = words.process(ops.check).getSideOutput(ops.checkBad); bad.select({ text: 'why' });",
  "words.sinkTo(collectSink()); words.sinkTo(filesSink('out', ops.writeWord)); lines.print();",
  'env.fromSource(textLines(files("a"), { lineNumber: true }), WatermarkStrategy.forMonotonousTimestamps().withTimestampField("line_number", "s")).flatMap(ops.splitWords);',
  'env.fromSource(jsonLines(files("a"), schemaOf({ line: "STRING NOT NULL", at: "BIGINT" }))).flatMap(ops.splitWords);',
  'env.fromSource(jsonLines(files("a"), [{ name: "line", type: { type: "STRING", nullable: false } }])).flatMap(ops.splitWords);',
  // Functions of the job file, alone and between handles.
  'words.map((w) => ({ word: w.word.trim(), twice: w.n * 2n })).keyBy("twice").window(TumblingEventTimeWindows.of(1)).aggregate(sum("twice"));',
  "lines.filter((l) => l.line !== '').flatMap((l) => [{ line: l.line }, l]).flatMap(ops.splitWords).filter(ops.topN());",
  "words.map((w) => ({ score: w.score ?? 0, n: 1 })).returns({ score: 'DOUBLE NOT NULL', n: 'BIGINT NOT NULL' }).keyBy((w) => w.n).window(TumblingEventTimeWindows.of(1)).reduce((a, b) => ({ score: a.score + b.score })).select({ a: 'key', b: 'score', c: 'window_end' });",
  "words.keyBy((w) => ({ first: w.word[0] ?? '' })).window(TumblingEventTimeWindows.of(1)).aggregate({ createAccumulator: () => ({ all: 0n }), add: (w, acc) => ({ all: acc.all + w.n }), getResult: (acc) => ({ total: Number(acc.all) }) }).filter((r) => r.total > 1 && r.first === 'a' && r.window_end > 0);",
  "lines.keyBy((l) => l.line).union(lines.keyBy((l) => l.line));",
  // State by key, one stream or two.
  "words.keyBy('word').process(ops.tally).filter((r) => r.limit > 0n); words.keyBy('word').process(ops.tally).getSideOutput(ops.tallyRare).select({ text: 'why' });",
  "words.keyBy('word').process(ops.check);",
  "words.keyBy('word').connect(rules().keyBy('rule')).process(ops.meet).flatMap(ops.splitWords);",
  "words.connect(rules()).keyBy('word', 'rule').process(ops.meet).flatMap(ops.splitWords);",
  "words.connect(rules()).keyBy(['word'], ['rule']).process(ops.meet);",
  "words.keyBy('word').connect(rules().broadcast()).process(ops.judge({ must: 1 })).flatMap(ops.splitWords);",
  "words.keyBy((w) => ({ word: w.word })).connect(rules().broadcast()).process(ops.judge({ must: 1 }));",
  "words.connect(rules()).process(ops.zip); words.keyBy('n').connect(rules().broadcast()).process(ops.mark); words.connect(rules().broadcast()).process(ops.mark);",
  'declare const joins: import("millrace").OperatorHandle; lines.connect(words).process(joins).keyBy("anything");',
  // The harness knows the rows of a handle: a BIGINT may be a number, a NULL be left out.
  `const harness = await OperatorTestHarness.open(ops.threshold({ limit: 4, must: 1 }), { budget: 0 });
harness.processElement({ word: "a", n: 1 }, 5);
harness.processElements([{ word: "a", n: 1n, score: null }, new StreamRecord({ word: "a", n: 2 }, 5, "delete")]);
harness.extractOutputValues().map((row) => row.word.trim() + row.n * 2n);
const check = await OperatorTestHarness.open(ops.check);
check.extractSideOutputValues(ops.checkBad).map((row) => row.why.trim());
const meet = await OperatorTestHarness.open(ops.meet, { secondKeyBy: ["rule"] });
meet.processElement({ word: "a", n: 1 });
meet.processElement2({ rule: "a", limit: 1 }, 5);`,
  // Without types, everything is left to the planner.
  'declare const untyped: import("millrace").OperatorHandle; lines.map(untyped).keyBy("anything").window(TumblingEventTimeWindows.of(1)).aggregate(count()).keyBy("else");',
];

const BAD: readonly (readonly [snippet: string, says: string])[] = [
  ["(await OperatorTestHarness.open(ops.meet)).processElement2({ rule: 'a', limt: 1 });", "limt"],
  ["words.process(ops.tally);", '"keyed_process"'],
  [
    "words.connect(rules().broadcast()).process(ops.judge({ must: 1 }));",
    '"keyed_broadcast_process"',
  ],
  ["words.connect(rules()).process(ops.mark);", '"broadcast_process"'],
  ["words.connect(words).process(ops.zip);", "rule"],
  ["words.process(ops.zip);", '"co_process"'],
  ["words.keyBy('n').process(ops.tally);", "word"],
  ["lines.keyBy('line').process(ops.tally);", "word"],
  ["words.connect(rules()).process(ops.meet);", '"keyed_co_process"'],
  ["words.connect(rules()).keyBy('word', 'rile').process(ops.meet);", '"rile"'],
  ["rules().keyBy('rule').connect(words.keyBy('word')).process(ops.meet);", "word"],
  ["words.keyBy('word').connect(words.keyBy('word')).process(ops.meet);", "rule"],
  [
    "words.keyBy('word').connect(rules()).process(ops.judge({ must: 1 }));",
    '"keyed_broadcast_process"',
  ],
  [
    "words.keyBy('word').connect(rules().rebalance()).process(ops.judge({ must: 1 }));",
    '"keyed_broadcast_process"',
  ],
  ["words.keyBy('word').connect(words.broadcast()).process(ops.judge({ must: 1 }));", "rule"],
  ["words.keyBy('word').connect(rules().broadcast()).process(ops.meet);", '"keyed_co_process"'],
  ['words.keyBy("wrod");', '"wrod"'],
  ['words.keyBy("word", "m");', '"m"'],
  ["lines.map(ops.splitWords);", '"flat_map"'],
  ["words.flatMap(ops.splitWords);", "line"],
  ["words.filter(ops.threshold({ limit: '40', must: 1 }));", "string"],
  ["words.filter(ops.threshold({ limit: 40 }));", "must"],
  ["words.filter(ops.topN({ siez: 1 }));", "siez"],
  ["lines.sinkTo(filesSink('out', ops.writeWord));", "word"],
  ["words.select({ a: 'b' });", '"b"'],
  ['words.keyBy("word").window(TumblingEventTimeWindows.of(1)).aggregate(sum("m"));', '"m"'],
  [
    'words.keyBy("word").window(TumblingEventTimeWindows.of(1)).aggregate(count()).keyBy("n");',
    '"n"',
  ],
  [
    'env.fromSource(jsonLines(files("a"), schemaOf({ line: "STRING" }))).flatMap(ops.splitWords);',
    "null",
  ],
  [
    'env.fromSource(textLines(files("a")), WatermarkStrategy.noWatermarks().withTimestampField("at"));',
    '"at"',
  ],
  ["words.union(lines);", "word"],
  ["(await OperatorTestHarness.open(ops.splitWords)).processElement({ lien: '' });", "lien"],
  ["(await OperatorTestHarness.open(ops.splitWords)).processElement({ line: 5 });", "string"],
  ["(await OperatorTestHarness.open(ops.splitWords)).extractOutputValues()[0]?.wrod;", "wrod"],
  ["words.filter((w) => w.wrod === '');", "wrod"],
  ["words.map((w) => ({ a: w.word })).keyBy('word');", '"word"'],
  ["words.map((w) => ({ a: w.n })).flatMap(ops.splitWords);", "line"],
  ["words.map((w) => w.n);", "bigint"],
  ["words.flatMap((w) => w.n);", "bigint"],
  ["words.map((w) => ({ a: w.score + 1 }));", "null"],
  ["words.keyBy((w) => w.word).select({ a: 'kye' });", '"kye"'],
  [
    "words.keyBy('word').window(TumblingEventTimeWindows.of(1)).reduce((a, b) => ({ n: a.n + b.word }));",
    "bigint",
  ],
  [
    "words.keyBy('word').window(TumblingEventTimeWindows.of(1)).aggregate({ createAccumulator: () => ({ n: 0n }), add: (w, acc) => ({ n: acc.n + w.m }), getResult: (acc) => acc });",
    "'m'",
  ],
];

/** Diagnostics of tsc by the snippet's file. */
const found = new Map<string, string>();

beforeAll(async () => {
  mkdirSync(join(folder, "operators"), { recursive: true });
  writeFileSync(join(folder, "operators/index.ts"), OPERATORS);
  const built = await buildBundle({
    entry: join(folder, "operators/index.ts"),
    name: "handles",
    outFile: join(folder, "handles.wasm"),
    optimize: "none",
  });
  const text = handleModule({
    manifest: built.manifest,
    bundlePath: "./handles.wasm",
    entry: "operators/index.ts",
  });
  writeFileSync(join(folder, "handles.ts"), text);
  GOOD.forEach((snippet, i) => {
    writeFileSync(join(folder, `good-${i}.ts`), `${HEAD}${snippet}\n`);
  });
  BAD.forEach(([snippet], i) => {
    writeFileSync(join(folder, `bad-${i}.ts`), `${HEAD}${snippet}\n`);
  });
  const config = { extends: "../../tsconfig.json", include: ["./*.ts"], exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const done = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
    encoding: "utf8",
    cwd: folder,
  });
  let current = "";
  for (const line of done.stdout.split("\n")) {
    const file = /^([\w-]+\.ts)\(/.exec(line)?.[1];
    if (file !== undefined) current = file;
    if (line.trim() !== "") found.set(current, `${found.get(current) ?? ""}${line}\n`);
  }
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the handle module of a bundle", () => {
  test("gives constants, functions of parameters, tags and documentation", () => {
    const text = readFileSync(join(folder, "handles.ts"), "utf8");
    expect(text).toContain("/** Splits a line. */\nexport const splitWords: OperatorHandle<");
    expect(text).toContain("export function topN(parameters: TopNParameters = {})");
    expect(text).toContain('export const checkBad = new OutputTag<CheckBad>("bad");');
    expect(found.get("handles.ts")).toBeUndefined();
  });

  test("opens the bundle, and the job carries its file", () => {
    const job = `${HEAD}
words.filter(ops.threshold({ must: 2n ** 60n })).print();
const { vertices } = env.toJobSpec("typed");
const uploads = [...env.bundles().keys()];
console.log(JSON.stringify([vertices[2]?.operator.parameters, uploads, vertices[1]?.operator.bundle]));
`;
    const file = join(folder, "run.ts");
    writeFileSync(file, job);
    const args = ["--conditions=millrace-source", file];
    const done = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(done.stderr).toBe("");
    const [parameters, uploads, used] = JSON.parse(done.stdout);
    expect(parameters).toEqual({ must: String(2n ** 60n) });
    expect(uploads).toEqual([used]);
  });

  test.each(GOOD.map((snippet, i) => [snippet, i] as const))("allows %s", (_, i) => {
    expect(found.get(`good-${i}.ts`)).toBeUndefined();
  });

  test.each(BAD.map(([snippet, says], i) => [snippet, says, i] as const))(
    "refuses %s",
    (_, says, i) => {
      expect(found.get(`bad-${i}.ts`)).toContain(says);
    },
  );
});
