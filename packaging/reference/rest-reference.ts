/** docs/rest.md: the routes of the JobManager's OpenAPI document, within the prose of rest.md beside this. */
import { readFileSync } from "node:fs";
import { createApp, openApiDocument } from "../../src/jobmanager/app.ts";
import type { AppContext } from "../../src/jobmanager/app-context.ts";

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly items?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
}
type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { description: string; content?: Content }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** One route of the document. */
interface Route extends Operation {
  readonly method: string;
  readonly path: string;
}

/** The document of an app none of whose routes is called, so that it needs no running parts. */
export function openApi(): OpenApi {
  return openApiDocument(createApp({} as AppContext)) as unknown as OpenApi;
}

export function restReference(document: OpenApi): string {
  const prose = readFileSync(new URL("rest.md", import.meta.url), "utf8");
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]): Route => ({ ...route, path, method })),
  );
  const rows = routes.map(
    (route) =>
      `| [\`${titleOf(route)}\`](#${anchor(route)}) | ${roleOf(route)} | ${route.summary} |`,
  );
  const table = ["## Routes", "", "| route | role | |", "| --- | --- | --- |", ...rows].join("\n");
  const sections = routes.map(routeText).join("\n");
  const schemas = `## Answers\n\n${schemaSections(document).join("\n")}`;
  return `${prose.replace("<!-- routes -->", () => `${table}\n\n${sections}`)}${schemas}`
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd()
    .concat("\n");
}

const titleOf = ({ method, path }: Route) => `${method.toUpperCase()} ${path}`;
const anchor = (route: Route) =>
  titleOf(route)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
const roleOf = (route: Route) => Object.keys(route.security[0] ?? {})[0] ?? "";

function routeText(route: Route): string {
  const { summary, description, parameters = [], responses } = route;
  const lines = [`### <a id="${anchor(route)}"></a>${titleOf(route)}`, "", `${summary}.`];
  if (description !== undefined) lines.push("", mended(description));
  lines.push("", "```sh", curlLine(route), "```", "");
  for (const { name, in: where, schema } of parameters.filter((one) => one.in !== "path")) {
    lines.push(`- ${where} \`${name}\`: ${typeText(schema)}${defaultText(schema)}${note(schema)}`);
  }
  const body = contentText(route.requestBody?.content);
  if (body !== "") lines.push(`- body: ${body}`);
  const statuses = Object.entries(responses);
  for (const [status, { description: text, content }] of statuses.filter(
    ([code]) => code < "300",
  )) {
    lines.push(`- ${status}: ${contentText(content)} (${text})`);
  }
  const refused = statuses.map(([status]) => status).filter((status) => status >= "300");
  lines.push(`- refused: ${refused.map((status) => `[${status}](#errors)`).join(", ")}`, "");
  return lines.join("\n");
}

/** The route as the shell of the page's first lines takes it. */
function curlLine({ method, path, parameters = [], requestBody, responses }: Route): string {
  const types = Object.keys(requestBody?.content ?? {});
  const given =
    types[0] === "application/wasm" ? " --data-binary @words.wasm" : " --data-binary @job.json";
  const stream = JSON.stringify(responses).includes("text/event-stream") ? " -N" : "";
  const verb = types.length > 0 || method === "get" ? "" : ` -X ${method.toUpperCase()}`;
  const bytes = path.endsWith("/download") ? " -o words.wasm" : "";
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`);
  const asked = parameters
    .filter((one) => one.in === "query" && one.required === true)
    .map(({ name, schema }) => `?${name}=${schema.const ?? schema.enum?.[0]}`);
  return `mill${stream}${verb}${types.length > 0 ? given : ""}${bytes} $URL${url}${asked.join("")}`;
}

function contentText(content: Content = {}): string {
  return Object.entries(content)
    .map(([type, { schema }]) => (type === "application/json" ? typeText(schema) : `\`${type}\``))
    .join(" or ");
}

function schemaSections({ components }: OpenApi): string[] {
  const own = Object.entries(components.schemas).filter(([name]) => name !== "JobSpec");
  return own.map(([name, schema]) => {
    const head = `### <a id="${schemaAnchor(name)}"></a>${name}\n`;
    if (schema.enum !== undefined) return `${head}\n${schema.enum.map(quoted).join(", ")}\n`;
    return `${head}\n| field | type | |\n| --- | --- | --- |\n${fieldRows(schema, components.schemas)}\n`;
  });
}

function fieldRows(
  schema: JsonSchema,
  schemas: OpenApi["components"]["schemas"],
  prefix = "",
): string {
  const parts = [...(schema.allOf ?? []).map((part) => resolved(part, schemas)), schema];
  return parts
    .flatMap(({ properties = {}, required = [] }) =>
      Object.entries(properties).map(([name, field]) => {
        const optional = required.includes(name) ? "" : "?";
        const inner = field.items?.properties !== undefined ? field.items : field;
        const path = `${prefix}${name}`;
        const row = `| \`${path}${optional}\` | ${typeText(field)} | ${mended(field.description ?? "")} |\n`;
        const deeper = inner === field.items ? `${path}[].` : `${path}.`;
        return row + (inner.properties === undefined ? "" : fieldRows(inner, schemas, deeper));
      }),
    )
    .join("");
}

function resolved(schema: JsonSchema, schemas: OpenApi["components"]["schemas"]): JsonSchema {
  return schema.$ref === undefined ? schema : (schemas[schema.$ref.split("/").at(-1)!] ?? schema);
}

function typeText(schema: JsonSchema): string {
  const { $ref, type, items, additionalProperties: values } = schema;
  if ($ref !== undefined) return refText($ref.split("/").at(-1)!);
  if (schema.const !== undefined) return quoted(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(quoted).join(" or ");
  if (items !== undefined) return `array of ${typeText(items)}`;
  if (schema.format === "binary") return "bytes";
  if (typeof values === "object" && Object.keys(values).length > 0) {
    return `object of ${typeText(values)}`;
  }
  const { properties } = schema;
  if (type === "object" && properties !== undefined && within(properties, 1, 2)) {
    const fields = Object.entries(properties).map(
      ([name, field]) => `\`${name}\`: ${typeText(field)}`,
    );
    return fields.length === 1 ? fields.join("") : `{ ${fields.join(", ")} }`;
  }
  return type ?? (schema.allOf === undefined ? "any JSON" : "object");
}

function refText(name: string): string {
  return name === "JobSpec" ? "[JobSpec](job-spec.md)" : `[${name}](#${schemaAnchor(name)})`;
}

const within = (fields: object, from: number, to: number) =>
  Object.keys(fields).length >= from && Object.keys(fields).length <= to;
const schemaAnchor = (name: string) => `schema-${name.toLowerCase()}`;
const quoted = (value: unknown) => `\`${JSON.stringify(value)}\``;
const note = ({ description }: JsonSchema) => (description === undefined ? "" : `; ${description}`);
const defaultText = (schema: JsonSchema) =>
  schema.default === undefined ? "" : `, default ${quoted(schema.default)}`;
/** Code within a description of the document, which is plain text. */
const mended = (text: string) =>
  text.replaceAll(/\{"[^}]*\}/g, (json) => `\`${json}\``).replaceAll("|", "\\|");
