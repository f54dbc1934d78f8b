/** What a vertex may be: its kind, its connector, and what the planner adds to both. */
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import { isFormat, SOURCE_CONNECTORS } from "./builtin-operators.ts";
import { checkConnector } from "./connector-spec.ts";
import type { VertexSpec } from "./job-spec.ts";
import type { FoundOperator } from "./operator-lookup.ts";
import { STRATEGY_PARAMETERS } from "./watermark-parameters.ts";

/** The kind of vertex that an operator can stand in; undefined: in none. */
function vertexKindOf(operator: FoundOperator): VertexSpec["kind"] | undefined {
  const { kind } = operator.description;
  if (kind === "source" || kind === "sink") return kind;
  if (kind === "exchange") return undefined;
  return operator.builtin !== undefined && isFormat(operator.name) ? "sink" : "operator";
}

/** @throws MillraceError JOB_OPERATOR_KIND */
export function checkKind(vertex: VertexSpec, operator: FoundOperator, field: string): void {
  const kind = vertexKindOf(operator);
  if (kind === vertex.kind) return;
  const is = kind === undefined ? "a partitioner" : `of kind ${kind}`;
  const message = `Cannot plan ${vertex.id}: ${operator.name} is ${is}, the vertex is of kind ${vertex.kind}`;
  const detail = { field: `${field}.kind`, value: vertex.kind };
  const expected = kind ?? "its use as the partitionerOperator of an edge";
  throw new MillraceError("JOB_OPERATOR_KIND", message, { ...detail, expected });
}

/**
 * The connector of a source or sink, with what its operator demands of it: records that may hold
 * newlines and counted lines need whole files.
 * @throws MillraceError CONNECTOR_MISSING, CONNECTOR_UNEXPECTED, CONNECTOR_MISMATCH and those of
 *   checkConnector.
 */
export function planConnector(
  vertex: VertexSpec,
  operator: FoundOperator,
  field: string,
): ConnectorSpec | undefined {
  const { kind, connector } = vertex;
  const at = `${field}.connector`;
  if (kind === "operator") {
    if (connector === undefined) return undefined;
    const message = `Cannot plan ${vertex.id}: only sources and sinks have a connector`;
    const detail = { field: at, value: connector.type, expected: "no connector" };
    throw new MillraceError("CONNECTOR_UNEXPECTED", message, detail);
  }
  if (connector === undefined) {
    const message = `Cannot plan ${vertex.id}: a ${kind} needs a connector`;
    const expected = "an object with the connector's type and options";
    throw new MillraceError("CONNECTOR_MISSING", message, { field: at, expected });
  }
  const checked = checkConnector(kind, connector, at);
  if (kind === "sink") return checked;
  // An uploaded source makes its rows when it is polled, as datagen does.
  const fitting = operator.builtin === undefined ? ["datagen"] : SOURCE_CONNECTORS[operator.name]!;
  if (!fitting.includes(checked.type)) {
    const message = `Cannot plan ${vertex.id}: ${operator.name} cannot read from connector ${checked.type}`;
    const detail = { field: `${at}.type`, value: checked.type, expected: fitting.join(", ") };
    throw new MillraceError("CONNECTOR_MISMATCH", message, detail);
  }
  return checked.type === "file" && needsWholeFiles(operator)
    ? wholeFiles(checked, operator.name, at)
    : checked;
}

function needsWholeFiles(operator: FoundOperator): boolean {
  const { lineNumber, multiline, quoteCharacter } = operator.parameters;
  if (operator.name === "text_lines") return lineNumber === true;
  return operator.name === "csv" && multiline === true && quoteCharacter !== "";
}

function wholeFiles(connector: ConnectorSpec, operator: string, at: string): ConnectorSpec {
  if (connector.splittable === true) {
    const reason =
      operator === "csv" ? "quoted fields may hold newlines" : "lines are counted within the file";
    const message = `Cannot split the files of ${operator}: ${reason}`;
    throw new MillraceError("CONNECTOR_NOT_SPLITTABLE", message, {
      field: `${at}.splittable`,
      value: true,
      expected: operator === "csv" ? "false, or parameter multiline false" : "false",
    });
  }
  return { ...connector, splittable: false };
}

/**
 * Parsers take the vertex's choice for rows that fail as their parameter onError; operators that make
 * watermarks the job's interval, where they have none of their own.
 */
export function planParameters(
  vertex: VertexSpec,
  operator: FoundOperator,
  autoWatermarkIntervalMs: number,
): Readonly<Record<string, unknown>> {
  const { parameters } = operator;
  if (operator.builtin !== undefined && operator.name === "assign_timestamps") {
    return { autoWatermarkIntervalMs, ...parameters };
  }
  if (operator.description.kind === "watermark_strategy") {
    const watermarks = parameters[STRATEGY_PARAMETERS] as object;
    return { ...parameters, [STRATEGY_PARAMETERS]: { autoWatermarkIntervalMs, ...watermarks } };
  }
  const parses = operator.builtin !== undefined && ["json_lines", "csv"].includes(operator.name);
  if (!parses || parameters.onError !== undefined) return parameters;
  return { ...parameters, onError: vertex.onRowError === "drop" ? "skip" : vertex.onRowError };
}

/**
 * Only a source can pause: its strategy stands directly behind it, in the same task.
 * @throws MillraceError JOB_PARAMETER_INVALID
 */
export function checkAlignment(
  vertex: VertexSpec,
  operator: FoundOperator,
  inputs: readonly (Pick<VertexSpec, "kind" | "chaining"> & { readonly partitioner: string })[],
  at: string,
): void {
  const nested = operator.description.kind === "watermark_strategy";
  const parameters = nested ? operator.parameters[STRATEGY_PARAMETERS] : operator.parameters;
  const { alignment } = parameters as { readonly alignment?: { readonly group: string } };
  const known = nested || (operator.builtin !== undefined && operator.name === "assign_timestamps");
  if (!known || alignment === undefined) return;
  const [input, ...others] = inputs;
  const isDirect = others.length === 0 && input?.partitioner === "forward";
  const isChained = vertex.chaining === "always" && input?.chaining !== "never";
  if (isDirect && isChained && input.kind === "source") return;
  const message = `Cannot plan ${vertex.id}: watermark alignment needs a source that can pause`;
  throw new MillraceError("JOB_PARAMETER_INVALID", message, {
    field: `${at}.operator.parameters.${nested ? `${STRATEGY_PARAMETERS}.` : ""}alignment`,
    value: alignment.group,
    expected: "a strategy that is chained to its source, as fromSource(source, strategy) does",
  });
}

/**
 * Rows of a source have no timestamp that could be kept.
 * @throws MillraceError JOB_PARAMETER_MISSING
 */
export function checkEventTime(
  vertex: VertexSpec,
  operator: FoundOperator,
  producers: readonly { readonly kind: VertexSpec["kind"] }[],
  at: string,
): void {
  if (operator.builtin === undefined || operator.name !== "assign_timestamps") return;
  const { field, ingestionTime } = operator.parameters;
  if (field !== undefined || ingestionTime === true) return;
  if (!producers.some(({ kind }) => kind === "source")) return;
  const message = `Cannot plan ${vertex.id}: the rows of its source have no timestamp to keep`;
  const expected = "a field of the rows that holds their event time, or ingestionTime";
  const path = `${at}.operator.parameters.field`;
  throw new MillraceError("JOB_PARAMETER_MISSING", message, { field: path, expected });
}

/**
 * Windows over the whole stream are one task's.
 * @throws MillraceError JOB_PARAMETER_INVALID
 */
export function checkWindowAll(
  vertex: VertexSpec,
  operator: FoundOperator,
  parallelism: number,
  field: string,
): void {
  if (operator.parameters.all !== true || parallelism === 1) return;
  const message = `Cannot plan ${vertex.id}: windows over the whole stream have parallelism 1`;
  const detail = { field: `${field}.parallelism`, value: parallelism, expected: "1" };
  throw new MillraceError("JOB_PARAMETER_INVALID", message, detail);
}
