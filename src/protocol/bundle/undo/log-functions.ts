/**
 * The functions that a module gets which undoes rows: writes that note what was there before, and the one that puts it back. As
 * WebAssembly code; the text format stands beside it.
 *
 * The log lies in a memory of its own (number 1), from 0 on. An entry is 16 bytes, read from the end: i64 what was there, u32
 * address, u32 kind: 1, 2, 4 or 8 bytes; RANGE: that many bytes as the i64 says lie in front of the entry, padded to 8; GLOBAL:
 * the address is the number of a global.
 */
import { unsignedLeb } from "../memory-limit.ts";

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;
const RANGE = 16;
const GLOBAL = 32;

/** Types of the functions: parameters, results. */
export const LOG_TYPES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[I32, I32, I32], []], // a store of 32 bits or less; copy and fill
  [[I32, I64, I32], []], // a store of 64 bits
  [[I32, V128, I32], []], // a store of 128 bits
  [[I64, I32], []], // a global
  [[I32], [I32]], // memory.grow
  [[I32], []], // room in the log
  [[], [I32]], // restore
];

/** The functions in their order, with the place of their type. */
export const LOG_FUNCTION = {
  store8: { number: 0, type: 0 },
  store16: { number: 1, type: 0 },
  store32: { number: 2, type: 0 },
  store64: { number: 3, type: 1 },
  store128: { number: 4, type: 2 },
  copy: { number: 5, type: 0 },
  fill: { number: 6, type: 0 },
  global: { number: 7, type: 3 },
  grow: { number: 8, type: 4 },
  reserve: { number: 9, type: 5 },
  restore: { number: 10, type: 6 },
} as const;
export const LOG_FUNCTIONS = Object.values(LOG_FUNCTION);

/** What the functions refer to, by number. */
export interface LogPlaces {
  /** Global: not 0 while writes are noted. */
  readonly isOn: number;
  /** Globals of ours: end of the log, bytes of its memory, pages that the module has, whether memory has run out. */
  readonly end: number;
  readonly room: number;
  readonly pages: number;
  readonly exhausted: number;
  /** The first of the functions. */
  readonly firstFunction: number;
  /** Globals that the module's code sets, with their types. */
  readonly globals: readonly { readonly index: number; readonly type: number }[];
}

type Code = readonly number[];
const u = unsignedLeb;
const localGet = (i: number): Code => [0x20, i];
const localSet = (i: number): Code => [0x21, i];
const localTee = (i: number): Code => [0x22, i];
const globalGet = (i: number): Code => [0x23, ...u(i)];
const globalSet = (i: number): Code => [0x24, ...u(i)];
const call = (i: number): Code => [0x10, ...u(i)];
const ifThen = (...body: Code[]): Code => [0x04, 0x40, ...body.flat(), END];
const i32 = (value: number): Code => [0x41, ...signedLeb(value)];
const END = 0x0b;
const ADD = [0x6a];
const SUB = [0x6b];
const AND = [0x71];
const EXTEND = [0xad];
const WRAP = [0xa7];
const UNREACHABLE = [0x00];
const RETURN = [0x0f];
/** From within two ifs in a loop to its beginning. */
const BACK = [0x0c, 2];
/** An access to the module's memory, or to the log. */
const own = (op: number): Code => [op, 0, 0];
const inLog = (op: number, offset: number): Code => [op, 64, 1, offset];

/** Bodies in the order of LOG_FUNCTION, without their length. */
export function logFunctionBodies(p: LogPlaces): number[][] {
  const isOn = globalGet(p.isOn);
  // $entry = the end of the log, where there is room for 16 bytes; the end moves on.
  const take = (entry: number): Code => [
    ...globalGet(p.end),
    ...i32(16),
    ...ADD,
    ...globalGet(p.room),
    0x4b, // i32.gt_u
    ...ifThen(i32(16), call(p.firstFunction + LOG_FUNCTION.reserve.number)),
    ...globalGet(p.end),
    ...localTee(entry),
    ...i32(16),
    ...ADD,
    ...globalSet(p.end),
  ];
  // The i64 on the stack is what was there; the address is in local 0.
  const noted = (entry: number, old: Code, kind: number): Code => [
    ...take(entry),
    ...localGet(entry),
    ...old,
    ...inLog(0x37, 0),
    ...localGet(entry),
    ...localGet(0),
    ...inLog(0x36, 8),
    ...localGet(entry),
    ...i32(kind),
    ...inLog(0x36, 12),
  ];
  const at = [...localGet(0), ...localGet(2), ...ADD, ...localSet(0)];
  const store = (kind: number, load: number, op: number): number[] => {
    const old = [...localGet(0), ...own(load)];
    return body(
      [I32],
      [...at, ...isOn, ...ifThen(noted(3, old, kind)), ...localGet(0), ...localGet(1), ...own(op)],
    );
  };
  const old8 = (offset: number): Code => [...localGet(0), 0x29, 0, offset];
  const store128 = body(
    [I32],
    [
      ...at,
      ...isOn,
      ...ifThen(
        noted(3, old8(0), 8),
        localGet(0),
        i32(8),
        ADD,
        localSet(0),
        noted(3, old8(0), 8),
        localGet(0),
        i32(8),
        SUB,
        localSet(0),
      ),
      ...localGet(0),
      ...localGet(1),
      ...[0xfd, 0x0b, 0, 0],
    ],
  );
  return [
    store(1, 0x31, 0x3a),
    store(2, 0x33, 0x3b),
    store(4, 0x35, 0x36),
    store(8, 0x29, 0x37),
    store128,
    rangeBody(p, [0xfc, 0x0a, 0, 0]),
    rangeBody(p, [0xfc, 0x0b, 0]),
    body(
      [I32],
      [
        ...isOn,
        ...ifThen(
          take(2),
          localGet(2),
          localGet(0),
          inLog(0x37, 0),
          localGet(2),
          localGet(1),
          inLog(0x36, 8),
          localGet(2),
          i32(GLOBAL),
          inLog(0x36, 12),
        ),
      ],
    ),
    growBody(p),
    reserveBody(p),
    restoreBody(p),
  ];
}

/** memory.copy and memory.fill: (target, x, bytes). */
function rangeBody(p: LogPlaces, instruction: Code): number[] {
  const padded = [...localGet(2), ...i32(7), ...ADD, ...i32(-8), ...AND];
  return body(
    [I32],
    [
      ...globalGet(p.isOn),
      ...localGet(2),
      ...[0x45, 0x45], // != 0
      ...AND,
      ...ifThen(
        // Where the length is beyond any memory, the instruction itself traps.
        [...localGet(2), ...i32(0x40000000), 0x4d],
        ifThen(
          padded,
          i32(16),
          ADD,
          call(p.firstFunction + LOG_FUNCTION.reserve.number),
          globalGet(p.end),
          localGet(0),
          localGet(2),
          [0xfc, 0x0a, 1, 0], // memory.copy log <- own
          globalGet(p.end),
          padded,
          ADD,
          localTee(3),
          [...localGet(2), ...EXTEND],
          inLog(0x37, 0),
          localGet(3),
          localGet(0),
          inLog(0x36, 8),
          localGet(3),
          i32(RANGE),
          inLog(0x36, 12),
          localGet(3),
          i32(16),
          ADD,
          globalSet(p.end),
        ),
      ),
      ...localGet(0),
      ...localGet(1),
      ...localGet(2),
      ...instruction,
    ],
  );
}

/**
 * memory.grow: gives pages that a row has grown by and that were given back before it asks for more. Notes whether memory has run
 * out, which cannot be undone.
 */
function growBody(p: LogPlaces): number[] {
  return body(
    [I32, I32],
    [
      ...globalGet(p.pages),
      ...localTee(1),
      ...localGet(0),
      ...ADD,
      ...localSet(2),
      // More than there are?
      ...localGet(2),
      ...[0x3f, 0],
      0x4b, // i32.gt_u
      ...ifThen(
        localGet(2),
        [0x3f, 0],
        SUB,
        [0x40, 0],
        i32(-1),
        [0x46],
        globalSet(p.exhausted),
        globalGet(p.exhausted),
        ifThen(i32(-1), RETURN),
      ),
      ...i32(0),
      ...globalSet(p.exhausted),
      ...[...localGet(1), ...EXTEND],
      ...i32(p.pages),
      ...call(p.firstFunction + LOG_FUNCTION.global.number),
      ...localGet(2),
      ...globalSet(p.pages),
      ...localGet(1),
    ],
  );
}

/** Room for so many bytes more in the log; no room is memory that has run out. */
function reserveBody(p: LogPlaces): number[] {
  const needed = [...globalGet(p.end), ...localGet(0), ...ADD];
  return body(
    [],
    [
      ...needed,
      ...globalGet(p.room),
      0x4b, // i32.gt_u
      ...ifThen(
        needed,
        globalGet(p.room),
        SUB,
        i32(65_536 * 4 - 1),
        ADD,
        i32(18),
        [0x76], // i32.shr_u: in steps of four pages
        i32(4),
        [0x6c],
        [0x40, 1],
        i32(-1),
        [0x46],
        ifThen(i32(1), globalSet(p.exhausted), UNREACHABLE),
        [0x3f, 1],
        i32(16),
        [0x74], // i32.shl
        globalSet(p.room),
      ),
    ],
  );
}

/** Puts everything back, the last write first. 0: nothing was being noted; 1: done; 2: memory has run out. */
function restoreBody(p: LogPlaces): number[] {
  const back = (kind: number, code: Code): Code => [
    ...localGet(2),
    ...i32(kind),
    0x46,
    ...ifThen(code, BACK),
  ];
  const stored = (op: number, wrap: Code): Code => [
    ...localGet(1),
    ...localGet(3),
    ...wrap,
    ...own(op),
  ];
  const range = [
    ...globalGet(p.end),
    ...localGet(3),
    ...WRAP,
    ...i32(7),
    ...ADD,
    ...i32(-8),
    ...AND,
    ...SUB,
    ...globalSet(p.end),
    ...localGet(1),
    ...globalGet(p.end),
    ...localGet(3),
    ...WRAP,
    ...[0xfc, 0x0a, 0, 1], // memory.copy own <- log
  ];
  const globals = [...p.globals, { index: p.pages, type: I32 }].flatMap(({ index, type }) => [
    ...localGet(1),
    ...i32(index),
    0x46,
    ...ifThen(localGet(3), FROM_BITS[type] ?? [], globalSet(index), BACK),
  ]);
  return body(
    [I32, I32, I32, I64],
    [
      ...globalGet(p.exhausted),
      ...ifThen(i32(2), RETURN),
      ...globalGet(p.isOn),
      ...[0x45],
      ...ifThen(i32(0), RETURN),
      ...[0x03, 0x40], // loop
      ...globalGet(p.end),
      ...ifThen(
        globalGet(p.end),
        i32(16),
        SUB,
        localTee(0),
        globalSet(p.end),
        localGet(0),
        inLog(0x29, 0),
        localSet(3),
        localGet(0),
        inLog(0x28, 8),
        localSet(1),
        localGet(0),
        inLog(0x28, 12),
        localSet(2),
        back(8, stored(0x37, [])),
        back(4, stored(0x36, WRAP)),
        back(1, stored(0x3a, WRAP)),
        back(2, stored(0x3b, WRAP)),
        back(RANGE, range),
        globals,
        UNREACHABLE,
      ),
      END,
      ...i32(0),
      ...globalSet(p.isOn),
      ...i32(1),
    ],
  );
}

/** What makes a global's value of its bits, and the bits of its value. */
const FROM_BITS: Readonly<Record<number, Code>> = {
  [I32]: WRAP,
  [F32]: [0xa7, 0xbe],
  [F64]: [0xbf],
};
export const TO_BITS: Readonly<Record<number, Code>> = {
  [I32]: EXTEND,
  [I64]: [],
  [F32]: [0xbc, 0xad],
  [F64]: [0xbd],
};

/** A function's locals and code. */
function body(locals: readonly number[], code: Code): number[] {
  const declared = locals.flatMap((type) => [1, type]);
  return [...u(locals.length), ...declared, ...code, END];
}

/** Signed LEB128 of an int32. */
export function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}
