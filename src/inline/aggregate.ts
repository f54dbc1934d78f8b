/** Aggregates over windows: functions that give a new accumulator become stores into it. */
import type { Schema } from "../protocol/types.ts";
import type { HelperNode } from "./captured.ts";
import { Frame, type ReturnTarget } from "./frame.ts";
import {
  begin,
  finish,
  type GeneratedOperator,
  type InlineRequest,
  inputColumns,
  type OperatorNames,
  rowValue,
} from "./functions.ts";
import { type Program, quoted } from "./program.ts";
import { inputClass, rowClass } from "./row-input.ts";
import { outputSchema, refuseRow, widenRow, writeRow } from "./row-output.ts";
import { recordText, type State, slotsMethod, stateValue, storing } from "./state.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";

/** An operator and the classes of its text. */
export interface Generated {
  readonly operator: GeneratedOperator;
  readonly text: string;
}

/** Failing inside of an aggregate ends the task: a row may be refused only before it is added. */
export const CHECK = "if (js_failed()) throw new Error(js_failureText());";

function declare(program: Program, name: string, parameters: string, frame: Frame): void {
  program.declarations.push(`function ${name}(${parameters}): void {`, ...frame.body(), "}");
}

/** An aggregate over windows, of functions that each give a new accumulator. */
export function aggregateClass(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  used: ReadonlySet<string>,
): Generated {
  const { createAccumulator, add, getResult, merge } = request.functions;
  const acc = `Acc${names.input.slice(2)}`;
  const state: State = { program, slot: `${names.body}:accumulator`, record: acc };
  const part = (fn: HelperNode, suffix: string, values: readonly Value[], parameters: string) => {
    const frame = begin(program, `${names.body}:${suffix}`, fn, values, "return;", storing(state));
    finish(frame, fn);
    declare(program, `${names.body}_${suffix}`, parameters, frame);
  };
  part(createAccumulator!, "create", [], `acc: ${acc}`);
  const row = rowValue(program, names.input, "value", request.input);
  part(add!, "add", [row, stateValue(state, "acc")], `value: ${names.input}, acc: ${acc}`);
  if (merge !== undefined) {
    const both = [stateValue(state, "acc"), stateValue(state, "other")];
    part(merge, "merge", both, `acc: ${acc}, other: ${acc}`);
  }
  const output = resultBody(program, request, names, getResult!, state, getResult!);
  const merging = merge === undefined ? "" : mergeMethod(names, acc);
  const text = [
    inputClass(names.input, inputColumns(request, used), program),
    rowClass(names.output, output),
    recordText(state),
    `@operator(${quoted(request.name)}) class ${names.operator} extends AggregateFunction<${names.input}, ${acc}, ${names.output}> {`,
    `createAccumulator(acc: ${acc}): void { js_beginRow(); ${names.body}_create(acc); ${CHECK} }`,
    `add(value: ${names.input}, acc: ${acc}): void { js_beginRow(); ${names.body}_add(value, acc); ${CHECK} }`,
    merging,
    `getResult(acc: ${acc}, out: ${names.output}): void { js_beginRow(); ${names.body}_result(acc, out); ${CHECK} }`,
    slotsMethod(state),
    "}",
  ].join("\n");
  return { operator: { name: request.name, kind: "aggregate", output }, text };
}

function mergeMethod(names: OperatorNames, acc: string): string {
  return `merge(acc: ${acc}, other: ${acc}): void { js_beginRow(); ${names.body}_merge(acc, other); ${CHECK} }`;
}

/**
 * The function that writes a result from the accumulator.
 * @param fn undefined: the result is the accumulator
 */
export function resultBody(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  fn: HelperNode | undefined,
  state: State,
  node: ts.Node,
): Schema {
  const slot = `${names.body}:row`;
  let output: Schema = [];
  const target = (own: Frame): ReturnTarget => ({
    give: (value, node) => {
      if (value === undefined) return refuseRow(node, { kind: "undefined" });
      const type = widenRow(own, slot, value.type, node);
      output = outputSchema(program, type, request.returns, node);
      writeRow(own, value, output, "out", node);
      own.emit("return;");
    },
  });
  const accumulator = stateValue(state, "acc");
  const key = `${names.body}:result`;
  let frame: Frame;
  if (fn === undefined) {
    frame = new Frame(program, key, "return;", { give: () => undefined });
    target(frame).give(accumulator, node);
  } else {
    frame = begin(program, key, fn, [accumulator], "return;", target);
    finish(frame, fn);
  }
  const parameters = `acc: ${state.record}, out: ${names.output}`;
  declare(program, `${names.body}_result`, parameters, frame);
  return output;
}
