/** The host's functions, declared here because authors do not see them. */
// @ts-ignore: decorator
@external("millrace", "log")
export declare function log(level: i32, text: usize, length: i32): void;
// @ts-ignore: decorator
@external("millrace", "state_read")
export declare function stateRead(inst: i32, key: usize, length: i32): i32;
// @ts-ignore: decorator
@external("millrace", "state_write")
export declare function stateWrite(
  inst: i32,
  key: usize,
  length: i32,
  value: usize,
  valueLength: i32,
): void;
