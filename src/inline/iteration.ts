/** Loops over the elements of an array, or over parts that are never put into one. */
import { elementAt } from "./element-access.ts";
import type { Frame } from "./frame.ts";
import type { Value } from "./value.ts";
import { BOOLEAN, STRING } from "./value-type.ts";

/** Something to walk: an array that is there, or an iterator. */
export interface Walk {
  /** The array, where there is one. */
  readonly array: Value | undefined;
  /** Writes the head of the loop; answers the element and the name of the index. */
  begin(from?: number): { readonly element: Value; readonly index: string };
}

/**
 * Prepares a loop.
 * @param wantsArray Whether the array itself is used besides its elements
 */
export function walk(frame: Frame, source: Value, wantsArray: boolean): Walk {
  if (source.sequence !== undefined && !wantsArray) return walkParts(frame, source.sequence);
  const array = frame.held(source);
  return {
    array,
    begin: (from = 0) => {
      const index = frame.program.fresh("i");
      frame.emit(`for (let ${index} = ${from}; ${index} < ${array.code}.length; ${index}++) {`);
      return { element: frame.held(elementAt(array, index), "element"), index };
    },
  };
}

/** The parts of a split as they are found. */
function walkParts(frame: Frame, { text, byte }: NonNullable<Value["sequence"]>): Walk {
  const { program } = frame;
  const from = program.fresh("from");
  const end = program.fresh("end");
  const more = program.fresh("more");
  // Parts of ASCII text are ASCII: their units need no counting.
  const ascii = frame.hold(frame.call("isAscii", text), BOOLEAN, "ascii");
  frame.emit(`let ${from}: usize = ${text}.start;`);
  frame.emit(`const ${end}: usize = ${from} + <usize>${text}.length;`);
  frame.emit(`let ${more} = true;`);
  return {
    array: undefined,
    begin: () => {
      const index = program.fresh("i");
      const to = program.fresh("to");
      const length = program.fresh("length");
      frame.emit(`for (let ${index} = 0; ${more}; ${index}++) {`);
      frame.emit(`const ${to} = ${frame.call("byteAt", from, end, String(byte))};`);
      frame.emit(`const ${length} = <i32>(${to} - ${from});`);
      const units = `${ascii} ? ${length} : -1`;
      const part = frame.hold(
        frame.call("view", from, length, units, `${text}.torn`),
        STRING,
        "part",
      );
      frame.emit(`${more} = ${to} < ${end};`);
      frame.emit(`${from} = ${to} + 1;`);
      return { element: { code: part, type: STRING, stable: true }, index };
    },
  };
}

/**
 * Writes a loop whose body calls a function. JavaScript fixes how many elements are visited before the
 * first call, and passes over those that are gone by then: a loop whose body changes an array does so.
 * @param from Index of the first element that is visited
 * @param gone Gives statements for an element that is gone, which end the loop
 */
export function callbackLoop(
  frame: Frame,
  over: Walk,
  from: number,
  gone: () => string,
  write: (element: Value, index: string) => void,
): void {
  const before = frame.mutations;
  const { lines, result: index } = frame.captured(() => {
    const { element, index } = over.begin(from);
    write(element, index);
    return index;
  });
  const { array } = over;
  if (frame.mutations === before || array === undefined) frame.emitAll(lines);
  else {
    const count = frame.program.fresh("count");
    frame.emit(`const ${count}: i32 = ${array.code}.length;`);
    frame.emit(`for (let ${index} = ${from}; ${index} < ${count}; ${index}++) {`);
    frame.emit(`if (${index} >= ${array.code}.length) { ${gone()} }`);
    // The first line is the head of the loop that sees the array grow.
    frame.emitAll(lines.slice(1));
  }
  frame.emit("}");
}

/** Arguments of a callback: the array comes last, where there is one. */
export function withArray(values: readonly Value[], over: Walk): readonly Value[] {
  return over.array === undefined ? values : [...values, over.array];
}
