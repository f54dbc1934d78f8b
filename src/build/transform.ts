/**
 * The compiler transform: turns the classes an author writes into what the SDK runs, and describes
 * them. It edits the text that the compiler reads, line by line in place, so that errors and source
 * maps keep the author's lines.
 */

import type { OperatorDescription } from "../protocol/manifest.ts";
import { accumulatorEdits, accumulatorSchema } from "./accumulator-class.ts";
import {
  EXCHANGE_DESCRIPTION,
  FACTORY_PREFIX,
  type OperatorClass,
  readOperator,
} from "./operator-class.ts";
import type { BuildProblem } from "./problem.ts";
import { rowEdits, rowFields } from "./row-class.ts";
import type { RowClassOutline } from "./row-views.ts";
import { SDK_NAME } from "./sdk.ts";
import { type SourceTree, sdkImport } from "./source-tree.ts";
import { type ClassSyntax, placeIn, type SourceFile } from "./syntax.ts";
import { applyEdits, replacing, type TextEdit } from "./text-edit.ts";

/** Name of the generated entry; no author's file can have it. */
export const ENTRY_FILE = "~bundle.ts";
const SUPPORT = `${SDK_NAME}/generated-support`;

/** Names of the SDK that generated code uses, with two underscores in front in author's files. */
const SUPPORT_NAMES = [
  "AggregateOperator",
  "AsyncWaitOperator",
  "BatchReader",
  "BlockWriter",
  "CepOperator",
  "BroadcastProcessOperator",
  "CoProcessOperator",
  "ColumnBuffer",
  "FilterOperator",
  "FlatMapOperator",
  "JsonValue",
  "KeySelectorOperator",
  "CoGroupOperator",
  "IntervalJoinOperator",
  "KeyedBroadcastProcessOperator",
  "KeyedCoProcessOperator",
  "KeyedProcessOperator",
  "ListStateDescriptor",
  "MapOperator",
  "MapStateDescriptor",
  "OpenColumn",
  "OpenStream",
  "Operator",
  "PartitionOperator",
  "ProcessOperator",
  "ProcessWindowOperator",
  "ReduceOperator",
  "RowLayout",
  "RowView",
  "RuntimeContext",
  "SinkOperator",
  "SourceOperator",
  "StateTtlConfig",
  "Text",
  "TimestampsAndWatermarksOperator",
  "Value",
  "ValueStateDescriptor",
  "ValueWriter",
  "bitAt",
  "columnOf",
  "columnsOf",
  "emptyText",
  "forgetValue",
  "pointAtText",
  "storeCellText",
  "textOf",
  "valueAt",
  "valueWriter",
  "writeText",
  "writeValue",
];

/** What the compiler reads, and what the bundle says of itself. */
export interface TransformedSources {
  /** Text by path, the generated entry included. */
  readonly texts: ReadonlyMap<string, string>;
  readonly edits: ReadonlyMap<string, readonly TextEdit[]>;
  /** In the order of their numbers, `$exchange` last. */
  readonly operators: readonly OperatorDescription[];
  /** In the order of their files and places. */
  readonly rows: readonly RowClassOutline[];
}

/**
 * Transforms all files of a bundle.
 * @param registered Descriptions of operators that the entry registers itself (the engine's own);
 *   no entry is generated then.
 */
export function transformSources(
  tree: SourceTree,
  problems: BuildProblem[],
  registered?: readonly OperatorDescription[],
): TransformedSources {
  const texts = new Map<string, string>();
  const allEdits = new Map<string, readonly TextEdit[]>();
  const found: FoundClasses = { operators: [], rows: [] };
  for (const file of tree.files.values()) {
    const edits = fileEdits(file, tree, found, problems, registered === undefined);
    allEdits.set(file.path, edits);
    texts.set(file.path, applyEdits(file.text, edits));
  }
  const { operators, rows } = found;
  checkNames(operators, problems);
  if (registered !== undefined) return { texts, edits: allEdits, operators: registered, rows };
  texts.set(ENTRY_FILE, entryText(tree.entry, operators));
  return {
    texts,
    edits: allEdits,
    operators: [...operators.map((o) => o.description), EXCHANGE_DESCRIPTION],
    rows,
  };
}

/** What the classes of the files turn out to be. */
interface FoundClasses {
  readonly operators: OperatorClass[];
  readonly rows: RowClassOutline[];
}

function fileEdits(
  file: SourceFile,
  tree: SourceTree,
  found: FoundClasses,
  problems: BuildProblem[],
  /** Whether functions must have @operator: not where the entry registers them by itself. */
  strict: boolean,
): TextEdit[] {
  const edits: TextEdit[] = [];
  for (const link of file.links) {
    const name = sdkImport(tree.folder, file.path, link.path);
    if (name === undefined || name === link.path) continue;
    edits.push(replacing(file.text, link.pathStart, link.pathEnd, JSON.stringify(name)));
  }
  const before = edits.length;
  for (const one of file.classes) {
    edits.push(...classEdits(one, tree, found, problems, strict));
  }
  if (edits.length > before) {
    const names = SUPPORT_NAMES.map((name) => `${name} as __${name}`).join(", ");
    edits.unshift({ start: 0, end: 0, text: `import { ${names} } from "${SUPPORT}"; ` });
  }
  return edits;
}

function classEdits(
  one: ClassSyntax,
  tree: SourceTree,
  found: FoundClasses,
  problems: BuildProblem[],
  strict: boolean,
): TextEdit[] {
  const has = (name: string): boolean => one.decorators.some((d) => d.name === name);
  const roles = ["row", "accumulator", "operator"].filter(has);
  if (roles.length > 1) {
    problems.push({
      place: placeIn(one.file, one.start),
      message: `class ${one.name} has ${roles.map((role) => `@${role}`).join(" and ")}`,
      remedy: "A class is one of them.",
    });
    return [];
  }
  if (has("accumulator")) {
    accumulatorSchema(one, problems);
    return accumulatorEdits(one);
  }
  if (has("row")) {
    const fields = rowFields(one, problems);
    const nullable = fields.filter((field) => field.nullable).map((field) => field.name);
    found.rows.push({ file: one.file.path, name: one.name, nullable });
    return [...decoratorEdits(one), ...rowEdits(one, fields)];
  }
  if (!has("operator")) return strict ? looseFunction(one, tree, problems) : [];
  const operator = readOperator(one, tree, problems);
  if (operator === undefined) return [];
  found.operators.push(operator);
  return [...decoratorEdits(one), ...operator.edits];
}

/** A class that extends a function but is not registered is nearly always a forgotten decorator. */
function looseFunction(one: ClassSyntax, tree: SourceTree, problems: BuildProblem[]): TextEdit[] {
  const parents = [
    "MapFunction",
    "FlatMapFunction",
    "FilterFunction",
    "ProcessFunction",
    "CoProcessFunction",
    "BroadcastProcessFunction",
    "KeyedProcessFunction",
    "KeyedCoProcessFunction",
    "KeyedBroadcastProcessFunction",
  ];
  const isFunction = !one.isAbstract && parents.some((name) => tree.isSdkName(one, name));
  if (isFunction && one.base !== undefined) {
    problems.push({
      place: placeIn(one.file, one.start),
      message: `class ${one.name} extends ${one.base.name} but has no @operator`,
      remedy: `Put @operator on ${one.name}, or make it abstract.`,
    });
  }
  return [];
}

/** Our decorators mean nothing to the compiler itself. */
function decoratorEdits(one: ClassSyntax): TextEdit[] {
  return one.decorators.map(({ start, end }) => replacing(one.file.text, start, end, ""));
}

function checkNames(operators: readonly OperatorClass[], problems: BuildProblem[]): void {
  const seen = new Set<string>([EXCHANGE_DESCRIPTION.name]);
  for (const { syntax, description } of operators) {
    if (seen.has(description.name)) {
      problems.push({
        place: placeIn(syntax.file, syntax.start),
        message: `two operators are named ${description.name}`,
        remedy: 'Give one another name: @operator("name").',
      });
    }
    seen.add(description.name);
  }
}

/** The problem of a bundle without operators; the compiler's own errors come before it. */
export function noOperators(tree: SourceTree): BuildProblem {
  return {
    place: placeIn(tree.files.get(tree.entry)!, 0),
    message: "no class has @operator",
    remedy: "Put @operator on a class that extends a function of the SDK.",
  };
}

/** The module's entry: the ABI's exports, and the operators in the order of the manifest. */
function entryText(entry: string, operators: readonly OperatorClass[]): string {
  const lines = [
    `import { ExchangeOperator, Operator, registerOperator } from "${SUPPORT}";`,
    `export * from "${SDK_NAME}/abi";`,
    // Also where it has no operator of its own: its errors are found, its statements run.
    `import "./${entry.replace(/\.ts$/, "")}";`,
  ];
  operators.forEach(({ syntax }, index) => {
    const path = syntax.file.path.replace(/\.ts$/, "");
    lines.push(`import { ${FACTORY_PREFIX}${syntax.name} as factory${index} } from "./${path}";`);
  });
  operators.forEach((_, index) => {
    lines.push(`registerOperator((): Operator => factory${index}());`);
  });
  lines.push("registerOperator((): Operator => new ExchangeOperator());", "");
  return lines.join("\n");
}
