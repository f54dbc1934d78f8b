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
declare const hash: string, token: string, spec: object;
declare const manifest: Bundle["manifest"], words: Bundle, client: MillraceClient;
declare const lines: DataStream, keyed: KeyedStream;
declare const assigner: ReturnType<typeof TumblingEventTimeWindows.of>;
declare function more(): Promise<void>;
declare function sensor(): AsyncIterable<object>;
declare const harness: OperatorTestHarness;
declare const ops: {
  splitWords(parameters: { minLength: number }): OperatorHandle<{ line: string }, { word: string }>;
  lookUp: OperatorHandle<{ line: string }, { word: string }, "async">;
};
`;

const ROWS = `import { ${namesOf("docs/sdk-reference.md", "Classes")} } from "millrace/sdk";
@row class Reading { device!: Text; degrees: f64; }
@row class Line { line!: Text; }
@row class Word { word!: Text; }
@row class Area { area!: Text; }
@row class Order { region: i32; }
@row class Counted { n: i64; }
@row class Result { total: f64; }
@row class Seen { at: i64; }
`;

/** Fields that examples of methods and statements use. */
const FIELDS = `seed: i32 = 0;
count!: ValueState<i64>;
recent!: ListState<f64>;
counts!: MapState<Text, i64>;
last!: ValueState<Seen>;
seen!: Seen;
`;

function write(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** One file for each example: their names do not meet. */
export function writeTypeScriptFragments(blocks: readonly Block[]): string[] {
  return blocks.map(({ line, code }) =>
    write(
      SNIPPETS,
      `api-reference/line-${line}.ts`,
      `${TYPESCRIPT}export async function example() {\n${code}\n}\n`,
    ),
  );
}

/** Statements stand in a method, methods in an operator by key: some have state. */
function asClass(line: number, code: string): string {
  const isMethod = /^\w+\(.*\{$/m.test(code.split("\n")[0] ?? "");
  const method = isMethod
    ? code
    : `example(word: Text, value: Seen): void {\nlet sum: f64 = 0;\n${code}\n}`;
  const head = `@operator class Line${line} extends KeyedProcessFunction<Word, Line, Line>`;
  const process =
    "processElement(value: Line, context: KeyedContext<Word>, out: Collector<Line>): void {}";
  return `${head} {\n${FIELDS}${method}\n${process}\n}`;
}

/** One entry for all: one compilation. A method alone stands in an operator. */
export function writeOperatorFragments(blocks: readonly Block[]): string {
  const classes = blocks.map(({ line, code }) =>
    code.includes("class ") ? code : asClass(line, code),
  );
  return write(CHECKS, "sdk-reference/index.ts", `${ROWS}${classes.join("\n")}\n`);
}
