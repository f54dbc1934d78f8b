/** How the windows of an operator are kept and fired: one of several ways, chosen when it is opened. */
import { BatchReader } from "../batch-reader";
import { Status } from "../layout";
import { WindowOperator } from "./window-operator";

export abstract class Windowing {
  constructor(readonly operator: WindowOperator) {}

  /** Bytes held, beside those of the function. */
  abstract get bytes(): u64;

  /** Called for each batch before its rows. */
  abstract attach(reader: BatchReader): void;

  /** Adds rows: the contract is that of RecordOperator.rows. */
  abstract rows(from: i32, to: i32): i32;

  /** Fires what is due at the new watermark; resumable. */
  abstract fireEventTime(watermark: i64, budget: i32): i32;

  /** Fires what is due by the clock; resumable. */
  abstract fireProcessingTime(now: i64, budget: i32): i32;

  /** Time of the earliest timer of a domain; the largest int64: none. */
  abstract nextTimer(domain: i32): i64;

  /** Gives the next chunk of a snapshot (CHUNK), or DONE. */
  abstract snapshot(): i32;

  abstract restore(keyGroup: i32, start: usize, length: i32): void;

  /**
   * The firing of a window has been undone. Whether the next call does it again without the function, for what else there is to do.
   */
  abstract undone(): bool;

  abstract close(): void;

  /** Hands a chunk of a key group to the host. */
  protected handOver(keyGroup: i32, start: usize, length: i32): i32 {
    const result = this.operator.result;
    result.keyGroup = keyGroup;
    result.pointer = start;
    result.length = length;
    return Status.CHUNK;
  }
}
