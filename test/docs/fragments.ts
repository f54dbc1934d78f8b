/**
 * The examples of docstrings, which leave out what stands around them: as functions (TypeScript) or
 * among rows (AssemblyScript) that have the names which examples use.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { referencePages } from "../../packaging/reference/sdk-reference.ts";
import { CHECKS, SNIPPETS } from "./page-project.ts";
import type { Block } from "./pages.ts";

const KINDS = ["class", "enum", "function", "constant"];

function namesOf(page: string, section: string): string {
  const sections = referencePages().find(({ file }) => file === page)?.sections ?? [];
  const items = sections.find(({ title }) => title === section)?.items ?? [];
  return items
    .filter(({ kind }) => KINDS.includes(kind))
    .map(({ name }) => name)
    .join(", ");
}

const TYPESCRIPT = `import type { OperatorHandle } from "millrace";
import { ${namesOf("docs/api-reference.md", "millrace")} } from "millrace";
import { ${namesOf("docs/api-reference.md", "millrace/testing")} } from "millrace/testing";
declare const hash: string, token: string, spec: object, bytes: Uint8Array;
declare const manifest: Bundle["manifest"], client: MillraceClient;
declare const words: Bundle;
declare const env: StreamExecutionEnvironment;
declare const lines: DataStream, rules: DataStream, keyed: KeyedStream;
declare const clicks: DataStream, orders: DataStream, match: OperatorHandle;
declare const assigner: ReturnType<typeof TumblingEventTimeWindows.of>;
declare function more(): Promise<void>;
declare function sensor(): AsyncIterable<object>;
declare const harness: OperatorTestHarness, source: OperatorTestHarness;
declare const joined: OperatorTestHarness<{ line: string }, object, { word: string }>;
declare const ops: {
  splitWords(parameters: { minLength: number }): OperatorHandle<{ line: string }, { word: string }>;
  byMinute(): OperatorHandle<{ at: bigint }, { at: bigint }, "watermark_strategy">;
  checkOrder(): OperatorHandle<{ line: string }, { word: string }>;
  lookUp: OperatorHandle<{ line: string }, { word: string }, "async">;
};
`;

const ROWS = `import { ${namesOf("docs/sdk-reference.md", "Classes")} } from "millrace/sdk";
@row class Reading { device!: Text; degrees: f64; }
@row class Line { line!: Text; }
@row class Word { word!: Text; }
@row class Area { area!: Text; }
@row class Limit { device!: Text; degrees: f64; }
@row class Alarm { device!: Text; over: f64; }
@row class Order { region: i32; }
@row class Counted { n: i64; }
@row class Result { total: f64; }
@row class Seen { at: i64; }
@row class Device { device!: Text; }
@row class Tagged { @type("ARRAY<STRING NOT NULL>") tags!: Value; }
`;

/**
 * What examples of methods and statements stand in: an operator by key, with state. A function that
 * nothing calls is not compiled, so `Examples` calls all of them.
 */
const SCENE = `abstract class Scene extends KeyedProcessFunction<Word, Line, Line> {
seed: i32 = 0;
count!: ValueState<i64>;
recent!: ListState<f64>;
counts!: MapState<Text, i64>;
last!: ValueState<Seen>;
seen!: Seen;
sum: i64 = 0;
buffered!: OperatorListState<i64>;
limits!: BroadcastState<Text, f64>;
longest!: ReducingState<i64>;
mean!: AggregatingState<f64, SumAndCount, f64>;
processElement(value: Line, context: KeyedContext<Word>, out: Collector<Line>): void {}
}
function any<T>(): T {
  if (isReference<T>()) return changetype<T>(0);
  else return <T>0;
}
`;

function write(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const IMPORT = /^import \{ (\w+) \} from .*\n/gm;

/** One file for each example: their names do not meet. What one imports is no name of the scene. */
export function writeTypeScriptFragments(blocks: readonly Block[]): string[] {
  return blocks.map(({ line, code }) => {
    const imports = [...code.matchAll(IMPORT)];
    const taken = imports.map(([, name]) => `declare const ${name}:`);
    const scene = TYPESCRIPT.split("\n").filter((text) => !taken.some((t) => text.startsWith(t)));
    const head = [...imports.map(([text]) => text.trimEnd()), ...scene].join("\n");
    const body = code.replaceAll(IMPORT, "");
    const text = `${head}export async function example() {\n${body}\n}\n`;
    return write(SNIPPETS, `api-reference/line-${line}.ts`, text);
  });
}

/** A method that is an example: its first line has all parameters, and none is indented. */
const METHOD = /^(\w+)\((.*)\)(?:: .*)? \{$/gm;

/** What statements may use beside the fields of the scene. */
const SCENE_PARAMETERS =
  "word: Text, value: Seen, request: HttpRequest, response: HttpResponse, output: WatermarkOutput";

/** A class with the example's methods, statements in one of their own, and the calls of them. */
function asMethods(line: number, code: string): { text: string; calls: string[] } {
  const isMethod = code.search(METHOD) !== -1;
  const body = isMethod ? code : `example(${SCENE_PARAMETERS}): void {\n${code}\n}`;
  const calls = [...body.matchAll(METHOD)].map(([, name, parameters]) => {
    const types = [...parameters!.matchAll(/\w+: ([^,<]+(?:<[^>]+>)?)/g)].map(([, type]) => type);
    return `new Line${line}().${name}(${types.map((type) => `any<${type}>()`).join(", ")});`;
  });
  return { text: `class Line${line} extends Scene {\n${body}\n}`, calls };
}

/** One entry for all: one compilation. */
export function writeOperatorFragments(blocks: readonly Block[]): string {
  const isClass = ({ code }: Block) => code.includes("class ");
  // Exported: a class that no operator uses is compiled, too.
  const classes = blocks
    .filter(isClass)
    .map(({ code }) => code.replaceAll(/^class /gm, "export class "));
  const methods = blocks.filter((block) => !isClass(block)).map((b) => asMethods(b.line, b.code));
  const examples = `@operator class Examples extends FilterFunction<Word> {
filter(value: Word): bool {
${methods.flatMap(({ calls }) => calls).join("\n")}
return true;
}
}`;
  const parts = [SCENE, ...classes, ...methods.map(({ text }) => text), examples];
  return write(CHECKS, "sdk-reference/index.ts", `${ROWS}${parts.join("\n")}\n`);
}
