/**
 * The typed handles of a bundle, as a TypeScript module that lies beside the operators: what makes
 * `lines.flatMap(ops.splitWords).keyBy("wrod")` an error in the editor.
 */
import { handleKindOf, type Manifest, type OperatorDescription } from "../protocol/manifest.ts";
import type { LogicalType, Schema } from "../protocol/types.ts";

export interface HandleModuleOptions {
  readonly manifest: Manifest;
  /** The bundle's file as the module reaches it: `../build/words.wasm`. */
  readonly bundlePath: string;
  /** The file the operators come from, for the module's first line. */
  readonly entry: string;
}

/**
 * Writes the module. Operators without parameters become constants, the others functions of their
 * parameters; side outputs become tags. Equal manifests give equal texts.
 */
export function handleModule(options: HandleModuleOptions): string {
  const { manifest, bundlePath, entry } = options;
  // The SDK's own operators ($exchange) are the engine's to use.
  const operators = manifest.operators.filter(({ name }) => !name.startsWith("$"));
  const names = new Set<string>(["bundle"]);
  const parts = operators.map((operator) => operatorText(operator, names));
  const tags = parts.some((part) => part.includes("new OutputTag"));
  const imports = ["type OperatorHandle", ...(tags ? ["OutputTag"] : []), "openBundle"];
  return `${[
    `// Written by \`millrace build\` from ${entry}: do not edit, the next build writes it again.`,
    `import { ${imports.join(", ")} } from "millrace";`,
    "",
    `const bundle = openBundle(new URL(${JSON.stringify(bundlePath)}, import.meta.url));`,
    ...parts.map((part) => `\n${part}`),
  ].join("\n")}\n`;
}

/** Kind, and rows in and out, as the builder's methods want them. */
function operatorText(operator: OperatorDescription, names: Set<string>): string {
  const { name, kind, parameters, inputs, outputs } = operator;
  const identifier = freeIdentifier(camelCase(name), names);
  const type = identifier[0]!.toUpperCase() + identifier.slice(1);
  const [input, output] = [inputs[0]?.schema, outputs[0]?.schema];
  const lines: string[] = [];
  const rowType = (role: RowRole, schema: typeof output): string => {
    if (schema === undefined || typeof schema === "string") return "any";
    lines.push(interfaceText(`${type}${role}`, schema, `${ROLE_TEXTS[role]} of ${name}.`));
    return `${type}${role}`;
  };
  const types = [rowType("Input", input), rowType("Output", output)];
  types.push(JSON.stringify(handleKindOf(operator)));
  const [{ key } = {}, second] = inputs;
  if (key !== undefined) types.push(rowType("Key", key));
  if (second !== undefined) {
    if (key === undefined) types.push("any");
    types.push(rowType("Second", second.schema));
  }
  const handle = `OperatorHandle<${types.join(", ")}>`;
  const doc = docText(operator.doc ?? `${name}: ${kind.replace("_", " ")}.`);
  const opened = `bundle.operator(${JSON.stringify(name)}`;
  if (parameters.length === 0) {
    lines.push(`${doc}export const ${identifier}: ${handle} = ${opened});`);
  } else {
    lines.push(
      parametersText(`${type}Parameters`, operator),
      `${doc}export function ${identifier}(${signature(type, operator)}): ${handle} {`,
      `  return ${opened}, { ...parameters });`,
      "}",
    );
  }
  for (const side of outputs.slice(1)) lines.push(sideOutputText(identifier, name, side, names));
  return lines.join("\n");
}

type RowRole = keyof typeof ROLE_TEXTS;
const ROLE_TEXTS = {
  Input: "Columns that rows need as input",
  Second: "Columns that rows need as second input",
  Key: "Columns that make the key",
  Output: "Columns of the results",
};

function signature(type: string, operator: OperatorDescription): string {
  const needed = operator.parameters.some((parameter) => parameter.default === undefined);
  return `parameters: ${type}Parameters${needed ? "" : " = {}"}`;
}

function parametersText(type: string, operator: OperatorDescription): string {
  const fields = operator.parameters.map((parameter) => {
    const optional = parameter.default !== undefined;
    const note = optional ? `  /** Default: ${JSON.stringify(parameter.default)}. */\n` : "";
    const mark = optional ? "?" : "";
    return `${note}  readonly ${propertyName(parameter.name)}${mark}: ${PARAMETER_TYPES[parameter.type]};`;
  });
  const doc = `/** Parameters of ${operator.name}. */\n`;
  return `${doc}export interface ${type} {\n${fields.join("\n")}\n}`;
}

const PARAMETER_TYPES: Readonly<Record<OperatorDescription["parameters"][number]["type"], string>> =
  {
    BOOLEAN: "boolean",
    INT: "number",
    BIGINT: "number | bigint",
    DOUBLE: "number",
    STRING: "string",
    OBJECT: "Readonly<Record<string, unknown>>",
    ARRAY: "readonly unknown[]",
  };

function sideOutputText(
  identifier: string,
  operator: string,
  output: OperatorDescription["outputs"][number],
  names: Set<string>,
): string {
  const pascal = camelCase(`x-${output.name}`).slice(1);
  const tag = freeIdentifier(`${identifier}${pascal}`, names);
  const lines: string[] = [];
  let row = "any";
  if (typeof output.schema !== "string") {
    row = tag[0]!.toUpperCase() + tag.slice(1);
    lines.push(
      interfaceText(row, output.schema, `Columns of ${operator}'s output ${output.name}.`),
    );
  }
  const value = `new OutputTag<${row}>(${JSON.stringify(output.name)})`;
  const doc = docText(`Side output ${output.name} of ${operator}, for getSideOutput.`);
  return [...lines, `${doc}export const ${tag} = ${value};`].join("\n");
}

function interfaceText(name: string, schema: Schema, doc: string): string {
  const fields = schema.map(
    (field) => `  readonly ${propertyName(field.name)}: ${columnType(field.type)};`,
  );
  return `${docText(doc)}export interface ${name} {\n${fields.join("\n")}\n}`;
}

/** TypeScript's text for a column: the same mapping as ColumnValue of src/plan/row-type.ts. */
function columnType(type: LogicalType): string {
  const value = valueType(type);
  return type.nullable === false ? value : `${value} | null`;
}

function valueType(type: LogicalType): string {
  switch (type.type) {
    case "BOOLEAN":
      return "boolean";
    case "BIGINT":
      return "bigint";
    case "CHAR":
    case "VARCHAR":
    case "STRING":
    case "DECIMAL":
      return "string";
    case "BINARY":
    case "VARBINARY":
    case "BYTES":
      return "Uint8Array";
    case "ROW": {
      const fields = type.fields.map(
        (f) => `readonly ${propertyName(f.name)}: ${columnType(f.type)}`,
      );
      return `{ ${fields.join("; ")} }`;
    }
    case "ARRAY":
      return `readonly (${columnType(type.element)})[]`;
    case "MAP":
      return `ReadonlyMap<${valueType(type.key)}, ${columnType(type.value)}>`;
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "TIME":
      // Us and ns do not fit a double.
      return type.precision > 3 ? "bigint" : "number";
    default:
      return "number";
  }
}

function docText(text: string): string {
  const lines = text.replaceAll("*/", "* /").trim().split("\n");
  return lines.length === 1
    ? `/** ${lines[0]} */\n`
    : `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** `SplitWords`, `split-words` and `split words` are all `splitWords`. */
function camelCase(name: string): string {
  const words = name.split(/[^\p{L}\p{N}_$]+/u).filter((word) => word !== "");
  const joined = words.map((word, i) => (i === 0 ? word : word[0]!.toUpperCase() + word.slice(1)));
  const text = joined.join("") || "operator";
  const lower = text[0]!.toLowerCase() + text.slice(1);
  return /^[\p{N}]/u.test(lower) ? `_${lower}` : lower;
}

/** Words that cannot name a constant of a module. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval " +
    "export extends false finally for function if implements import in instanceof interface let new " +
    "null openBundle package private protected public return static super switch this throw true try " +
    "typeof var void while with yield"
  ).split(" "),
);

function freeIdentifier(wanted: string, taken: Set<string>): string {
  let name = RESERVED.has(wanted) ? `${wanted}_` : wanted;
  while (taken.has(name)) name += "_";
  taken.add(name);
  return name;
}
