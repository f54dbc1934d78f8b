/** One generated function while it is being written: its lines, names in scope, what tests proved. */
import type { Program } from "./program.ts";
import { FAILING } from "./runtime-library.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import type { ValueType } from "./value-type.ts";

/** A name of the source. */
export interface Variable {
  /** A constant, or a value that stands for itself wherever it is read. */
  readonly value?: Value;
  /** Generated name of a variable that may change. */
  readonly name?: string;
  /** Where its type is kept, for one that may change. */
  readonly key?: string;
}

/** What `return` does. */
export interface ReturnTarget {
  /** Takes a returned expression as it stands, where it knows a shorter way; false: it does not. */
  take?(node: ts.Expression): boolean;
  /** Writes the statements that return a value; undefined: without one. */
  give(value: Value | undefined, node: ts.Node): void;
}

/** A loop or switch that a `return` of an inlined function has to leave. */
interface Breakable {
  left: boolean;
}

export class Frame {
  readonly program: Program;
  /** Tells this function from other specialisations. */
  readonly key: string;
  /** Written in front of all else: columns that are read more than once. */
  readonly prologue = new Map<string, { readonly name: string; readonly line: string }>();
  /** Statement that ends the function when the row has failed. */
  readonly abort: string;
  /** Whether anything in it may fail the row. */
  mayFail = false;
  /** How often a variable or an array has been changed so far: decides what must be held. */
  mutations = 0;
  /** What follows in an optional chain: it is skipped together with what stands in front of it. */
  chainRest: ((value: Value) => Value) | undefined;
  returns: ReturnTarget;
  readonly breakables: Breakable[] = [];
  /** Of the functions written out in place: the variables that say that one has returned. */
  readonly leftFlags: string[] = [];
  #lines: string[] = [];
  #scopes: Map<string, Variable>[] = [new Map()];
  #facts = new Map<string, ValueType>();
  readonly #lost = new Set<string>();

  constructor(program: Program, key: string, abort: string, returns: ReturnTarget) {
    this.program = program;
    this.key = key;
    this.abort = abort;
    this.returns = returns;
  }

  emit(line: string): void {
    this.#lines.push(line);
  }

  emitAll(lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** Runs `write` and answers the lines it wrote instead of writing them. */
  captured<T>(write: () => T): { readonly lines: string[]; readonly result: T } {
    const outer = this.#lines;
    this.#lines = [];
    try {
      const result = write();
      return { lines: this.#lines, result };
    } finally {
      this.#lines = outer;
    }
  }

  /** All that was written, the prologue first. */
  body(): string[] {
    const used = [...this.prologue.values()].filter(({ name }) =>
      this.#lines.some((line) => line.includes(name)),
    );
    return [...used.map((one) => one.line), ...this.#lines];
  }

  /** A call of the runtime library. */
  call(name: string, ...args: readonly string[]): string {
    if (FAILING.has(name)) this.mayFail = true;
    return `${this.program.use(name)}(${args.join(", ")})`;
  }

  /** Evaluates an expression now and answers the name that holds it. */
  hold(code: string, type: ValueType, hint = "t"): string {
    const name = this.program.fresh(hint);
    this.emit(`const ${name}: ${this.program.native(type)} = ${code};`);
    return name;
  }

  /** The value, evaluated now if it might give something else later. */
  held(value: Value, hint = "t"): Value {
    if (value.stable) return value;
    if (value.parts !== undefined) {
      const parts = [...value.parts].map(([name, part]) => [name, this.held(part, name)] as const);
      return { ...value, stable: true, parts: new Map(parts) };
    }
    return { code: this.hold(value.code, value.type, hint), type: value.type, stable: true };
  }

  find(name: string): Variable | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const found = this.#scopes[i]!.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  declare(name: string, variable: Variable): void {
    this.#scopes.at(-1)!.set(name, variable);
  }

  scoped<T>(run: () => T): T {
    this.#scopes.push(new Map());
    try {
      return run();
    } finally {
      this.#scopes.pop();
    }
  }

  /** What tests have proved of a place. */
  fact(path: string): ValueType | undefined {
    return this.#facts.get(path);
  }

  /** Runs with more facts; those of before hold again afterwards. */
  assuming<T>(facts: readonly Fact[], run: () => T): T {
    const before = new Map(this.#facts);
    for (const { path, type } of facts) this.#facts.set(path, type);
    try {
      return run();
    } finally {
      for (const path of before.keys()) if (this.#lost.has(path)) before.delete(path);
      this.#facts = before;
    }
  }

  /** Adds facts that hold from here on. */
  learn(facts: readonly Fact[]): void {
    for (const { path, type } of facts) this.#facts.set(path, type);
  }

  /** A place is written: what was proved of it holds no longer, inside or outside of any branch. */
  forget(path: string): void {
    this.#facts.delete(path);
    this.#lost.add(path);
  }

  /** Runs a loop or switch; true where an inlined function's return has to go on leaving. */
  breakable(run: () => void): boolean {
    const entry = { left: false };
    this.breakables.push(entry);
    run();
    this.breakables.pop();
    return entry.left;
  }
}

/** A place holds a value of a type narrower than its own. */
export interface Fact {
  readonly path: string;
  readonly type: ValueType;
}
