/** Parts of doubles for the functions of math-*.ts: see src/inline/math/bits.ts. */

// @ts-ignore: decorator
@inline
export function highWord(x: f64): i32 {
  return <i32>(reinterpret<u64>(x) >> 32);
}
// @ts-ignore: decorator
@inline
export function lowWord(x: f64): i32 {
  return <i32>reinterpret<u64>(x);
}
// @ts-ignore: decorator
@inline
export function fromWords(high: i32, low: i32): f64 {
  return reinterpret<f64>((<u64>(<u32>high) << 32) | <u64>(<u32>low));
}
// @ts-ignore: decorator
@inline
export function real(i: i32): f64 {
  return <f64>i;
}
// @ts-ignore: decorator
@inline
export function whole(x: f64): i32 {
  return <i32>x;
}
// @ts-ignore: decorator
@inline
export function absolute(x: f64): f64 {
  return abs<f64>(x);
}
// @ts-ignore: decorator
@inline
export function squareRoot(x: f64): f64 {
  return sqrt<f64>(x);
}
// @ts-ignore: decorator
@inline
export function roundDown(x: f64): f64 {
  return floor<f64>(x);
}
// @ts-ignore: decorator
@inline
export function isMissing(x: f64): bool {
  return x != x;
}
// @ts-ignore: decorator
@inline
export function signed(x: f64, sign: f64): f64 {
  return copysign<f64>(x, sign);
}
// @ts-ignore: decorator
@inline
export function at(list: f64[], i: i32): f64 {
  return unchecked(list[i]);
}
