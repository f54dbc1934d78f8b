/**
 * The functions that a module gets which undoes rows: writes of many bytes that note what was there before, growth of the memory, and
 * what puts everything back. As WebAssembly code; a write of one value is noted in line, see noting-code.ts.
 *
 * The log lies in a memory of its own (number 1), from 0 on. An entry is 16 bytes, read from the end: i64 what was there, u32
 * address, u32 kind: 1, 2, 4 or 8 bytes; RANGE: that many bytes as the i64 says lie in front of the entry, padded to 8; GLOBAL and more:
 * the value of a global.
 *
 * The global `step` is 16 while a row is in progress, else 0: what is written then goes to the same place again and again.
 */
import { ROW_LOG_MAX_BYTES } from "../../limits.ts";
import { unsignedLeb } from "../memory-limit.ts";

export const TYPE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
const { i32: I32, i64: I64, v128: V128 } = TYPE;
const RANGE = 16;
export const GLOBAL = 32;
/** Bytes of an entry. */
export const ENTRY = 16;

/** Types of the functions: parameters, results. */
export const LOG_TYPES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[I32, I32, I32], []], // copy and fill
  [[I32, V128, I32], []], // a store of 128 bits
  [[I32], [I32]], // memory.grow
  [[], [I32]], // restore
];

/** The functions in their order, with the place of their type. */
export const LOG_FUNCTION = {
  copy: { number: 0, type: 0 },
  fill: { number: 1, type: 0 },
  store128: { number: 2, type: 1 },
  grow: { number: 3, type: 2 },
  restore: { number: 4, type: 3 },
} as const;
export const LOG_FUNCTIONS = Object.values(LOG_FUNCTION);

/** What the functions refer to, by number. */
export interface LogPlaces {
  /** The module's own global that says whether a row is in progress. */
  readonly inRow: number;
  /** Globals of ours: length of a step, end of the log, pages that the module has, whether memory has run out. */
  readonly step: number;
  readonly end: number;
  readonly pages: number;
  readonly exhausted: number;
  /** The first of the functions. */
  readonly firstFunction: number;
  /** Globals that the module's code sets, with their types. */
  readonly globals: readonly { readonly index: number; readonly type: number }[];
}

export type Code = readonly number[];
const u = unsignedLeb;
export const localGet = (i: number): Code => [0x20, ...u(i)];
export const localSet = (i: number): Code => [0x21, ...u(i)];
export const localTee = (i: number): Code => [0x22, ...u(i)];
export const globalGet = (i: number): Code => [0x23, ...u(i)];
export const globalSet = (i: number): Code => [0x24, ...u(i)];
export const call = (i: number): Code => [0x10, ...u(i)];
export const i32 = (value: number): Code => [0x41, ...signedLeb(BigInt(value))];
export const i64 = (value: bigint): Code => [0x42, ...signedLeb(value)];
const ifThen = (...body: Code[]): Code => [0x04, 0x40, ...body.flat(), END];
const END = 0x0b;
export const ADD: Code = [0x6a];
const SUB: Code = [0x6b];
const AND: Code = [0x71];
const EQUAL: Code = [0x46];
const ABOVE: Code = [0x4b];
export const EXTEND: Code = [0xad];
const WRAP: Code = [0xa7];
const UNREACHABLE: Code = [0x00];
const RETURN: Code = [0x0f];
const MEMORY_SIZE: Code = [0x3f, 0];
const MEMORY_GROW: Code = [0x40, 0];
const COPY: Code = [0xfc, 0x0a, 0, 0];
const FILL: Code = [0xfc, 0x0b, 0];
const COPY_TO_LOG: Code = [0xfc, 0x0a, 1, 0];
const COPY_FROM_LOG: Code = [0xfc, 0x0a, 0, 1];
const LOAD32 = 0x28;
const LOAD64 = 0x29;
const STORE32 = 0x36;
const STORE64 = 0x37;
/** From within two ifs in a loop to its beginning. */
const BACK: Code = [0x0c, 2];
/** An access to the module's memory, or to the log. */
const own = (op: number): Code => [op, 0, 0];
export const inLog = (op: number, offset: number): Code => [op, 64, 1, offset];

/** Bodies in the order of LOG_FUNCTION, without their length. */
export function logFunctionBodies(places: LogPlaces): number[][] {
  return [
    rangeBody(places, COPY),
    rangeBody(places, FILL),
    store128Body(places),
    growBody(places),
    restoreBody(places),
  ];
}

/** memory.copy and memory.fill: (target, x, bytes). */
function rangeBody(p: LogPlaces, instruction: Code): number[] {
  const padded = [...localGet(2), ...i32(7), ...ADD, ...i32(-8), ...AND];
  const room = [...i32(ROW_LOG_MAX_BYTES - 2 * ENTRY), ...globalGet(p.end), ...SUB];
  return functionBody(
    [I32],
    [
      ...globalGet(p.step),
      ...ifThen(
        [...localGet(2), ...room, ...ABOVE],
        ifThen(i32(1), globalSet(p.exhausted), UNREACHABLE),
        globalGet(p.end),
        localGet(0),
        localGet(2),
        COPY_TO_LOG,
        globalGet(p.end),
        padded,
        ADD,
        localTee(3),
        [...localGet(2), ...EXTEND],
        inLog(STORE64, 0),
        localGet(3),
        localGet(0),
        inLog(STORE32, 8),
        localGet(3),
        i32(RANGE),
        inLog(STORE32, 12),
        localGet(3),
        i32(ENTRY),
        ADD,
        globalSet(p.end),
      ),
      ...localGet(0),
      ...localGet(1),
      ...localGet(2),
      ...instruction,
    ],
  );
}

/** v128.store: (address, value, offset). */
function store128Body(p: LogPlaces): number[] {
  const ENTRY_LOCAL = 3;
  const half = (offset: number): Code => [
    ...globalGet(p.end),
    ...localTee(ENTRY_LOCAL),
    ...localGet(0),
    ...[LOAD64, 0, offset],
    ...inLog(STORE64, 0),
    ...localGet(ENTRY_LOCAL),
    ...localGet(0),
    ...i32(offset),
    ...ADD,
    ...inLog(STORE32, 8),
    ...localGet(ENTRY_LOCAL),
    ...i32(8),
    ...inLog(STORE32, 12),
    ...localGet(ENTRY_LOCAL),
    ...globalGet(p.step),
    ...ADD,
    ...globalSet(p.end),
  ];
  const address = [...localGet(0), ...localGet(2), ...ADD, ...localSet(0)];
  const write = [...localGet(0), ...localGet(1), 0xfd, 0x0b, 0, 0];
  return functionBody([I32], [...address, ...half(0), ...half(8), ...write]);
}

/**
 * memory.grow: gives pages that an undone row had grown by before it asks for more. Notes whether memory has run out, which
 * cannot be undone.
 */
function growBody(p: LogPlaces): number[] {
  return functionBody(
    [I32, I32],
    [
      ...globalGet(p.pages),
      ...localTee(1),
      ...localGet(0),
      ...ADD,
      ...localTee(2),
      ...MEMORY_SIZE,
      ...ABOVE,
      ...ifThen(
        [...localGet(2), ...MEMORY_SIZE, ...SUB, ...MEMORY_GROW, ...i32(-1), ...EQUAL],
        globalSet(p.exhausted),
        globalGet(p.exhausted),
        ifThen(i32(-1), RETURN),
      ),
      ...i32(0),
      ...globalSet(p.exhausted),
      ...noteGlobal(p, p.pages, I32),
      ...localGet(2),
      ...globalSet(p.pages),
      ...localGet(1),
    ],
  );
}

/** Notes a global's value. */
export function noteGlobal(p: LogPlaces, index: number, type: number): Code {
  return [
    ...globalGet(p.end),
    ...globalGet(index),
    ...TO_BITS[type]!,
    ...inLog(STORE64, 0),
    ...globalGet(p.end),
    ...i32(GLOBAL + index),
    ...inLog(STORE32, 12),
    ...globalGet(p.end),
    ...globalGet(p.step),
    ...ADD,
    ...globalSet(p.end),
  ];
}

/** Puts everything back, the last write first. 0: no row was in progress; 1: done; 2: memory has run out. */
function restoreBody(p: LogPlaces): number[] {
  const [AT, ADDRESS, KIND, OLD] = [0, 1, 2, 3] as const;
  const back = (kind: number, code: Code): Code => [
    ...localGet(KIND),
    ...i32(kind),
    ...EQUAL,
    ...ifThen(code, BACK),
  ];
  const stored = (op: number, wrap: Code): Code => [
    ...localGet(ADDRESS),
    ...localGet(OLD),
    ...wrap,
    ...own(op),
  ];
  const length = [...localGet(OLD), ...WRAP];
  const range = [
    ...globalGet(p.end),
    ...[...length, ...i32(7), ...ADD, ...i32(-8), ...AND],
    ...SUB,
    ...globalSet(p.end),
    ...localGet(ADDRESS),
    ...globalGet(p.end),
    ...length,
    ...COPY_FROM_LOG,
  ];
  const globals = [...p.globals, { index: p.pages, type: I32 }].flatMap(({ index, type }) =>
    back(GLOBAL + index, [...localGet(OLD), ...FROM_BITS[type]!, ...globalSet(index)]),
  );
  return functionBody(
    [I32, I32, I32, I64],
    [
      ...globalGet(p.exhausted),
      ...ifThen(i32(2), RETURN),
      // The log is full: the write that did not find room has trapped.
      ...[...globalGet(p.end), ...i32(ROW_LOG_MAX_BYTES - 2 * ENTRY), ...ABOVE],
      ...ifThen(i32(2), RETURN),
      ...[...globalGet(p.step), 0x45],
      ...ifThen(i32(0), RETURN),
      ...[0x03, 0x40], // loop
      ...globalGet(p.end),
      ...ifThen(
        globalGet(p.end),
        i32(ENTRY),
        SUB,
        localTee(AT),
        globalSet(p.end),
        [...localGet(AT), ...inLog(LOAD64, 0), ...localSet(OLD)],
        [...localGet(AT), ...inLog(LOAD32, 8), ...localSet(ADDRESS)],
        [...localGet(AT), ...inLog(LOAD32, 12), ...localSet(KIND)],
        back(8, stored(STORE64, [])),
        back(4, stored(STORE32, WRAP)),
        back(1, stored(0x3a, WRAP)),
        back(2, stored(0x3b, WRAP)),
        back(RANGE, range),
        globals,
        UNREACHABLE,
      ),
      END,
      ...i32(0),
      ...globalSet(p.step),
      ...i32(0),
      ...globalSet(p.inRow),
      ...i32(1),
    ],
  );
}

/** What makes a global's value of its bits, and the bits of its value. */
const FROM_BITS: Readonly<Record<number, Code>> = {
  [TYPE.i32]: WRAP,
  [TYPE.i64]: [],
  [TYPE.f32]: [0xa7, 0xbe],
  [TYPE.f64]: [0xbf],
};
const TO_BITS: Readonly<Record<number, Code>> = {
  [TYPE.i32]: EXTEND,
  [TYPE.i64]: [],
  [TYPE.f32]: [0xbc, 0xad],
  [TYPE.f64]: [0xbd],
};

/** A function's locals and code. */
function functionBody(locals: readonly number[], code: Code): number[] {
  const declared = locals.flatMap((type) => [1, type]);
  return [...u(locals.length), ...declared, ...code, END];
}

/** Signed LEB128. */
export function signedLeb(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}
