/**
 * Checks a connector's options and fills their defaults in. Done once for an attempt, in a worker's
 * main isolate: a slot, which opens the connector (registry.ts), never loads the schemas.
 */
import type { z } from "zod";
import { sinkConnectors, sourceConnectors } from "../protocol/connector-options.ts";
import type { ConnectorSpec, Deployment, TaskDescriptor } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";

/**
 * A source's connector as `openSource` takes it.
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_INVALID naming the option
 */
export function checkedSource(spec: ConnectorSpec): ConnectorSpec {
  return checked(sourceConnectors, spec);
}

/**
 * A sink's connector as `openSink` takes it.
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_INVALID naming the option
 */
export function checkedSink(spec: ConnectorSpec): ConnectorSpec {
  return checked(sinkConnectors, spec);
}

/**
 * A deployment whose connectors are checked.
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_INVALID
 */
export function checkedDeployment(deployment: Deployment): Deployment {
  return { ...deployment, tasks: deployment.tasks.map(checkedTask) };
}

function checkedTask(task: TaskDescriptor): TaskDescriptor {
  const chain = task.chain.map((operator, place) => {
    const { connector } = operator;
    if (connector === undefined) return operator;
    const source = place === 0 && task.gates.length === 0;
    return {
      ...operator,
      connector: source ? checkedSource(connector) : checkedSink(connector),
    };
  });
  return { ...task, chain };
}

function checked(
  schemas: Readonly<Record<string, z.ZodType<ConnectorSpec>>>,
  spec: ConnectorSpec,
): ConnectorSpec {
  const schema = Object.hasOwn(schemas, spec.type) ? schemas[spec.type] : undefined;
  if (schema === undefined) throw unknownConnector(spec, Object.keys(schemas));
  const parsed = schema.safeParse(spec);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const option = unknown ?? issue?.path.join(".") ?? "";
  const message = `Cannot open ${spec.type} connector: option ${option}: ${issue?.message}`;
  throw new MillraceError("CONNECTOR_OPTION_INVALID", message, {
    field: `connector.${option}`,
    value: spec[option],
  });
}

function unknownConnector(spec: ConnectorSpec, known: readonly string[]): MillraceError {
  const message = `Cannot open connector: ${spec.type} is unknown here`;
  return new MillraceError("CONNECTOR_UNKNOWN", message, {
    field: "connector.type",
    value: spec.type,
    expected: known.join(", "),
  });
}
