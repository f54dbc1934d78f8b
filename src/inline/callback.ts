/** Functions passed to methods of arrays: written out where they are called. */
import { bind, NO_VALUE, withDefault } from "./assignment.ts";
import { isAssigned } from "./calls.ts";
import { type HelperNode, resolveName } from "./captured.ts";
import { cannotMeet, coerce } from "./conversion.ts";
import { lowerExpression, refuseNode } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { refuse } from "./refusal.ts";
import { lowerBody, mayComplete } from "./statements.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";

export interface Callback {
  readonly body: ts.Node;
  /** How many arguments it looks at. */
  readonly takes: number;
  /** Writes the function's statements for these arguments; answers what it returns. */
  call(values: readonly Value[]): Value;
}

/** The function that a method is given: an arrow function, or the name of a helper. */
export function lowerCallback(
  frame: Frame,
  node: ts.CallExpression,
  fn: ts.Expression | undefined,
  name: string,
): Callback {
  if (fn === undefined)
    return refuse(node, `${name} without a function`, "Pass an arrow function.");
  const isFunction = api.isArrowFunction(fn) || api.isFunctionExpression(fn);
  const found = api.isIdentifier(fn) ? resolveName(fn) : undefined;
  const helper: HelperNode | undefined = isFunction
    ? fn
    : found?.kind === "function"
      ? found.node
      : undefined;
  if (helper === undefined) {
    return refuse(
      fn,
      `${name} with what is no function of this file`,
      "Pass an arrow function: x => ...",
    );
  }
  const isAsync = helper.modifiers?.some((m) => m.kind === api.SyntaxKind.AsyncKeyword) === true;
  if (isAsync) refuse(helper, "an async function", "A row is processed at once.");
  if (helper.asteriskToken !== undefined) refuse(helper, "a generator", "Return an array.");
  const body = helper.body!;
  const takes = helper.parameters.length;
  return { body, takes, call: (values) => inlined(frame, node, helper, body, values) };
}

function inlined(
  frame: Frame,
  node: ts.CallExpression,
  helper: HelperNode,
  body: ts.ConciseBody,
  values: readonly Value[],
): Value {
  // What the function proves or changes is not known behind it: it may never have been called.
  const once = (run: () => Value) => frame.assuming([], () => frame.scoped(run));
  return once(() => {
    helper.parameters.forEach((parameter, index) => {
      if (parameter.dotDotDotToken !== undefined) {
        refuse(parameter, "rest parameters", "Name the parameters.");
      }
      const given = withDefault(frame, values[index] ?? NO_VALUE, parameter.initializer, parameter);
      bind(frame, parameter.name, given, isAssigned(parameter), parameter);
    });
    return api.isBlock(body) ? inlinedBlock(frame, node, body) : lowerExpression(frame, body);
  });
}

/**
 * A block that is left by `return`: a loop that runs once. What stands between a return and it is
 * left one after the other.
 */
function inlinedBlock(frame: Frame, node: ts.CallExpression, body: ts.Block): Value {
  const { program } = frame;
  const key = `${frame.key}:${node.pos}:${body.pos}:result`;
  const before = program.known(key) ?? { kind: "never" as const };
  const result = program.fresh("result");
  const left = program.fresh("left");
  const outer = frame.returns;
  const breakables = frame.breakables.splice(0);
  frame.emit(`let ${result}: ${program.native(before)} = ${zeroOf(program.native(before))};`);
  frame.emit(`let ${left} = false;`);
  frame.emit("do {");
  frame.returns = {
    give: (value, at) => {
      const given = value ?? NO_VALUE;
      const type = program.widen(key, given.type);
      if (type === undefined) cannotMeet(at, program.known(key)!, given.type);
      if (type.kind !== "undefined") frame.emit(`${result} = ${coerce(frame, given, type, at)};`);
      for (const one of frame.breakables) one.left = true;
      frame.emit(`${left} = true; break;`);
    },
  };
  frame.leftFlags.push(left);
  lowerBody(frame, body);
  if (mayComplete(body)) frame.returns.give(undefined, body);
  frame.leftFlags.pop();
  frame.returns = outer;
  frame.breakables.push(...breakables);
  frame.emit("} while (false);");
  const type = program.known(key);
  if (type === undefined) return refuseNode(body);
  return { code: result, type, stable: true };
}

function zeroOf(native: string): string {
  return ["f64", "i64", "i32"].includes(native)
    ? "0"
    : native === "bool"
      ? "false"
      : `changetype<${native}>(0)`;
}
