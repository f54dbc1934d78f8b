/** What is outside of the subset, by kind of node: what to call it, and the way out. */

type Outside = readonly [what: string, wayOut: string];

const OPERATOR = "Write an operator of the SDK for it (docs/sdk-operators.md).";
const FUNCTIONS: Outside = [
  "a function that is stored or returned",
  "Pass it directly to map, filter, find, some, every, reduce or forEach, or make it a helper function of the file.",
];

/** Refusals by the name of the node's kind. */
export const OUTSIDE: Readonly<Record<string, Outside>> = {
  RegularExpressionLiteral: [
    "a regular expression",
    "Use split, includes, replaceAll with strings, or words, fields, matchGlob of millrace/text.",
  ],
  ArrowFunction: FUNCTIONS,
  FunctionExpression: FUNCTIONS,
  FunctionDeclaration: [
    "a function declared inside of a function",
    "Declare it at the top of the file.",
  ],
  ClassDeclaration: ["a class", `Use objects and helper functions. ${OPERATOR}`],
  ClassExpression: ["a class", `Use objects and helper functions. ${OPERATOR}`],
  NewExpression: [
    "new",
    "Values are numbers, strings, arrays and objects written as literals; a time is a number of milliseconds.",
  ],
  ThisKeyword: ["this", "Name the value: a parameter or a constant."],
  SuperKeyword: ["super", "There are no classes."],
  AwaitExpression: ["await", `A row is processed at once. ${OPERATOR}`],
  YieldExpression: ["a generator", "Return an array from flatMap."],
  TryStatement: ["try/catch", "A throw fails the row; test before you compute."],
  WithStatement: ["with", "Name the object."],
  LabeledStatement: ["a label", "Put the inner loop into a helper function that returns."],
  DebuggerStatement: ["debugger", "Call the function from a test in plain JavaScript."],
  ForInStatement: ["for-in", "A row's fields are fixed: name them."],
  DeleteExpression: ["delete", "Make a new object without the field."],
  VoidExpression: ["void", "Write undefined."],
  TaggedTemplateExpression: ["a tagged template", "Use a plain template string."],
  ImportKeyword: ["import()", "Helper functions stand in the same file."],
  MetaProperty: ["import.meta", "Pass what it gives as a constant of the file."],
  JsxElement: ["JSX", "Build a string."],
  JsxSelfClosingElement: ["JSX", "Build a string."],
  OmittedExpression: ["an array with holes", "Write undefined or null."],
  GetAccessor: ["a getter", "Write the value."],
  SetAccessor: ["a setter", "Objects do not change: make a new one with a spread."],
  MethodDeclaration: ["a method", "Objects hold values: make it a helper function."],
  EnumDeclaration: ["an enum", "Use constants at the top of the file."],
  ComputedPropertyName: ["a computed property name", "A row's fields are fixed: write the name."],
  SpreadElement: ["spread in a call", "Pass the arguments one by one, or use reduce."],
  BinaryExpression: ["the comma operator", "Write two statements."],
};

/** Globals that have no meaning here, and the way out. */
export const OUTSIDE_GLOBALS: Readonly<Record<string, Outside>> = {
  Date: ["Date", "A TIMESTAMP is a number of milliseconds: compute with it."],
  Intl: ["Intl", "Format with toFixed and templates."],
  JSON: ["JSON", "Name the fields; the sources json_lines and the sinks do the JSON."],
  RegExp: ["RegExp", "Use words, fields, matchGlob of millrace/text."],
  Object: ["Object", "A row's fields are fixed: name them."],
  Array: ["Array", "Write an array literal, or push into one."],
  Map: ["Map", "Use keyBy, or an array with find."],
  Set: ["Set", "Use an array with includes."],
  Symbol: ["Symbol", "Use a string."],
  Promise: ["Promise", "A row is processed at once."],
  console: ["console", "Return the value in a field and print the stream."],
  process: ["process", "Pass what it gives as an argument of the job: args."],
  globalThis: ["globalThis", "Name the constant."],
  arguments: ["arguments", "Name the parameters."],
  fetch: ["fetch", "A function has no outside: use a source or a sink."],
  setTimeout: ["setTimeout", "A function has no clock: use windows."],
  crypto: ["crypto", "A function gives the same for the same row; use keyBy to spread rows."],
  performance: ["performance", "A function has no clock."],
  structuredClone: ["structuredClone", "Values do not change: use them as they are."],
  encodeURIComponent: ["encodeURIComponent", "Write an operator of the SDK."],
  decodeURIComponent: ["decodeURIComponent", "Write an operator of the SDK."],
  eval: ["eval", "Write the code in the function."],
};
