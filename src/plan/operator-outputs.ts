/** Streams that leave an operator: from its description, its inputs and what the job declares. */
import { MillraceError } from "../protocol/errors.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { OutputContext } from "./builtin-operators.ts";
import { DEAD_LETTER_ROW } from "./builtin-outputs.ts";
import { joinOutputs, processWindowOutputs, windowOutputs } from "./builtin-windows.ts";
import { intervalOutputs } from "./interval-parameters.ts";
import type { OutputSpec, VertexSpec } from "./job-spec.ts";
import type { FoundOperator } from "./operator-lookup.ts";
import {
  checkInputFields,
  checkOperatorSchema,
  fieldOf,
  sameChangeMode,
  sameSchema,
  schemaText,
} from "./schema-match.ts";
import { inputOf, type PlannedStream, type StreamType } from "./stream-type.ts";
import { STRATEGY_PARAMETERS, timedOutputs } from "./watermark-parameters.ts";

/** What planOutputs reads. */
export interface OutputRequest {
  readonly operator: FoundOperator;
  readonly vertex: VertexSpec;
  readonly inputs: readonly StreamType[];
  readonly keys: readonly string[];
  readonly used: ReadonlySet<string>;
  /** `vertices[3]` */
  readonly field: string;
}

/**
 * Outputs in the order in which the module has them: main, side outputs, and last the host's own
 * output of failed rows where the vertex asks for it.
 * @throws MillraceError JOB_SCHEMA_MISMATCH, JOB_SCHEMA_MISSING, JOB_DUPLICATE_FIELD, UNSUPPORTED_TYPE
 *   and those of the built-in operators.
 */
export function planOutputs(request: OutputRequest): PlannedStream[] {
  const { operator, vertex, inputs, keys, field } = request;
  const deadLetters = vertex.onRowError === "dead-letter" && inputs.length > 0;
  const context: OutputContext = {
    operator: operator.name,
    parameters: operator.parameters,
    inputs,
    keys,
    declared: vertex.outputs,
    used: request.used,
    field,
  };
  const outputs =
    operator.builtin === undefined
      ? describedOutputs(operator, context)
      : operator.builtin.outputs(context);
  if (deadLetters) outputs.push(DEAD_LETTER_ROW);
  for (const output of outputs) {
    checkOperatorSchema(output.schema, `${field}.outputs.${output.name}`);
  }
  return applyDeclared(operator.name, outputs, vertex.outputs, field);
}

function describedOutputs(
  { description, processWindow }: FoundOperator,
  context: OutputContext,
): PlannedStream[] {
  const main = description.outputs[0];
  if (processWindow !== undefined) return processedOutputs(main, processWindow, context);
  const inWindows = description.kind === "reduce" && context.parameters.assigner !== undefined;
  if (description.kind === "aggregate" || inWindows) {
    return windowOutputs(context, describedSchema(main, context));
  }
  if (description.kind === "reduce") {
    const { schema: columns } = inputOf(context.inputs);
    const keys = context.keys.map((key) => fieldOf(columns, key)!);
    const schema = [...keys, ...describedSchema(main, context)];
    const changeMode = { mode: "insert-only" } as const;
    return [{ name: "main", schema, changeMode, timeAttribute: null }];
  }
  if (description.kind === "process_window") {
    return processWindowOutputs(context, describedSchema(main, context));
  }
  if (description.kind === "watermark_strategy") {
    const times = context.parameters[STRATEGY_PARAMETERS] as object;
    return timedOutputs(context, times, `${STRATEGY_PARAMETERS}.`);
  }
  if (description.kind === "join" || description.kind === "co_group") {
    return joinOutputs(context, describedSchema(main, context));
  }
  const outputs = plainOutputs(description, context);
  return description.kind === "interval_join" ? intervalOutputs(context, outputs) : outputs;
}

function plainOutputs(description: OperatorDescription, context: OutputContext): PlannedStream[] {
  return description.outputs.map((output, i) => {
    if (output.schema === "same") return passedOn(output, inputOf(context.inputs));
    const schema = describedSchema(output, context);
    if (description.kind === "key_selector" && i === 0) {
      const input = inputOf(context.inputs);
      return { ...passedOn(output, input), schema: [...input.schema, ...schema] };
    }
    return { name: output.name, schema, changeMode: output.emits, timeAttribute: null };
  });
}

/** Results of an aggregate go to a ProcessWindowFunction, with the key in front: it must find what it reads. */
function processedOutputs(
  result: DescribedOutput | undefined,
  { name, inputs, outputs }: OperatorDescription,
  context: OutputContext,
): PlannedStream[] {
  const { schema } = inputOf(context.inputs);
  const keys = context.keys.map((key) => fieldOf(schema, key)!);
  const given = [...keys, ...describedSchema(result, context)];
  const at = `${context.field}.operator.parameters.processWindow`;
  checkOperatorSchema(given, `${context.field}.outputs.main`);
  const wanted = inputs[0]!.schema;
  if (typeof wanted !== "string") checkInputFields(name, wanted, given, at);
  return processWindowOutputs(context, describedSchema(outputs[0], context));
}

type DescribedOutput = OperatorDescription["outputs"][number];

/** Rows that are handed on keep their change, unless the operator says that it makes a changelog. */
function passedOn(output: DescribedOutput, input: StreamType): PlannedStream {
  const changeMode = output.emits.mode === "insert-only" ? input.changeMode : output.emits;
  return { ...input, name: output.name, changeMode };
}

function describedSchema(output: DescribedOutput | undefined, context: OutputContext) {
  if (output !== undefined && typeof output.schema !== "string") return output.schema;
  const name = output?.name ?? "main";
  const declared = context.declared.find((other) => other.name === name);
  if (declared !== undefined) return declared.schema;
  const message = `Cannot plan ${context.operator}: the job does not say what its output ${name} holds`;
  throw new MillraceError("JOB_SCHEMA_MISSING", message, {
    field: `${context.field}.outputs`,
    expected: `an output ${name} with a schema`,
  });
}

/** What the job declares must be what comes; only the time attribute may be added. */
function applyDeclared(
  operator: string,
  outputs: readonly PlannedStream[],
  declared: readonly OutputSpec[],
  field: string,
): PlannedStream[] {
  for (const [i, spec] of declared.entries()) {
    const output = outputs.find((other) => other.name === spec.name);
    const at = `${field}.outputs[${i}]`;
    if (output === undefined) {
      const message = `Cannot plan ${operator}: it has no output ${spec.name}`;
      const expected = outputs.map((other) => other.name).join(", ");
      throw new MillraceError("JOB_UNKNOWN_OUTPUT", message, {
        field: `${at}.name`,
        value: spec.name,
        expected,
      });
    }
    if (!sameSchema(spec.schema, output.schema)) {
      const message = `Cannot plan ${operator}: output ${spec.name} has other columns than declared`;
      const detail = { value: schemaText(spec.schema), expected: schemaText(output.schema) };
      throw new MillraceError("JOB_SCHEMA_MISMATCH", message, { field: `${at}.schema`, ...detail });
    }
    if (!sameChangeMode(spec.changeMode, output.changeMode)) {
      const message = `Cannot plan ${operator}: output ${spec.name} has another change mode than declared`;
      const detail = { value: spec.changeMode.mode, expected: output.changeMode.mode };
      throw new MillraceError("JOB_CHANGE_MODE_MISMATCH", message, {
        field: `${at}.changeMode`,
        ...detail,
      });
    }
    checkTimeAttribute(operator, spec, `${at}.timeAttribute`);
  }
  return outputs.map((output) => {
    const time = declared.find((spec) => spec.name === output.name)?.timeAttribute;
    return time === undefined ? output : { ...output, timeAttribute: time };
  });
}

function checkTimeAttribute(operator: string, spec: OutputSpec, field: string): void {
  const { timeAttribute, schema } = spec;
  if (timeAttribute === undefined || fieldOf(schema, timeAttribute) !== undefined) return;
  const message = `Cannot plan ${operator}: output ${spec.name} has no field ${timeAttribute}`;
  const expected = schema.map((column) => column.name).join(", ");
  const detail = { field, value: timeAttribute, expected };
  throw new MillraceError("JOB_FIELD_UNKNOWN", message, detail);
}
