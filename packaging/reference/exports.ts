/**
 * The public exports of an entry file and their docstrings, read from the sources as they stand: the
 * entry only hands on what other files declare, in TypeScript as in AssemblyScript.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript-api";
import { type Docstring, docstringOf } from "./docstring.ts";

export interface Documented {
  readonly name: string;
  readonly kind: "class" | "interface" | "enum" | "function" | "type" | "constant";
  /** The declaration without its body, one string for each overload. */
  readonly signatures: readonly string[];
  readonly doc: Docstring | undefined;
  readonly members: readonly Documented[];
}

/** @param entry path of a file whose exports are public */
export function exportsOf(entry: string): Documented[] {
  const source = parsed(entry);
  return source.statements.flatMap((statement): Documented[] => {
    if (!ts.isExportDeclaration(statement)) {
      return isExported(statement) ? [merged(own(statement))] : [];
    }
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    const file = join(dirname(entry), from.endsWith(".ts") ? from : `${from}.ts`);
    const declared = parsed(file).statements;
    const names = (statement.exportClause as ts.NamedExports).elements;
    return names.map(({ name }) => {
      const found = declared.filter((one) => nameOf(one) === name.text).flatMap(own);
      if (found.length === 0) throw new Error(`${file} does not declare ${name.text}`);
      return merged(found);
    });
  });
}

/** Declared functions of a `.d.ts` without exports: the decorators of operator files. */
export function declaredFunctions(file: string): Documented[] {
  const functions = parsed(file).statements.filter(ts.isFunctionDeclaration);
  const byName = Map.groupBy(functions.flatMap(own), ({ name }) => name);
  return [...byName.values()].map(merged);
}

function parsed(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true);
}

/** Overloads as one; the first has the docstring. */
function merged(overloads: readonly Documented[]): Documented {
  const [first] = overloads;
  const open =
    overloads.length > 1 ? overloads.filter(({ signatures }) => !isBody(signatures)) : [];
  const signatures = (open.length > 0 ? open : overloads).flatMap((one) => one.signatures);
  return { ...first!, signatures: signatures.map((text) => text.replace(/ \{$/, "")) };
}

/** The implementation behind overloads says nothing to a caller. */
const isBody = (signatures: readonly string[]) => signatures[0]?.endsWith(" {") === true;

function isExported(node: ts.Statement): boolean {
  if (!ts.canHaveModifiers(node)) return false;
  return (ts.getModifiers(node) ?? []).some((one) => one.kind === ts.SyntaxKind.ExportKeyword);
}

function nameOf(node: ts.Statement): string | undefined {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations[0]?.name.getText();
  return "name" in node ? (node.name as ts.Identifier | undefined)?.text : undefined;
}

function own(node: ts.Statement): Documented[] {
  const base = { name: nameOf(node) ?? "", doc: docOf(node) };
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) {
    const kind = ts.isClassDeclaration(node) ? "class" : "interface";
    return [{ ...base, kind, signatures: [head(node)], members: membersOf(node.members) }];
  }
  if (ts.isEnumDeclaration(node)) {
    const names = node.members.map((member) => member.name.getText()).join(", ");
    return [{ ...base, kind: "enum", signatures: [`enum ${base.name} { ${names} }`], members: [] }];
  }
  if (ts.isFunctionDeclaration(node)) {
    return [{ ...base, kind: "function", signatures: [callText(node)], members: [] }];
  }
  if (ts.isTypeAliasDeclaration(node)) {
    return [{ ...base, kind: "type", signatures: [plain(node.getText())], members: [] }];
  }
  if (ts.isModuleDeclaration(node)) {
    const signatures = [`${base.name}: ${constantsOf(node).join(", ")}`];
    return [{ ...base, kind: "constant", signatures, members: [] }];
  }
  if (!ts.isVariableStatement(node)) return [];
  return [{ ...base, kind: "constant", signatures: [base.name], members: valueMembers(node) }];
}

/** Methods of an object that stands for a class of statics. */
function valueMembers(node: ts.VariableStatement): Documented[] {
  let value = node.declarationList.declarations[0]?.initializer;
  if (value !== undefined && ts.isAsExpression(value)) value = value.expression;
  return value !== undefined && ts.isObjectLiteralExpression(value)
    ? membersOf(value.properties)
    : [];
}

function constantsOf(node: ts.ModuleDeclaration): string[] {
  const body = node.body as ts.ModuleBlock;
  return body.statements.flatMap((one) => nameOf(one) ?? []);
}

type Member = ts.ClassElement | ts.TypeElement | ts.ObjectLiteralElementLike;

function membersOf(members: readonly Member[]): Documented[] {
  const found = members.filter(isPublic).map((member): Documented => {
    const name = ts.isConstructorDeclaration(member) ? "constructor" : member.name!.getText();
    return {
      name,
      kind: ts.isPropertyDeclaration(member) || isText(member) ? "constant" : "function",
      signatures: [callText(member)],
      doc: docOf(member),
      members: [],
    };
  });
  // What a class overrides without a word is told at the class that it extends.
  const told = found.filter(
    ({ doc, signatures }) =>
      doc?.internal !== true && !(doc === undefined && /^override /.test(signatures[0]!)),
  );
  return [...Map.groupBy(told, ({ name }) => name).values()].map(merged);
}

/** `NAME: "text"` of an object: nothing that could be called. */
const isText = (member: Member): boolean =>
  ts.isPropertyAssignment(member) && ts.isStringLiteral(member.initializer);

function isPublic(member: Member): boolean {
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  const hidden = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
  if (modifiers.some(({ kind }) => hidden.includes(kind))) return false;
  if (ts.isConstructorDeclaration(member)) return true;
  return (
    member.name !== undefined &&
    /^[a-zA-Z]/.test(member.name.getText()) &&
    !/^__/.test(member.name.getText())
  );
}

function docOf(node: ts.Node): Docstring | undefined {
  const text = node.getSourceFile().text;
  return docstringOf(text.slice(node.getFullStart(), node.getStart()));
}

/** `class X<In> extends Y`: up to the brace. */
function head(node: ts.ClassDeclaration | ts.InterfaceDeclaration): string {
  const text = node.getSourceFile().text;
  return plain(text.slice(node.getStart(), node.members.pos - 1).replace(/\{\s*$/, ""));
}

/** A declaration without its body or value; ` {` at the end marks one that has a body. */
function callText(
  node: ts.Node & {
    readonly body?: ts.Node | undefined;
    readonly initializer?: ts.Node | undefined;
  },
): string {
  const text = node.getSourceFile().text;
  const end = node.body?.getStart() ?? node.initializer?.getFullStart() ?? node.end;
  const cut = text.slice(node.getStart(), end).replace(/\s*=\s*$/, "");
  return plain(cut) + (node.body === undefined ? "" : " {");
}

function plain(text: string): string {
  return text
    .replace(/^(?:\s*(?:\/\/.*\n|@\w+(?:\([^)]*\))?\s))+/, "")
    .replace(/^(?:export |declare |abstract |readonly |static readonly )+/, "")
    .replace(/\s+/g, " ")
    .replace(/([(<[]) /g, "$1")
    .replace(/,? ([)\]])/g, "$1")
    .replace(/, >/g, ">")
    .replace(/[;,]$/, "")
    .trim();
}
