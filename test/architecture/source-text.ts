/** TypeScript sources as the rules see them: code without comments and texts, and imports. */

/** One source file; `path` is relative to the repository, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The parts of a source. Each keeps line breaks, so lines are counted alike. */
export interface SourceParts {
  /** Code; comments, texts and regular expressions are blanked. */
  readonly code: string;
  /** Comments; everything else is blanked. */
  readonly comments: string;
  /** Modules that it imports or re-exports, also by import(). */
  readonly imports: readonly { readonly specifier: string; readonly line: number }[];
}

type Kind = "code" | "comment" | "text";

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** Splits a source in one pass; templates nest. */
export function sourceParts(text: string): SourceParts {
  let code = "";
  let comments = "";
  let imports = "";
  for (const { kind, part } of pieces(text)) {
    code += kind === "code" ? part : blank(part);
    comments += kind === "comment" ? part : blank(part);
    imports += kind === "comment" ? blank(part) : part;
  }
  return { code, comments, imports: importsOf(imports, code) };
}

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<=[=(,:[!&|?{};>\n]\s*|return\s+)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*|[`{}]/g;

function* pieces(text: string): Generator<{ kind: Kind; part: string }> {
  let at = 0;
  /** Depths of braces at which the `${` of open templates began. */
  const templates: number[] = [];
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const token = found[0];
    if (token === "{") depth++;
    const closesHole = token === "}" && templates.at(-1) === depth;
    if (token === "}" && !closesHole) depth--;
    if (token === "{" || (token === "}" && !closesHole)) continue;
    yield { kind: "code", part: text.slice(at, found.index) };
    at = found.index;
    if (token !== "`" && !closesHole) {
      yield {
        kind: token.startsWith("//") || token.startsWith("/*") ? "comment" : "text",
        part: token,
      };
      at += token.length;
      continue;
    }
    if (closesHole) {
      templates.pop();
      depth--;
    }
    const end = templateEnd(text, at + 1);
    yield { kind: "text", part: text.slice(at, end) };
    if (text[end - 1] === "{") templates.push(++depth);
    at = end;
    TOKEN.lastIndex = end;
  }
  yield { kind: "code", part: text.slice(at) };
}

/** Behind the closing backtick, or behind the `${` of the next hole. */
function templateEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "`") return i + 1;
    else if (text[i] === "$" && text[i + 1] === "{") return i + 2;
  }
  return text.length;
}

const IMPORT = /\bfrom\s*(["'])([^"'\n]+)\1|\bimport\s*\(?\s*(["'])([^"'\n]+)\3/g;

/** Texts that stand where an import names its module; `code` tells keywords from texts. */
function importsOf(text: string, code: string): { specifier: string; line: number }[] {
  const imports: { specifier: string; line: number }[] = [];
  for (const match of text.matchAll(IMPORT)) {
    if (!/^(from|import)/.test(code.slice(match.index, match.index + 6))) continue;
    imports.push({ specifier: match[2] ?? match[4]!, line: lineOf(text, match.index) });
  }
  return imports;
}

/** Line of an offset, from 1. */
export function lineOf(text: string, at: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) line++;
  return line;
}
