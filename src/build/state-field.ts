/**
 * The states of an operator: `@state` fields, for which the code is generated that asks for them, and
 * descriptors that its methods make. Both go into the self-description, by name and type.
 */
import type { OperatorDescription } from "../protocol/manifest.ts";
import { typeText as sqlText } from "../protocol/type-text.ts";
import type { LogicalType, Schema } from "../protocol/types.ts";
import { accumulatorSchema } from "./accumulator-class.ts";
import { nativeType, sqlTypeOf } from "./column-type.ts";
import type { OperatorKind } from "./operator-kinds.ts";
import type { BuildProblem } from "./problem.ts";
import { rowFields, rowSchema } from "./row-class.ts";
import type { SourceTree } from "./source-tree.ts";
import {
  type ClassSyntax,
  type FieldSyntax,
  placeIn,
  type TypeSyntax,
  typeText,
} from "./syntax.ts";
import { replacing, type TextEdit } from "./text-edit.ts";

type StateDescription = OperatorDescription["states"][number];

interface FoundState {
  readonly name: string;
  /** `ValueState`, `MapState`, ... */
  readonly kind: string;
  readonly types: readonly TypeSyntax[];
  readonly offset: number;
}

/** What a `@state` field may be, and how it is asked for. */
const FIELD_STATES: Readonly<
  Record<string, { readonly get: string; readonly descriptor: string }>
> = {
  ValueState: { get: "getState", descriptor: "__ValueStateDescriptor" },
  ListState: { get: "getListState", descriptor: "__ListStateDescriptor" },
  MapState: { get: "getMapState", descriptor: "__MapStateDescriptor" },
  BroadcastState: { get: "getBroadcastState", descriptor: "__MapStateDescriptor" },
  OperatorListState: {
    get: "getOperatorStateStore().getListState",
    descriptor: "__ListStateDescriptor",
  },
  UnionListState: {
    get: "getOperatorStateStore().getUnionListState",
    descriptor: "__ListStateDescriptor",
  },
};
/** Lists that belong to the subtask, not to a key. */
const SUBTASK_LISTS: ReadonlySet<string> = new Set(["OperatorListState", "UnionListState"]);
/** Names of the types in `schema`, by kind of state. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  ValueState: ["value"],
  ListState: ["element"],
  MapState: ["key", "value"],
  BroadcastState: ["key", "value"],
  OperatorListState: ["element"],
  UnionListState: ["element"],
  ReducingState: ["value"],
};

/** The states of an operator class, and the edits that make its `@state` fields work. */
export function readStates(
  operator: ClassSyntax,
  kind: OperatorKind,
  tree: SourceTree,
  problems: BuildProblem[],
): { states: StateDescription[]; edits: TextEdit[] } {
  const edits: TextEdit[] = [];
  const opened: string[] = [];
  const found: FoundState[] = [];
  for (const field of operator.fields) {
    const decorator = field.decorators.find((d) => d.name === "state");
    if (decorator === undefined) continue;
    const state = readField(operator, field, problems);
    if (state === undefined) continue;
    found.push(state);
    edits.push(replacing(operator.file.text, decorator.start, decorator.end, ""));
    opened.push(openingCode(field, state, decorator.values[1]));
  }
  if (opened.length > 0) {
    const text = ` __openStates(context: __RuntimeContext): void { ${opened.join(" ")} } `;
    edits.push({ start: operator.bodyEnd, end: operator.bodyEnd, text });
  }
  found.push(...describedStates(operator));
  checkStates(operator, kind, found, problems);
  return { states: found.map((state) => describe(operator, state, tree)), edits };
}

function readField(
  operator: ClassSyntax,
  field: FieldSyntax,
  problems: BuildProblem[],
): FoundState | undefined {
  const complain = (message: string, remedy: string): undefined => {
    problems.push({ place: placeIn(operator.file, field.start), message, remedy });
    return undefined;
  };
  const { type } = field;
  const written = type === undefined ? "no type" : typeText(type);
  const remedy =
    `Write \`@state ${field.name}!: ValueState<i64>\`, or ListState<T>, MapState<K, V>, BroadcastState<K, V>; ` +
    "OperatorListState<T>, UnionListState<T>; ask for other states in open().";
  const parts = type === undefined ? undefined : PARTS[type.name];
  if (type === undefined || parts === undefined || FIELD_STATES[type.name] === undefined) {
    return complain(`state ${field.name} has the unsupported type ${written}`, remedy);
  }
  if (type.nullable || type.typeArguments.length !== parts.length) {
    return complain(`state ${field.name} has the unsupported type ${written}`, remedy);
  }
  if (field.initializer !== undefined) {
    return complain(`state ${field.name} has an initial value`, remedy);
  }
  const { values } = field.decorators.find((d) => d.name === "state")!;
  const [name = field.name, timeToLive] = values;
  const timed = timeToLive === undefined || (typeof timeToLive === "number" && timeToLive > 0);
  if (
    typeof name !== "string" ||
    name === "" ||
    values.length > 2 ||
    !timed ||
    !Number.isInteger(timeToLive ?? 1)
  ) {
    const example = `@state("${field.name}", 3600000): its name, and its time to live in ms`;
    return complain(`@state(${values.join(", ")}) of field ${field.name}`, `Write ${example}.`);
  }
  if (timeToLive !== undefined && SUBTASK_LISTS.has(type.name)) {
    const message = `state ${field.name} belongs to the subtask and cannot have a time to live`;
    return complain(message, `Write @state("${name}").`);
  }
  return { name, kind: type.name, types: type.typeArguments, offset: field.start };
}

function openingCode(
  field: FieldSyntax,
  { name, kind, types }: FoundState,
  timeToLive: string | number | undefined,
): string {
  const { get, descriptor } = FIELD_STATES[kind]!;
  const list = `<${types.map(typeText).join(", ")}>`;
  const made = `new ${descriptor}${list}(${JSON.stringify(name)})`;
  if (timeToLive === undefined) return `this.${field.name} = context.${get}${list}(${made});`;
  const timed = `d.enableTimeToLive(new __StateTtlConfig(${timeToLive}));`;
  return `{ const d = ${made}; ${timed} this.${field.name} = context.${get}${list}(d); }`;
}

/** Descriptors that stand in the class with their names: `new ValueStateDescriptor<i64>("count")`. */
function describedStates(operator: ClassSyntax): FoundState[] {
  const whole = operator.file.text;
  const blank = (comment: string): string => comment.replace(/[^\n]/g, " ");
  const text = whole
    .slice(operator.start, operator.bodyEnd)
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, blank);
  const stores = [...text.matchAll(/(\w+)\s*=\s*\w+\s*\.\s*getOperatorStateStore\(\)/g)];
  const names = new Set(stores.map(([, variable]) => variable!));
  const pattern =
    /(?:([\w.]+(?:\(\))?)\s*\.\s*(get\w+)\s*(?:<[^()]*>)?\(\s*)?\bnew\s+(Value|List|Map|Reducing|Aggregating)StateDescriptor\s*<([\w\s,]+)>\(\s*(["'])((?:(?!\5|\\).)+)\5/g;
  return [...text.matchAll(pattern)].map((match) => {
    const [, receiver = "", method, kind, list, , name] = match;
    const ofStore = receiver.endsWith("getOperatorStateStore()") || names.has(receiver);
    const types = list!.split(",").map((one) => one.trim());
    return {
      name: name!,
      kind: describedKind(method, ofStore, kind!),
      types: types.map((one) => ({ name: one, typeArguments: [], nullable: false })),
      offset: operator.start + match.index,
    };
  });
}

/** What a descriptor describes, by the method that is called with it. */
function describedKind(method: string | undefined, ofStore: boolean, descriptor: string): string {
  if (method === "getBroadcastState") return "BroadcastState";
  if (method === "getUnionListState") return "UnionListState";
  return ofStore && descriptor === "List" ? "OperatorListState" : `${descriptor}State`;
}

/** Kinds of functions whose state is of another form: what to write instead. */
const WITHOUT_STATE: ReadonlyMap<OperatorKind["kind"], string> = new Map([
  ["aggregate", "Keep it in the accumulator."],
  ["process_window", "Use context.windowState() and context.globalState()."],
  ["exchange", "Let an operator in front of it add a column."],
]);

function checkStates(
  operator: ClassSyntax,
  kind: OperatorKind,
  states: readonly FoundState[],
  problems: BuildProblem[],
): void {
  const seen = new Map<string, string>();
  for (const { name, kind: state, types, offset } of states) {
    const complain = (message: string, remedy: string): void => {
      problems.push({ place: placeIn(operator.file, offset), message, remedy });
    };
    const written = `${state}<${types.map(typeText).join(", ")}>`;
    const ofSubtask = SUBTASK_LISTS.has(state);
    const isBroadcast = state === "BroadcastState" && kind.second === "broadcast";
    if (WITHOUT_STATE.has(kind.kind)) {
      const message = `operator ${operator.name} has the state ${name}, but ${kind.base} has none by name`;
      complain(message, WITHOUT_STATE.get(kind.kind)!);
    } else if (!kind.keyed && !isBroadcast && !ofSubtask) {
      const message = `operator ${operator.name} has the state ${name}, but ${kind.base} works without a key`;
      complain(message, "Extend KeyedProcessFunction, and key the stream with keyBy().");
    } else if (state === "BroadcastState" && kind.second !== "broadcast") {
      const message = `operator ${operator.name} has the broadcast state ${name}, but no broadcast stream`;
      complain(message, "Extend KeyedBroadcastProcessFunction.");
    }
    const other = seen.get(name);
    if (other !== undefined) {
      const message =
        other === written
          ? `two states of operator ${operator.name} are named ${name}`
          : `states ${other} and ${written} of operator ${operator.name} are both named ${name}`;
      complain(message, 'Give one another name: @state("name").');
    }
    seen.set(name, written);
  }
}

function describe(operator: ClassSyntax, state: FoundState, tree: SourceTree): StateDescription {
  const { name, kind, types } = state;
  const entry = { name, version: 1 };
  if (kind === "AggregatingState") {
    const found = tree.findClass(operator.file, types[1]?.name ?? "");
    const schema = found === undefined ? [] : accumulatorSchema(found, []);
    return { ...entry, type: kind, schema };
  }
  const parts = PARTS[kind]!;
  const schema: Schema = types.slice(0, parts.length).map((type, i) => {
    return { name: parts[i]!, type: logicalType(operator, type, tree) };
  });
  const list = schema.map(({ type }) => bareText(type)).join(", ");
  return { ...entry, type: `${kind}<${list}>`, schema };
}

/** What the compiler will refuse if it is no type of state: then a text stands for it here. */
function logicalType(operator: ClassSyntax, type: TypeSyntax, tree: SourceTree): LogicalType {
  const native = nativeType(type.name);
  if (native !== undefined) return sqlTypeOf(native);
  const found = tree.findClass(operator.file, type.name);
  if (found === undefined) return { type: "STRING", nullable: false };
  return { type: "ROW", fields: [...rowSchema(rowFields(found, []))], nullable: false };
}

/** As snapshots write it (row-cell.ts): `ROW<word STRING NOT NULL>`. */
function bareText(type: LogicalType): string {
  if (type.type !== "ROW") return sqlText({ ...type, nullable: true });
  return `ROW<${type.fields.map((field) => `${field.name} ${sqlText(field.type)}`).join(", ")}>`;
}
