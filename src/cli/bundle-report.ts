/** A bundle as a person reads it: its operators with schemas and parameters, and sizes. */
import type { Manifest, OperatorDescription } from "../protocol/manifest.ts";
import { typeText } from "../protocol/type-text.ts";
import { bold, count, dim } from "./terminal.ts";

/** 56944 as `55.6 KiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} bytes`;
  const kib = bytes / 1_024;
  return kib < 1_024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1_024).toFixed(1)} MiB`;
}

/** Lines for each operator that a job can name. */
export function operatorLines(manifest: Manifest): string[] {
  const own = manifest.operators.filter(({ name }) => !name.startsWith("$"));
  return own.flatMap((operator) => ["", ...linesOf(operator)]);
}

function linesOf(operator: OperatorDescription): string[] {
  const { name, kind, source, doc, inputs, outputs, parameters, states } = operator;
  const place = source === undefined ? "" : dim(`  ${source.file}:${source.line}`);
  const lines = [`${bold(name)}  ${kind}${place}`];
  const summary = doc?.trim().split("\n")[0];
  if (summary !== undefined && summary !== "") lines.push(`  ${dim(summary)}`);
  for (const input of inputs) {
    const modes = input.accepts.join(", ");
    const note = modes === "insert-only" ? "" : dim(`  accepts ${modes}`);
    const key = input.key?.map((field) => field.name).join(", ");
    const byKey = input.keyed ? dim(`  by key${key === undefined ? "" : ` ${key}`}`) : "";
    const broadcast = input.broadcast === true ? dim("  broadcast") : "";
    lines.push(`  in   ${columns(input.schema)}${byKey}${broadcast}${note}`);
  }
  for (const [i, output] of outputs.entries()) {
    const label = i === 0 ? "" : `${output.name}: `;
    const mode = output.emits.mode === "insert-only" ? "" : dim(`  ${output.emits.mode}`);
    lines.push(`  out  ${label}${columns(output.schema)}${mode}`);
  }
  for (const { name: parameter, type, default: value } of parameters) {
    const given = value === undefined ? "(the job must give it)" : `= ${JSON.stringify(value)}`;
    lines.push(`  set  ${parameter} ${type} ${given}`);
  }
  for (const state of states) {
    lines.push(`  keeps ${state.name} (${state.type}): ${columns(state.schema)}`);
  }
  return lines;
}

function columns(schema: OperatorDescription["outputs"][number]["schema"]): string {
  if (schema === "any") return "any columns";
  if (schema === "same") return "the columns of the input";
  return schema.map((field) => `${field.name} ${typeText(field.type)}`).join(", ");
}

/** 17 pages as `17 pages (1.1 MiB)`. */
export function pagesText(pages: number): string {
  return `${count(pages)} pages (${sizeText(pages * 65_536)})`;
}
