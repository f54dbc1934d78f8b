/** Functions with state: reduce and aggregate, run in both worlds. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HelperNode } from "../../src/inline/captured.ts";
import { functionOf, parseJobFile } from "../../src/inline/find-function.ts";
import { api, type ts } from "../../src/inline/typescript-api.ts";
import { BatchWriter } from "../../src/protocol/batch/batch-writer.ts";
import type { RowValue } from "../../src/protocol/batch/column-value.ts";
import type { Schema } from "../../src/protocol/types.ts";
import {
  HarnessModule,
  type Mode,
  NORMAL,
  OperatorHarness,
} from "../conformance/operator-harness.ts";
import { columnsOf, compileRequests, expectedRow, rowText, same } from "./differential.ts";
import { makeRows, type Row, SCHEMA } from "./rows.ts";

type Plain = Readonly<Record<string, unknown>>;
// biome-ignore lint/suspicious/noExplicitAny: a function of rows and accumulators
type AnyFunction = (...args: any[]) => any;

/** A reduce of a keyed stream, of a window, or an aggregate. */
export interface StatefulCase {
  readonly kind: "reduce" | "window_reduce" | "aggregate";
  readonly tags: readonly string[];
  readonly keys: readonly (keyof Row)[];
  readonly functions: Readonly<Record<string, AnyFunction>>;
}

const split = (tags: string): string[] => tags.split(",").map((tag) => tag.trim());

/** A function for keyBy(...).reduce. */
export function reduce(
  tags: string,
  keys: readonly (keyof Row)[],
  fn: (a: Row, b: Row) => Plain,
): StatefulCase {
  return { kind: "reduce", tags: split(tags), keys, functions: { fn } };
}
/** A function for window(...).reduce. */
export function windowReduce(
  tags: string,
  keys: readonly (keyof Row)[],
  fn: (a: Row, b: Row) => Plain,
): StatefulCase {
  return { kind: "window_reduce", tags: split(tags), keys, functions: { fn } };
}
/** Functions for window(...).aggregate. */
export function aggregate<Acc>(
  tags: string,
  keys: readonly (keyof Row)[],
  functions: {
    readonly createAccumulator: () => Acc;
    readonly add: (row: Row, acc: Acc) => Acc;
    readonly getResult: (acc: Acc) => Plain;
  },
): StatefulCase {
  return { kind: "aggregate", tags: split(tags), keys, functions };
}

/** A case with its place and its source. */
export interface PlacedStateful extends StatefulCase {
  readonly name: string;
  readonly nodes: Readonly<Record<string, HelperNode>>;
}

const FILE = "stateful-cases.ts";
const MAKERS: ReadonlySet<string> = new Set(["reduce", "windowReduce", "aggregate"]);

/** All cases of stateful-cases.ts. */
export async function statefulCases(): Promise<PlacedStateful[]> {
  const { cases } = (await import("./stateful-cases.ts")) as { cases: readonly StatefulCase[] };
  const path = fileURLToPath(new URL(`./${FILE}`, import.meta.url));
  const source = parseJobFile(path, readFileSync(path, "utf8"));
  const calls: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    const isCase =
      api.isCallExpression(node) &&
      api.isIdentifier(node.expression) &&
      MAKERS.has(node.expression.text);
    if (isCase) calls.push(node as ts.CallExpression);
    else api.forEachChild(node, visit);
  };
  visit(source);
  if (calls.length !== cases.length) throw new Error(`${calls.length} of ${cases.length}`);
  return cases.map((one, index) => {
    const call = calls[index]!;
    const { line } = source.getLineAndCharacterOfPosition(call.getStart(source));
    return { ...one, name: `${FILE}:${line + 1}`, nodes: nodesOf(call.arguments[2]!) };
  });
}

function nodesOf(argument: ts.Expression): Record<string, HelperNode> {
  if (!api.isObjectLiteralExpression(argument)) return { fn: functionOf(argument) };
  return Object.fromEntries(
    argument.properties.map((one) => {
      const { name, initializer } = one as ts.PropertyAssignment;
      return [name.getText(), functionOf(initializer)];
    }),
  );
}

const WINDOW = { time: "event", size: 1_000_000, offset: 0, lateness: 0 };

interface Outcome {
  readonly rows: readonly Record<string, unknown>[];
  readonly failed: readonly number[];
}

const keyOf = (one: StatefulCase, row: Row): string =>
  one.keys.map((key) => `${typeof row[key]}${String(row[key])}`).join("\0");
const keyFields = (one: StatefulCase, row: Row): Plain =>
  Object.fromEntries(one.keys.map((key) => [key, row[key]]));

/** What plain JavaScript gives. */
function expected(one: StatefulCase, rows: readonly Row[], schema: Schema): Outcome {
  const states = new Map<string, { state: unknown; readonly key: Plain }>();
  const results: Record<string, unknown>[] = [];
  const failed: number[] = [];
  const { fn, createAccumulator, add, getResult } = one.functions;
  rows.forEach((row, index) => {
    const key = keyOf(one, row);
    const fields = keyFields(one, row);
    const known = states.get(key);
    try {
      const before = known?.state;
      const state =
        one.kind === "aggregate"
          ? add!(row, known === undefined ? createAccumulator!() : before)
          : known === undefined
            ? row
            : { ...fn!(before, row), ...fields };
      const made = one.kind === "reduce" ? expectedRow(state, schema) : {};
      if (made === undefined) throw new Error("does not fit");
      states.set(key, { state, key: fields });
      if (one.kind === "reduce") results.push(made);
    } catch {
      failed.push(index);
    }
  });
  if (one.kind === "reduce") return { rows: results, failed };
  for (const { state, key } of states.values()) {
    const result = one.kind === "aggregate" ? getResult!(state) : state;
    results.push(expectedRow({ ...result, ...key }, schema)!);
  }
  return { rows: results, failed };
}

/** How a run goes: whether state is written out and read again in the middle of it. */
export interface StatefulRun {
  readonly count: number;
  readonly seed: number;
  readonly optimize: "speed" | "none";
  readonly mode?: Mode;
  readonly restore?: boolean;
}

/** Runs all cases; answers what differs. */
export async function runStateful(
  cases: readonly PlacedStateful[],
  run: StatefulRun,
): Promise<string[]> {
  const requests = cases.map((one, index) => ({
    name: `case-${index}`,
    kind: one.kind,
    input: SCHEMA,
    keys: one.keys,
    functions: one.nodes,
  }));
  const { generated, module } = await compileRequests(requests, run.optimize);
  const rows = makeRows(run.count, run.seed);
  return cases.flatMap((one, index) => {
    const keys = SCHEMA.filter((column) => one.keys.includes(column.name as keyof Row));
    const own = [...keys, ...generated.operators[index]!.output];
    const found = differences(one, index, new HarnessModule(module), own, rows, run);
    return found.map((text) => `${one.name} [${one.tags.join(",")}]: ${text}`);
  });
}

const BOUND = { type: "TIMESTAMP", precision: 3, nullable: false } as const;

function differences(
  one: StatefulCase,
  operator: number,
  module: HarnessModule,
  schema: Schema,
  rows: readonly Row[],
  run: StatefulRun,
): string[] {
  const wanted = expected(one, rows, schema);
  const isWindow = one.kind !== "reduce";
  const bounds = ["window_start", "window_end"].map((name) => ({ name, type: BOUND }));
  const setup = {
    operator,
    parameters: isWindow ? WINDOW : {},
    inputs: [{ schema: SCHEMA, keys: one.keys }],
    outputs: [{ name: "main", schema: isWindow ? [...schema, ...bounds] : schema }],
  };
  const got: RowValue[] = [];
  const failed: number[] = [];
  let harness = new OperatorHarness(module, setup, run.mode ?? NORMAL);
  let done = 0;
  const take = (): void => {
    for (const one of harness.drain()[0]!) if (one.type === "row") got.push(one.values);
    failed.push(...harness.failures.splice(0).map(({ row }) => row + done));
  };
  const half = run.restore === true ? Math.floor(rows.length / 2) : rows.length;
  for (const part of [rows.slice(0, half), rows.slice(half)]) {
    const writer = new BatchWriter(SCHEMA);
    for (const row of part) writer.append(columnsOf(row), { eventTime: 5n });
    harness.process(writer.finish());
    take();
    done += part.length;
    if (done === rows.length) continue;
    const chunks = harness.snapshot(1n);
    harness.close();
    harness = new OperatorHarness(module, setup, run.mode ?? NORMAL);
    for (const chunk of chunks) harness.restore(chunk);
  }
  if (isWindow) harness.watermark(2_000_000n);
  take();
  harness.close();
  return compared(wanted, { rows: got, failed }, schema, rows, run.restore === true && isWindow);
}

function compared(
  wanted: Outcome,
  got: { readonly rows: readonly RowValue[]; readonly failed: readonly number[] },
  schema: Schema,
  rows: readonly Row[],
  unordered: boolean,
): string[] {
  const odd = [
    ...got.failed.filter((row) => !wanted.failed.includes(row)),
    ...wanted.failed.filter((row) => !got.failed.includes(row)),
  ];
  if (odd.length > 0) return [`row ${odd[0]} failed in one world: ${rowText(rows[odd[0]!]!)}`];
  const text = (row: Plain) =>
    schema.map(({ name }) => `${typeof row[name]} ${String(row[name])}`).join("; ");
  const order = (list: readonly Plain[]) =>
    unordered ? [...list].sort((a, b) => (text(a) < text(b) ? -1 : 1)) : list;
  const [ours, theirs] = [order(got.rows as readonly Plain[]), order(wanted.rows)];
  if (ours.length !== theirs.length) return [`${ours.length} rows, not ${theirs.length}`];
  const at = ours.findIndex((row, k) =>
    schema.some(({ name }) => !same(row[name], theirs[k]![name])),
  );
  return at < 0 ? [] : [`output ${at}: ${text(ours[at]!)}, not ${text(theirs[at]!)}`];
}
