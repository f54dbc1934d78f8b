/** The rules that ARCHITECTURE.md states, as functions over sources: each returns what breaks it. */
import { posix } from "node:path";
import { lineOf, type SourceFile, sourceParts } from "./source-text.ts";

/** A broken rule, at a line. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly problem: string;
}

/** Layer of each folder of src/. Imports point to a lower layer; those of layer 3 may use each other. */
export const LAYERS: Readonly<Record<string, number>> = {
  protocol: 0,
  plan: 1,
  state: 1,
  connectors: 1,
  build: 1,
  inline: 1,
  taskmanager: 2,
  jobmanager: 2,
  sim: 3,
  testing: 3,
  embedded: 3,
  client: 3,
  cli: 3,
};
const TOP_LAYER = 3;

/** What may not be reached though its layer is lower: a worker never compiles. */
const FORBIDDEN: readonly (readonly [from: string, to: string])[] = [
  ["taskmanager", "build"],
  ["taskmanager", "inline"],
];

/** Imports of a file that point up or sideways. */
export function layerViolations(file: SourceFile): Violation[] {
  const violations: Violation[] = [];
  for (const { specifier, line } of sourceParts(file.text).imports) {
    const problem = layerProblem(file.path, specifier);
    if (problem !== undefined) violations.push({ path: file.path, line, problem });
  }
  return violations;
}

function layerProblem(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (/^(operators|examples\/[^/]+\/operators)\/|\/assembly\//.test(path)) {
    return target.startsWith("src/") ? `operators import nothing of src/: ${target}` : undefined;
  }
  if (!path.startsWith("src/")) return undefined;
  if (path === "src/index.ts") return undefined;
  const from = path.split("/")[1]!;
  const [root, to] = target.split("/");
  const layer = LAYERS[from];
  if (layer === undefined) return `src/${from}/ has no layer: add it to LAYERS`;
  if (target === "package.json") return undefined;
  if (root !== "src" || to === undefined) return `src/ imports nothing outside it: ${target}`;
  const below = LAYERS[to];
  if (below === undefined) return `src/${to}/ has no layer: add it to LAYERS`;
  if (from === to) return undefined;
  if (FORBIDDEN.some(([a, b]) => a === from && b === to)) return `${from} never imports ${to}`;
  if (below > layer) return `layer ${layer} (${from}) imports layer ${below} (${to}) above it`;
  const sideways = below === layer && layer < TOP_LAYER;
  return sideways ? `${from} imports ${to} of the same layer ${layer}` : undefined;
}

/** What a pure core never says: waiting, clocks, chance, the outside. */
const IMPURE =
  /\b(?:await|async|Promise|Date|Temporal|performance|setTimeout|setInterval|setImmediate|queueMicrotask|crypto|globalThis|console|WebSocket)\b|\bprocess\s*[.[]|\b(?:fetch|require)\s*\(|\bnew\s+Worker\b|\bMath\s*\.\s*random\b|\bMath\s*\[/g;

/** Whether a file belongs to a pure core. */
export function isCore(path: string): boolean {
  return /^src\/.*\bcore\//.test(path);
}

/** Folders whose modules a core may import besides its own. */
const CORE_IMPORTS = ["src/protocol/", "src/plan/"];

/** What makes a core impure: words, packages, or modules that are not pure themselves. */
export function purityViolations(file: SourceFile): Violation[] {
  if (!isCore(file.path)) return [];
  const { code, imports } = sourceParts(file.text);
  const violations: Violation[] = [];
  for (const match of code.matchAll(IMPURE)) {
    // `state.process.x` is a member; `...Date.x` is not.
    const before = code.slice(0, match.index).trimEnd();
    if (before.endsWith(".") && !before.endsWith("...")) continue;
    const line = lineOf(code, match.index);
    violations.push({ path: file.path, line, problem: `a core never uses ${match[0]}` });
  }
  for (const { specifier, line } of imports) {
    const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
    const inside = specifier.startsWith(".");
    const pure =
      inside && (isCore(target) || CORE_IMPORTS.some((folder) => target.startsWith(folder)));
    if (!pure) {
      const problem = `a core imports cores, protocol and plan only: ${specifier}`;
      violations.push({ path: file.path, line, problem });
    }
  }
  return violations;
}

/** Longest source file, in lines. */
export const FILE_MAX_LINES = 500;
const BANNED_NAMES = /^(utils?|helpers?|common|misc|stuff|lib)$/;
/** Spelled apart so that this file obeys its own rule. */
const BANNED_COMMENT = new RegExp(
  `\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`,
);
const BANNED_TEST = /\b(?:test|it|describe)\s*\.\s*(?:skip|only|todo)\b/;

/** Files that are too long, have a name that says nothing, or leave work behind. */
export function styleViolations(file: SourceFile): Violation[] {
  const { path, text } = file;
  const violations: Violation[] = [];
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > FILE_MAX_LINES) {
    violations.push({
      path,
      line: FILE_MAX_LINES + 1,
      problem: `${lines} lines, at most ${FILE_MAX_LINES}`,
    });
  }
  for (const part of path.split("/")) {
    const name = part.replace(/\..*$/, "");
    const vague = BANNED_NAMES.test(name) || /[-_.](utils?|helpers?)$/.test(name);
    if (vague) violations.push({ path, line: 1, problem: `name ${name} says nothing` });
  }
  const { code, comments } = sourceParts(text);
  const mark = BANNED_COMMENT.exec(comments);
  if (mark)
    violations.push({ path, line: lineOf(text, mark.index), problem: `${mark[0]} left behind` });
  const skipped = BANNED_TEST.exec(code);
  if (skipped)
    violations.push({
      path,
      line: lineOf(text, skipped.index),
      problem: `${skipped[0]} left behind`,
    });
  return violations;
}

/** A violation as an editor understands it. */
export function violationText({ path, line, problem }: Violation): string {
  return `${path}:${line}: ${problem}`;
}
