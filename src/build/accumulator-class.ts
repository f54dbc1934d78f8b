/**
 * `@accumulator` classes: plain records of numbers that lie in the memory of a window's state. The
 * class becomes `@unmanaged`, so a pointer into the state is an instance.
 */
import type { Schema } from "../protocol/types.ts";
import { nativeType, sqlTypeOf } from "./column-type.ts";
import type { BuildProblem } from "./problem.ts";
import { type ClassSyntax, placeIn, typeText } from "./syntax.ts";
import { replacing, type TextEdit } from "./text-edit.ts";

/** The fields of an accumulator, as its state is described in the manifest. */
export function accumulatorSchema(accumulator: ClassSyntax, problems: BuildProblem[]): Schema {
  const complain = (offset: number, message: string, remedy: string): void => {
    problems.push({ place: placeIn(accumulator.file, offset), message, remedy });
  };
  if (accumulator.base !== undefined || accumulator.isGeneric) {
    const message = `accumulator ${accumulator.name} extends a class or has type parameters`;
    complain(accumulator.start, message, "Write its fields out in one class.");
  }
  const schema = [];
  for (const field of accumulator.fields) {
    // Generated: memory of the state that says nothing by itself (accumulator-slots.ts).
    if (field.isStatic || field.name.startsWith("__")) continue;
    const native = field.type && !field.type.nullable ? nativeType(field.type.name) : undefined;
    if (native === undefined || native === "Text") {
      const written = field.type ? typeText(field.type) : "no type";
      const message = `accumulator field ${field.name} has the unsupported type ${written}`;
      complain(field.start, message, "Fields are bool, i8, i16, i32, i64, f32, f64.");
      continue;
    }
    if (field.initializer !== undefined) {
      const message = `accumulator field ${field.name} has an initial value`;
      complain(field.start, message, "Fields begin as 0; set others in createAccumulator().");
    }
    schema.push({ name: field.name, type: sqlTypeOf(native) });
  }
  if (accumulator.fields.length === 0) {
    const message = `accumulator ${accumulator.name} has no fields`;
    complain(accumulator.start, message, "Give it at least one number.");
  }
  return schema;
}

/** The edits that make a class a record in state memory. */
export function accumulatorEdits(accumulator: ClassSyntax): TextEdit[] {
  const { text } = accumulator.file;
  return accumulator.decorators
    .filter((decorator) => decorator.name === "accumulator")
    .map(({ start, end }) => replacing(text, start, end, "@unmanaged"));
}
