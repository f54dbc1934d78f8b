/** What stands for the instructions of a function that notes what it overwrites. */
import { unsignedLeb } from "../memory-limit.ts";
import { type Instruction, OP } from "./instructions.ts";
import {
  ADD,
  type Code,
  call,
  EXTEND,
  globalGet,
  globalSet,
  i32,
  i64,
  inLog,
  LOG_FUNCTION,
  type LogPlaces,
  localGet,
  localSet,
  localTee,
  noteGlobal,
  TYPE,
} from "./log-functions.ts";

/** Locals that a function which writes gets, behind its own. */
export const NOTING_LOCALS: readonly number[] = [TYPE.i32, TYPE.i32, TYPE.i32, TYPE.i64];

/** How a store is noted: bytes, the load of what was there as an i64, whether its value is an i64. */
interface Store {
  readonly bytes: number;
  readonly load: number;
  readonly isLong: boolean;
}
const STORES: Readonly<Record<number, Store>> = {
  [OP.i32Store8]: { bytes: 1, load: 0x31, isLong: false },
  [OP.i32Store16]: { bytes: 2, load: 0x33, isLong: false },
  [OP.i32Store]: { bytes: 4, load: 0x35, isLong: false },
  [OP.i64Store]: { bytes: 8, load: 0x29, isLong: true },
  [OP.i64Store8]: { bytes: 1, load: 0x31, isLong: true },
  [OP.i64Store16]: { bytes: 2, load: 0x33, isLong: true },
  [OP.i64Store32]: { bytes: 4, load: 0x35, isLong: true },
};
const BITS_OF_F32 = 0xbc;
const BITS_OF_F64 = 0xbd;

/** Where the code's references lead. */
export interface NotingPlaces extends LogPlaces {
  /** Functions that are imported; behind them the module's own, which have a noting copy each. */
  readonly imported: number;
  /** From a function to its copy, and from its place in the table to that of the copy. */
  readonly copies: number;
  readonly tableSize: number;
}

/** Code in place of an instruction; undefined: it stays as it is. `firstLocal` is the first of NOTING_LOCALS. */
export function notingCode(p: NotingPlaces, at: Instruction, firstLocal: number): Code | undefined {
  const store = STORES[at.op];
  if (store !== undefined) return noteStore(p, at.op, at.offset, store, firstLocal);
  switch (at.op) {
    case OP.f32Store:
      return [
        BITS_OF_F32,
        ...noteStore(p, OP.i32Store, at.offset, STORES[OP.i32Store]!, firstLocal),
      ];
    case OP.f64Store:
      return [
        BITS_OF_F64,
        ...noteStore(p, OP.i64Store, at.offset, STORES[OP.i64Store]!, firstLocal),
      ];
    case OP.v128Store:
      return [...i32(at.offset), ...call(p.firstFunction + LOG_FUNCTION.store128.number)];
    case OP.memoryCopy:
      return call(p.firstFunction + LOG_FUNCTION.copy.number);
    case OP.memoryFill:
      return call(p.firstFunction + LOG_FUNCTION.fill.number);
    case OP.globalSet:
      if (isKept(p, at.index)) return undefined;
      return noteGlobalSet(p, at.index);
    case OP.call:
    case OP.returnCall:
    case OP.refFunc:
      if (at.index < p.imported) return undefined;
      return [at.op, ...unsignedLeb(at.index + p.copies)];
    default:
      return undefined;
  }
}

/** In front of a call through the table: the place of the copy. */
export function tableShift(p: NotingPlaces): Code {
  return [...i32(p.tableSize), ...ADD];
}

/** [address, value] on the stack. */
function noteStore(p: LogPlaces, op: number, offset: number, store: Store, first: number): Code {
  const [ADDRESS, WORD, ENTRY, LONG] = [first, first + 1, first + 2, first + 3];
  const value = store.isLong ? LONG! : WORD!;
  const at = unsignedLeb(offset);
  const kind = (BigInt(store.bytes) << 32n) + BigInt(offset);
  return [
    ...localSet(value),
    ...localSet(ADDRESS!),
    ...globalGet(p.end),
    ...localTee(ENTRY!),
    ...localGet(ADDRESS!),
    ...[store.load, 0, ...at],
    ...inLog(0x37, 0),
    ...localGet(ENTRY!),
    ...localGet(ADDRESS!),
    ...EXTEND,
    ...i64(kind),
    ...[0x7c],
    ...inLog(0x37, 8),
    ...localGet(ENTRY!),
    ...globalGet(p.step),
    ...ADD,
    ...globalSet(p.end),
    ...localGet(ADDRESS!),
    ...localGet(value),
    ...[op, 0, ...at],
  ];
}

/** A global that keeps its value when a row is undone. */
function isKept({ globals, inRow }: LogPlaces, index: number): boolean {
  return index !== inRow && !globals.some((global) => global.index === index);
}

function noteGlobalSet(p: LogPlaces, index: number): Code {
  // A row begins, or is over: nothing of the one before is undone any more.
  if (index === p.inRow) return inRowSet(p);
  const { type } = p.globals.find((global) => global.index === index)!;
  return [...noteGlobal(p, index, type), ...globalSet(index)];
}

/** The value, 0 or 1, is on the stack. */
function inRowSet(p: LogPlaces): Code {
  return [
    ...globalSet(p.inRow),
    ...globalGet(p.inRow),
    ...i32(4),
    0x74, // i32.shl: 16 bytes a step
    ...globalSet(p.step),
    ...i32(0),
    ...globalSet(p.end),
  ];
}
