/**
 * The host side of the data generator: nothing to read, only a pace (Flink's rows-per-second). The
 * rows are made by the operator, which also knows when it is done.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SourceOptions } from "../protocol/connector-options.ts";
import type { SourcePiece, SourceReader, SubtaskContext } from "./connector.ts";

/** Longest pause between two polls: the steps in which a slow rate is kept. */
const PACE_MS = 10;

/** Asks its operator for rows, at a pace. */
export class DatagenSourceReader implements SourceReader {
  readonly #rowsPerMs: number | undefined;
  readonly #closing = new AbortController();
  #startMs: number | undefined;
  #asked = 0;

  constructor(options: SourceOptions<"datagen">, context: SubtaskContext) {
    const { rowsPerSecond } = options;
    if (rowsPerSecond !== undefined) this.#rowsPerMs = rowsPerSecond / 1000 / context.parallelism;
  }

  async next(): Promise<SourcePiece> {
    if (this.#rowsPerMs === undefined) return { type: "poll" };
    this.#startMs ??= performance.now();
    for (;;) {
      const due =
        Math.floor((performance.now() - this.#startMs) * this.#rowsPerMs) + 1 - this.#asked;
      if (due > 0) {
        this.#asked += due;
        return { type: "poll", rows: due };
      }
      await sleep(PACE_MS, undefined, { signal: this.#closing.signal });
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}
