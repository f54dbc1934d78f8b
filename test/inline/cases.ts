/** Cases of the differential test: functions as they stand in job files, run in both worlds. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HelperNode } from "../../src/inline/captured.ts";
import { functionOf, parseJobFile } from "../../src/inline/find-function.ts";
import type { InlineKind } from "../../src/inline/functions.ts";
import { api, type ts } from "../../src/inline/typescript-api.ts";
import { schemaOf } from "../../src/plan/schema-match.ts";
import type { Schema } from "../../src/protocol/types.ts";
import type { Row } from "./rows.ts";

type Plain = Readonly<Record<string, unknown>>;

/** One function, with the rows of the subset table that it uses. */
export interface Case {
  readonly kind: InlineKind;
  readonly tags: readonly string[];
  readonly fn: (row: Row) => unknown;
  /** Columns that the job declares. */
  readonly returns?: Schema;
}

const split = (tags: string): string[] => tags.split(",").map((tag) => tag.trim());

/** A function for map, and the columns that returns() declares. */
export function map(
  tags: string,
  fn: (row: Row) => Plain,
  returns?: Readonly<Record<string, string>>,
): Case {
  const declared = returns === undefined ? {} : { returns: schemaOf(returns) };
  return { kind: "map", tags: split(tags), fn, ...declared };
}
/** A function for filter. */
export function filter(tags: string, fn: (row: Row) => unknown): Case {
  return { kind: "filter", tags: split(tags), fn };
}
/** A function for flatMap. */
export function flatMap(tags: string, fn: (row: Row) => readonly Plain[]): Case {
  return { kind: "flat_map", tags: split(tags), fn };
}
/** A function for keyBy. */
export function keyBy(tags: string, fn: (row: Row) => unknown): Case {
  return { kind: "key_selector", tags: split(tags), fn };
}

/** A case with its place and its source. */
export interface PlacedCase extends Case {
  readonly name: string;
  readonly node: HelperNode;
}

const FOLDER = fileURLToPath(new URL("./cases/", import.meta.url));
const MAKERS: ReadonlySet<string> = new Set(["map", "filter", "flatMap", "keyBy"]);

/** All cases of test/inline/cases. */
export async function allCases(): Promise<PlacedCase[]> {
  const found: PlacedCase[] = [];
  for (const name of readdirSync(FOLDER).sort()) {
    const { cases } = (await import(`./cases/${name.replace(/\.ts$/, "")}.ts`)) as {
      cases: readonly Case[];
    };
    const nodes = caseNodes(parseJobFile(FOLDER + name, readFileSync(FOLDER + name, "utf8")));
    if (nodes.length !== cases.length)
      throw new Error(`${name}: ${nodes.length} of ${cases.length}`);
    cases.forEach((one, index) => {
      const { node, line } = nodes[index]!;
      found.push({ ...one, name: `${name}:${line}`, node });
    });
  }
  return found;
}

function caseNodes(source: ts.SourceFile): { node: HelperNode; line: number }[] {
  const nodes: { node: HelperNode; line: number }[] = [];
  const visit = (node: ts.Node): void => {
    const isCase =
      api.isCallExpression(node) &&
      api.isIdentifier(node.expression) &&
      MAKERS.has(node.expression.text);
    if (isCase) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      nodes.push({ node: functionOf(node.arguments[1]!), line: line + 1 });
    } else api.forEachChild(node, visit);
  };
  visit(source);
  return nodes;
}
