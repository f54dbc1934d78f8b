/**
 * `millrace/math`: plain functions that give the same bits in JavaScript and in WebAssembly, in one-file
 * functions and in operators of the SDK. `Math` of an engine does not: ECMA-262 leaves its accuracy open,
 * and V8 takes some of it from the machine's C library.
 *
 * One text for both: `npm run sdk:math` writes operators/sdk/assembly/math*.ts from it. Results are less than
 * one unit in the last place off; cosh, sinh and tanh less than two.
 */
export { cosh, exp, expm1, sinh, tanh } from "./math/exponential.ts";
export { acos, asin, atan, atan2, cbrt } from "./math/inverse-trigonometry.ts";
export { acosh, asinh, atanh, log, log1p, log2, log10 } from "./math/logarithm.ts";
export { hypot, pow } from "./math/power.ts";
export { cos, sin, tan } from "./math/trigonometry.ts";
