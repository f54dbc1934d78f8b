/** Connectors of a job spec, checked at submission: a misspelt option is refused at once. */
import { z } from "zod";
import { sinkConnectors, sourceConnectors } from "../protocol/connector-options.ts";
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import { bracketPath } from "./spec-issue.ts";

/**
 * Checks the options of a connector; answers them as given (the connector fills defaults in).
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_UNKNOWN, CONNECTOR_OPTION_INVALID
 */
export function checkConnector(
  kind: "source" | "sink",
  connector: ConnectorSpec,
  field: string,
): ConnectorSpec {
  const known: Readonly<Record<string, z.ZodType>> =
    kind === "source" ? sourceConnectors : sinkConnectors;
  const schema = Object.hasOwn(known, connector.type) ? known[connector.type] : undefined;
  if (schema === undefined) {
    const message = `Cannot use connector ${connector.type}: it is not a ${kind} connector`;
    throw new MillraceError("CONNECTOR_UNKNOWN", message, {
      field: `${field}.type`,
      value: connector.type,
      expected: Object.keys(known).join(", "),
    });
  }
  const result = schema.safeParse(connector);
  if (result.success) return connector;
  const issue = result.error.issues[0]!;
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const code = unknown === undefined ? "CONNECTOR_OPTION_INVALID" : "CONNECTOR_OPTION_UNKNOWN";
  const message = `Cannot use connector ${connector.type}: ${issue.message}`;
  throw new MillraceError(code, message, {
    field: bracketPath(field, path),
    value: unknown ?? connector[String(path[0])],
    expected: unknown === undefined ? issue.message : optionNames(schema),
  });
}

function optionNames(schema: z.ZodType): string {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape).join(", ") : "";
}
