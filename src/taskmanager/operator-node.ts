/**
 * The operators of a task as opened in their modules, each with where its outputs go: chained
 * operators, `$exchange` before an edge of several channels, channels, a sink's connector.
 */
import { openColumns } from "../protocol/batch/schema-columns.ts";
import { DEAD_LETTER } from "../protocol/dead-letter.ts";
import type { ChainedOperator, Deployment, TaskDescriptor } from "../protocol/deployment.ts";
import { assert, MillraceError } from "../protocol/errors.ts";
import { keyGroupRange } from "../protocol/key-group.ts";
import { BATCH_TEXT_BYTES } from "../protocol/limits.ts";
import type { OpenConfig, OpenStream } from "../protocol/open-config.ts";
import type { Schema } from "../protocol/types.ts";
import { alignmentOf } from "./core/source-alignment.ts";
import type { ModuleInstance, OperatorSite } from "./module-instance.ts";
import { RowCost } from "./slice-budget.ts";

/** Operator of every bundle that spreads rows over the channels of an edge. */
const EXCHANGE = "$exchange";
/** What a formatting sink operator writes: whole records, newline included. */
const RECORD_SCHEMA: Schema = [{ name: "record", type: { type: "STRING", nullable: false } }];

/** Who takes the blocks of an output. */
export type Consumer =
  | { readonly type: "node"; readonly node: OperatorNode }
  | { readonly type: "channel"; readonly edge: number; readonly channel: number }
  | { readonly type: "sink"; readonly operator: number };

/** An opened operator. */
export interface OperatorNode {
  readonly site: OperatorSite;
  /** Its name in the job, by which its metrics are known. */
  readonly name: string;
  readonly instance: ModuleInstance;
  /** Number that mr_open gave. */
  readonly inst: number;
  readonly exchange: boolean;
  /** Place in the task's chain; of an exchange that of its producer. */
  readonly place: number;
  readonly onRowError: ChainedOperator["onRowError"];
  /** What a row did is undone where its code has trapped. */
  readonly undoes: boolean;
  readonly stateBudgetBytes: number | undefined;
  /** Consumers of each output. */
  readonly routes: readonly (readonly Consumer[])[];
  /** Of each output, whether an operator of the chain takes it: partial blocks are handed on then. */
  readonly chained: boolean[];
  readonly deadLetter: number | undefined;
  /** Whether it is told of the splits of the source in front of it: their watermarks are apart. */
  readonly perSplit: boolean;
  /** Whether the task wants to know its watermarks: they are aligned with those of other sources. */
  readonly isAligned: boolean;
  /** Columns of its inputs; none: a source, or an exchange. */
  readonly inputs: readonly Schema[];
  /** Columns of its key: those of its first input, in their order. */
  readonly key: Schema;
  readonly subtask: number;
  readonly cost: RowCost;
  /** Counters of the last answer. */
  rowsIn: number;
  rowsOut: number;
  rowsFailed: number;
  stateBytes: number;
  /** An output block may be partly filled. */
  partial: boolean;
}

/** What opening a chain needs. */
export interface OpenContext {
  readonly task: TaskDescriptor;
  readonly deployment: Pick<Deployment, "batchRows">;
  /** The slot's instance of a bundle. */
  instanceOf(bundle: string): ModuleInstance;
}

/** What opening a node does not find out by itself. */
type NodeShape =
  | "name"
  | "routes"
  | "exchange"
  | "place"
  | "onRowError"
  | "undoes"
  | "stateBudgetBytes"
  | "deadLetter"
  | "inputs"
  | "key"
  | "subtask"
  | "perSplit"
  | "isAligned";
type MutableRoutes = Consumer[][];

/**
 * Opens the operators of a task, in the order of its chain, each exchange behind its producer.
 * @throws MillraceError OPERATOR_UNKNOWN, OPERATOR_OPEN_FAILED with the operator's own message
 */
export function openNodes(context: OpenContext): OperatorNode[] {
  const { task } = context;
  const opened: { node: OperatorNode; routes: MutableRoutes; exchanges: OperatorNode[] }[] = [];
  for (const [place, operator] of task.chain.entries()) {
    const instance = context.instanceOf(operator.bundle);
    const isSink = operator.connector !== undefined && !(place === 0 && task.gates.length === 0);
    const outputs = isSink && operator.outputs.length === 0 ? [RECORD_STREAM] : operator.outputs;
    const routes: MutableRoutes = outputs.map(() => []);
    const undoes = instance.loaded.undoes === true && operator.onRowError !== "fail";
    const config: OpenConfig = {
      ...position(context),
      parameters: operator.parameters,
      inputs: operator.inputs.map(openStream),
      outputs: outputs.map(openStream),
      undoRows: undoes,
    };
    const site = siteOf(instance, operator.operator, operator.name);
    const exchanges = openExits(context, place, instance, site, routes);
    if (isSink) routes[0]!.push({ type: "sink", operator: place });
    const deadLetter = outputs.findIndex((o) => o.name === DEAD_LETTER);
    const node = openNode(instance, operator.operator, site, config, {
      routes,
      exchange: false,
      name: operator.name,
      place,
      onRowError: operator.onRowError,
      undoes,
      stateBudgetBytes: operator.stateBudgetBytes,
      deadLetter: deadLetter === -1 ? undefined : deadLetter,
      inputs: operator.inputs.map(({ schema }) => schema),
      key: keyColumns(operator.inputs[0]),
      subtask: task.subtask,
      perSplit: operator.input?.from === 0 && task.gates.length === 0 && isPerSplit(operator),
      isAligned: alignmentOf(task)?.operator === operator,
    });
    opened.push({ node, routes, exchanges });
    if (operator.input === undefined) continue;
    const { from, output } = operator.input;
    const route = opened[from]?.routes[output];
    assert(route !== undefined && from < place, `chain input ${from}.${output} of ${place}`);
    route.push({ type: "node", node });
    opened[from]!.node.chained[output] = true;
  }
  return opened.flatMap(({ node, exchanges }) => [node, ...exchanges]);
}

/** Watermarks of each split: a parameter of assign_timestamps, and of an author's strategy among the engine's own. */
function isPerSplit({ parameters }: ChainedOperator): boolean {
  const strategy = parameters.watermarks as { readonly perSplit?: unknown } | undefined;
  return parameters.perSplit === true || strategy?.perSplit === true;
}

const RECORD_STREAM = { name: "main", schema: RECORD_SCHEMA, keys: [] as string[] };

/** Joins the edges out of operator `place`: directly, or over an exchange. */
function openExits(
  context: OpenContext,
  place: number,
  instance: ModuleInstance,
  site: OperatorSite,
  routes: MutableRoutes,
): OperatorNode[] {
  const exchanges: OperatorNode[] = [];
  for (const [edge, exit] of context.task.outputs.entries()) {
    if (exit.from !== place) continue;
    const route = routes[exit.output];
    assert(route !== undefined, `edge ${edge} leaves from output ${exit.output} of ${place}`);
    const channels: Consumer[] = exit.channels.map((_, channel) => ({
      type: "channel",
      edge,
      channel,
    }));
    const stream = context.task.chain[place]!.outputs[exit.output]!;
    const direct = channels.length === 1 || exit.partitioner === "broadcast";
    if (direct) {
      route.push(...channels);
      continue;
    }
    const input = openStream({ ...stream, keys: exit.keys });
    const custom = exit.partitionerOperator;
    const config: OpenConfig = {
      ...position(context),
      maxParallelism: exit.maxParallelism ?? context.task.maxParallelism,
      parameters: custom?.parameters ?? {
        partitioner: exit.partitioner,
        channels: channels.length,
        keys: exit.keys,
      },
      inputs: [input],
      outputs: channels.map((_, i) => ({ ...input, name: String(i), keys: [] })),
    };
    // An author's partitioner may be of another bundle: then its rows are copied once on the way.
    const spreading = custom === undefined ? instance : context.instanceOf(custom.bundle);
    const exchangeSite =
      custom === undefined
        ? { ...site, name: `${site.name} -> ${exit.partitioner}` }
        : {
            ...siteOf(spreading, custom.operator, custom.operator),
            name: `${site.name} -> ${custom.operator}`,
          };
    const node = openNode(spreading, custom?.operator ?? EXCHANGE, exchangeSite, config, {
      name: exchangeSite.name,
      routes: channels.map((channel) => [channel]),
      exchange: true,
      place,
      onRowError: "fail",
      undoes: false,
      stateBudgetBytes: undefined,
      deadLetter: undefined,
      inputs: [],
      key: [],
      subtask: context.task.subtask,
      perSplit: false,
      isAligned: false,
    });
    route.push({ type: "node", node });
    exchanges.push(node);
  }
  return exchanges;
}

function openNode(
  instance: ModuleInstance,
  operator: string,
  site: OperatorSite,
  config: OpenConfig,
  shape: Pick<OperatorNode, NodeShape>,
): OperatorNode {
  const { manifest } = instance.loaded;
  const number = manifest.operators.findIndex((o) => o.name === operator);
  if (number === -1) {
    const message = `Cannot open operator ${site.name}: bundle ${manifest.name} has no ${operator}`;
    const expected = manifest.operators.map((o) => o.name).join(", ");
    throw new MillraceError("OPERATOR_UNKNOWN", message, { value: operator, expected });
  }
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  const buffer = instance.copyIn(bytes);
  const inst = instance.invoke(site, "mr_open", number, buffer.pointer, bytes.byteLength);
  if (inst === -1) {
    const message = `Cannot open operator ${site.name}: ${instance.resultText()}`;
    throw new MillraceError("OPERATOR_OPEN_FAILED", message, { field: site.name });
  }
  instance.recycle(buffer);
  return {
    ...shape,
    chained: shape.routes.map((route) => route.some(({ type }) => type === "node")),
    site,
    instance,
    inst,
    cost: new RowCost(),
    rowsIn: 0,
    rowsOut: 0,
    rowsFailed: 0,
    stateBytes: 0,
    partial: false,
  };
}

function keyColumns(
  input: { readonly schema: Schema; readonly keys: readonly string[] } | undefined,
): Schema {
  if (input === undefined) return [];
  return input.keys.map((key) => input.schema.find(({ name }) => name === key)!);
}

/** Where the subtask stands among its siblings; the part of a configuration all operators share. */
function position({ task, deployment }: OpenContext) {
  const range = keyGroupRange(task.subtask, task.maxParallelism, task.parallelism);
  return {
    subtask: task.subtask,
    parallelism: task.parallelism,
    maxParallelism: task.maxParallelism,
    keyGroupStart: range.start,
    keyGroupEnd: range.end,
    roomRows: deployment.batchRows,
    roomBytes: BATCH_TEXT_BYTES,
  };
}

function siteOf(instance: ModuleInstance, operator: string, name: string): OperatorSite {
  const description = instance.loaded.manifest.operators.find((o) => o.name === operator);
  return { name: shownName(name, operator), source: description?.source, records: 0 };
}

function shownName(name: string, operator: string): string {
  return name === operator ? name : `${name} (${operator})`;
}

/** Names of a task's operators and partitioners as errors show them. */
export function siteNames(task: TaskDescriptor): string[] {
  const chain = task.chain.map(({ name, operator }) => shownName(name, operator));
  const exits = task.outputs.map((exit) => {
    const by = exit.partitionerOperator?.operator ?? exit.partitioner;
    return `${chain[exit.from]} -> ${by}`;
  });
  return [...chain, ...exits];
}

function openStream(stream: { name: string; schema: Schema; keys: readonly string[] }): OpenStream {
  const keys = stream.keys.map((key) => {
    const index = stream.schema.findIndex((field) => field.name === key);
    assert(index !== -1, `key ${key} is not a field of stream ${stream.name}`);
    return index;
  });
  return { name: stream.name, columns: openColumns(stream.schema), keys };
}
