/** The exports of a module: src/protocol/abi.ts EXPORTS. An entry file re-exports all of them. */
import { Status } from "./layout";
import { OpenConfig } from "./open-config";
import { Operator, resultRecord } from "./operator";
import { factories, instances } from "./registry";
import { endUnit } from "./undo";

export { mr_undo, mr_undo_note } from "./undo";

const ABI_VERSION: i32 = 2;
/** RESULT.row where a unit is not a row. */
const NO_ROW: i32 = -1;

function answer(operator: Operator, status: i32): i32 {
  endUnit();
  const r = operator.result;
  store<u32>(resultRecord, status, 0);
  store<u32>(resultRecord, r.row, 4);
  store<u32>(resultRecord, r.code, 8);
  store<u32>(resultRecord, <u32>r.pointer, 12);
  store<u32>(resultRecord, r.length, 16);
  store<i32>(resultRecord, r.keyGroup, 20);
  store<i64>(resultRecord, r.requestId, 24);
  store<u64>(resultRecord, operator.rowsIn, 32);
  store<u64>(resultRecord, operator.rowsOut(), 40);
  store<u64>(resultRecord, operator.rowsFailed, 48);
  store<u64>(resultRecord, operator.stateBytes, 56);
  return status;
}

function instance(inst: i32): Operator {
  assert(inst >= 0 && inst < instances.length, "no such instance");
  const operator = instances[inst];
  assert(operator !== null, "instance is closed");
  return operator!;
}

/** For calls behind opening and restoring. */
function running(inst: i32): Operator {
  const operator = instance(inst);
  operator.__begin();
  return operator;
}

export function mr_abi(): i32 {
  return ABI_VERSION;
}

export function mr_result(): usize {
  return resultRecord;
}

export function mr_alloc(bytes: i32): usize {
  return align16(heap.alloc(<usize>bytes + 8));
}

// Blocks of the allocator are 16-byte aligned already; this only states it.
// @ts-ignore: decorator
@inline
function align16(pointer: usize): usize {
  assert((pointer & 7) == 0, "allocator gives 8-byte alignment");
  return pointer;
}

export function mr_free(pointer: usize): void {
  heap.free(pointer);
}

export function mr_open(operator: i32, start: usize, length: i32): i32 {
  assert(operator >= 0 && operator < factories.length, "no such operator");
  const config = OpenConfig.parse(start, length);
  const opened = factories[operator]().forConfig(config);
  const status = opened.__open(config);
  answer(opened, status);
  if (status != Status.DONE) return -1;
  for (let i = 0; i < instances.length; i++) {
    if (instances[i] === null) {
      instances[i] = opened;
      return i;
    }
  }
  instances.push(opened);
  return instances.length - 1;
}

export function mr_process(inst: i32, input: i32, block: usize, budget: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.process(input, block, budget));
}

export function mr_watermark(inst: i32, timestamp: i64, budget: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.watermark(timestamp, budget));
}

export function mr_idle(inst: i32, idle: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.status(idle != 0));
}

export function mr_end_input(inst: i32, input: i32, budget: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.endInput(input, budget));
}

export function mr_next_timer(inst: i32, domain: i32): i64 {
  return instance(inst).nextTimer(domain);
}

export function mr_timers(inst: i32, domain: i32, now: i64, budget: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.timers(domain, now, budget));
}

export function mr_source_assign(inst: i32, start: usize, length: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.sourceAssign(start, length));
}

export function mr_source_bytes(
  inst: i32,
  start: usize,
  length: i32,
  last: i32,
  budget: i32,
): i32 {
  const operator = running(inst);
  return answer(operator, operator.sourceBytes(start, length, last != 0, budget));
}

export function mr_source_poll(inst: i32, budget: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.sourcePoll(budget));
}

export function mr_complete(
  inst: i32,
  request: i64,
  start: usize,
  length: i32,
  budget: i32,
): i32 {
  const operator = running(inst);
  return answer(operator, operator.complete(request, start, length, budget));
}

export function mr_state_supply(inst: i32, start: usize, length: i32): i32 {
  const operator = instance(inst);
  return answer(operator, operator.stateSupply(start, length));
}

export function mr_prepare_commit(inst: i32, checkpoint: i64, budget: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.prepareCommit(checkpoint, budget));
}

export function mr_snapshot(inst: i32, checkpoint: i64, since: i64, budget: i32): i32 {
  const operator = running(inst);
  return answer(operator, operator.snapshot(checkpoint, since, budget));
}

export function mr_restore(
  inst: i32,
  keyGroup: i32,
  start: usize,
  length: i32,
  budget: i32,
): i32 {
  const operator = instance(inst);
  return answer(operator, operator.restore(keyGroup, start, length, budget));
}

/** The unit in progress has been undone: says what it was, and goes on behind it with the next call. */
export function mr_undone(inst: i32): i32 {
  const operator = instance(inst);
  operator.result.row = NO_ROW;
  operator.result.pointer = 0;
  operator.result.length = 0;
  return answer(operator, operator.undone());
}

export function mr_flush(inst: i32, output: i32): void {
  const operator = instance(inst);
  if (output < operator.writers.length) operator.writers[output].flush();
}

export function mr_take(inst: i32, output: i32): usize {
  const operator = instance(inst);
  return output < operator.writers.length ? operator.writers[output].take() : 0;
}

export function mr_metrics(inst: i32): usize {
  return instance(inst).config.metrics.__tell();
}

export function mr_close(inst: i32): void {
  const operator = instance(inst);
  operator.__close();
  instances[inst] = null;
  __collect();
}
