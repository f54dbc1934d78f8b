/**
 * The AssemblyScript compiler, loaded without its type declarations: they declare a global
 * `console` with nothing but `log`, which takes `console.error` from every file of the project.
 */
import { MillraceError } from "../protocol/errors.ts";
import { useUnpackedBinaryen } from "./binaryen.ts";

/** A node of the compiler's syntax tree; offsets are UTF-16 units of the text. */
export interface ParserNode {
  readonly kind: number;
  readonly range: { readonly start: number; readonly end: number };
}

interface Parser {
  parseFile(text: string, path: string, isEntry: boolean): void;
  readonly sources: readonly { readonly statements: readonly ParserNode[] }[];
  readonly diagnostics: readonly unknown[];
}

type NumbersOf<Name extends string> = Readonly<Record<Name, number>>;

interface ParserModule {
  readonly Parser: new () => Parser;
  readonly NodeKind: NumbersOf<
    "ClassDeclaration" | "FieldDeclaration" | "MethodDeclaration" | "Import" | "Export"
  >;
  readonly CommonFlags: NumbersOf<"Static" | "Abstract" | "Get" | "Set">;
}

/** Work between the compiler's steps; it makes an instance for each run. */
export interface CompilerTransform {
  afterCompile(module: never): void;
}

/** What the compiler reads and writes through. */
export interface CompilerFiles {
  readonly transforms?: readonly (new () => CompilerTransform)[];
  /** Null: no such file. */
  readFile?(name: string, folder: string): Promise<string | null> | string | null;
  writeFile?(name: string, content: string | Uint8Array, folder: string): unknown;
  listFiles?(folder: string, base: string): string[] | null;
  reportDiagnostic?(message: unknown): void;
}

interface Asc {
  readonly version: string;
  /** What the names of library files begin with, and the standard library's texts by the rest. */
  readonly libraryPrefix: string;
  readonly libraryFiles: Readonly<Record<string, string>>;
  /** Runs the compiler with the arguments of its command line. */
  main(
    args: readonly string[],
    files?: CompilerFiles,
  ): Promise<{
    error: Error | null;
    stdout: { toString(): string };
    stderr: { toString(): string };
  }>;
}

useUnpackedBinaryen();
export const { Parser, NodeKind, CommonFlags } = await load<ParserModule>("assemblyscript");
/** The compiler's command line, as a function. */
export const { default: asc } = await load<{ default: Asc }>("assemblyscript/asc");

async function load<Module>(name: string): Promise<Module> {
  try {
    return (await import(name)) as Module;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new MillraceError("COMPILER_NOT_INSTALLED", `Cannot compile operators: no ${name} here`, {
      expected: "the optional package assemblyscript (`npm install assemblyscript`)",
      cause,
    });
  }
}
