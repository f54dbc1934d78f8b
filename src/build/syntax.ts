/**
 * An author's source file as the transform sees it: AssemblyScript's own parser does the work, this
 * keeps the few facts that matter. Positions are UTF-16 offsets into the file's text.
 */

import { CommonFlags, NodeKind, Parser, type ParserNode } from "./assemblyscript.ts";
import { tooDeepAt } from "./nesting.ts";
import { placeAt, type SourcePlace } from "./problem.ts";

/** A type as written: `Collector<Word>`, `Text | null`. */
export interface TypeSyntax {
  readonly name: string;
  readonly typeArguments: readonly TypeSyntax[];
  readonly nullable: boolean;
}

/** `@name(arguments)`; an argument is a literal's value or an identifier's name. */
export interface DecoratorSyntax {
  readonly name: string;
  readonly values: readonly (string | number)[];
  readonly start: number;
  readonly end: number;
}

export interface FieldSyntax {
  readonly name: string;
  readonly type: TypeSyntax | undefined;
  readonly decorators: readonly DecoratorSyntax[];
  readonly isStatic: boolean;
  /** Text of the initial value. */
  readonly initializer: string | undefined;
  /** From the first decorator to behind the semicolon. */
  readonly start: number;
  readonly end: number;
  /** Where type or initial value end: behind it something can be inserted. */
  readonly declarationEnd: number;
}

export interface MethodSyntax {
  readonly name: string;
  readonly parameters: readonly TypeSyntax[];
  readonly returns: TypeSyntax;
  readonly start: number;
}

export interface ClassSyntax {
  readonly file: SourceFile;
  readonly name: string;
  readonly nameEnd: number;
  readonly isGeneric: boolean;
  readonly isAbstract: boolean;
  readonly decorators: readonly DecoratorSyntax[];
  readonly base: TypeSyntax | undefined;
  readonly fields: readonly FieldSyntax[];
  readonly methods: readonly MethodSyntax[];
  readonly start: number;
  /** Offset of the closing brace. */
  readonly bodyEnd: number;
  /** Text of the documentation comment in front of it. */
  readonly doc: string | undefined;
}

/** `import { foreign as local } from "path"`, or `export { foreign as local } from "path"`. */
export interface LinkSyntax {
  readonly path: string;
  /** Offsets of the path's literal, quotes included. */
  readonly pathStart: number;
  readonly pathEnd: number;
  readonly isExport: boolean;
  /** Undefined: `export *` or `import * as`. */
  readonly names: readonly { readonly local: string; readonly foreign: string }[] | undefined;
}

export interface SourceFile {
  /** Relative to the bundle's folder, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly classes: readonly ClassSyntax[];
  readonly links: readonly LinkSyntax[];
  /** Where it is nested deeper than the compiler goes. */
  readonly tooDeepAt: number | undefined;
}

/** Line and column of an offset of a file. */
export function placeIn(file: SourceFile, offset: number): SourcePlace {
  return { file: file.path, ...placeAt(file.text, offset) };
}

/** The text of a type, as an author would write it. */
export function typeText(type: TypeSyntax): string {
  const list = type.typeArguments.map(typeText).join(", ");
  return `${type.name}${list === "" ? "" : `<${list}>`}${type.nullable ? " | null" : ""}`;
}

// The nodes of AssemblyScript's tree, as far as they are read here.
type Node = ParserNode;
interface Identifier extends Node {
  readonly text: string;
}
interface TypeNode extends Node {
  readonly name?: { readonly identifier: Identifier };
  readonly typeArguments?: readonly TypeNode[] | null;
  readonly isNullable: boolean;
}
interface Decorator extends Node {
  readonly name: Identifier;
  readonly args: readonly (Node & Partial<Record<"value" | "text", unknown>>)[] | null;
}
interface Declaration extends Node {
  readonly name: Identifier;
  readonly decorators: readonly Decorator[] | null;
  readonly flags: number;
}
interface FieldNode extends Declaration {
  readonly type: TypeNode | null;
  readonly initializer: Node | null;
}
interface MethodNode extends Declaration {
  readonly signature: {
    readonly parameters: readonly { readonly type: TypeNode }[];
    readonly returnType: TypeNode;
  };
}
interface ClassNode extends Declaration {
  readonly typeParameters: readonly unknown[] | null;
  readonly extendsType: TypeNode | null;
  readonly members: readonly (FieldNode | MethodNode)[];
}
interface LinkNode extends Node {
  readonly path: (Node & { readonly value: string }) | null;
  readonly declarations?: readonly { name: Identifier; foreignName: Identifier }[] | null;
  readonly members?: readonly { localName: Identifier; exportedName: Identifier }[] | null;
}

/**
 * Parses a file. A file with syntax errors has no classes here: the compiler, which sees it next,
 * reports the errors.
 */
export function parseSource(path: string, text: string): SourceFile {
  const parser = new Parser();
  const classes: ClassSyntax[] = [];
  const links: LinkSyntax[] = [];
  try {
    parser.parseFile(text, path, false);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return { path, text, classes, links, tooDeepAt: 0 };
  }
  const statements = parser.sources[0]?.statements ?? [];
  const file: SourceFile = { path, text, classes, links, tooDeepAt: tooDeepAt(statements) };
  const hasErrors = parser.diagnostics.length > 0;
  for (const node of statements) {
    if (node.kind === NodeKind.ClassDeclaration && !hasErrors) {
      classes.push(readClass(file, node as ClassNode));
    } else if (node.kind === NodeKind.Import || node.kind === NodeKind.Export) {
      const link = readLink(node as LinkNode, node.kind === NodeKind.Export);
      if (link !== undefined) links.push(link);
    }
  }
  return file;
}

function readLink(node: LinkNode, isExport: boolean): LinkSyntax | undefined {
  if (!node.path) return undefined;
  const { range, value } = node.path;
  const names = isExport
    ? node.members?.map((m) => ({ local: m.exportedName.text, foreign: m.localName.text }))
    : node.declarations?.map((d) => ({ local: d.name.text, foreign: d.foreignName.text }));
  return { path: value, pathStart: range.start, pathEnd: range.end, isExport, names };
}

function readClass(file: SourceFile, node: ClassNode): ClassSyntax {
  const decorators = readDecorators(file, node);
  const start = Math.min(node.range.start, ...decorators.map((d) => d.start));
  const fields: FieldSyntax[] = [];
  const methods: MethodSyntax[] = [];
  for (const member of node.members) {
    if (member.kind === NodeKind.FieldDeclaration) {
      fields.push(readField(file, member as FieldNode));
    } else if (member.kind === NodeKind.MethodDeclaration) {
      methods.push(readMethod(member as MethodNode));
    }
  }
  return {
    file,
    name: node.name.text,
    nameEnd: node.name.range.end,
    isGeneric: (node.typeParameters?.length ?? 0) > 0,
    isAbstract: (node.flags & CommonFlags.Abstract) !== 0,
    decorators,
    base: node.extendsType ? readType(node.extendsType) : undefined,
    fields,
    methods,
    start,
    bodyEnd: file.text.lastIndexOf("}", node.range.end - 1),
    doc: docBefore(file.text, start),
  };
}

function readField(file: SourceFile, node: FieldNode): FieldSyntax {
  const decorators = readDecorators(file, node);
  const { text } = file;
  const declarationEnd = Math.max(
    node.name.range.end,
    node.type?.range.end ?? 0,
    node.initializer?.range.end ?? 0,
  );
  const rest = /^[\s!]*;/.exec(text.slice(declarationEnd));
  return {
    name: node.name.text,
    type: node.type ? readType(node.type) : undefined,
    decorators,
    isStatic: (node.flags & CommonFlags.Static) !== 0,
    initializer: node.initializer
      ? text.slice(node.initializer.range.start, node.initializer.range.end)
      : undefined,
    start: Math.min(node.range.start, ...decorators.map((d) => d.start)),
    end: declarationEnd + (rest?.[0].length ?? 0),
    declarationEnd,
  };
}

function readMethod(node: MethodNode): MethodSyntax {
  const accessor = (node.flags & CommonFlags.Get) !== 0 || (node.flags & CommonFlags.Set) !== 0;
  return {
    name: accessor ? `${node.name.text} (accessor)` : node.name.text,
    parameters: node.signature.parameters.map((parameter) => readType(parameter.type)),
    returns: readType(node.signature.returnType),
    start: node.range.start,
  };
}

function readDecorators(file: SourceFile, node: Declaration): DecoratorSyntax[] {
  return (node.decorators ?? []).map((decorator) => {
    const { start, end } = decorator.range;
    const values = (decorator.args ?? []).map((argument) => {
      const { value, text } = argument;
      if (typeof value === "string") return value;
      if (typeof text === "string") return text;
      const written = file.text.slice(argument.range.start, argument.range.end);
      const number = Number(written.replaceAll("_", ""));
      return Number.isNaN(number) ? written : number;
    });
    // The range begins behind the @ in some versions of the parser.
    return { name: decorator.name.text, values, start: file.text.lastIndexOf("@", start), end };
  });
}

function readType(node: TypeNode): TypeSyntax {
  return {
    name: node.name?.identifier.text ?? "function",
    typeArguments: (node.typeArguments ?? []).map(readType),
    nullable: node.isNullable,
  };
}

/** The documentation comment that ends right before an offset, without its stars. */
function docBefore(text: string, offset: number): string | undefined {
  // The decorators may be followed by `export`; the comment stands in front of both.
  const before = text.slice(0, offset).replace(/\s*(export\s*)?$/, "");
  if (!before.endsWith("*/")) return undefined;
  const open = before.lastIndexOf("/**");
  if (open < 0 || before.indexOf("*/", open) !== before.length - 2) return undefined;
  const lines = before.slice(open + 3, -2).split("\n");
  return lines
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
    .join("\n")
    .trim();
}
