/** A slot's isolate, seen from the worker's main isolate: a worker thread for one attempt. */
import { Worker } from "node:worker_threads";
import { threadCode } from "../protocol/entry-file.ts";
import { type ErrorBody, errorBodyOf } from "../protocol/errors.ts";
import { SLOT_YOUNG_GENERATION_MB } from "../protocol/limits.ts";
import { boardOperators, boardSources, forgetMemories, newBoard, readBoard } from "./call-board.ts";
import type { BoardView } from "./core/watchdog.ts";
import type { SlotCommand, SlotReport, SlotStart } from "./slot-messages.ts";
import type { SourcePlace } from "./trap-place.ts";

export interface SlotIsolateHandlers {
  report(report: SlotReport): void;
  /** The isolate ended without being told to. */
  exited(error: ErrorBody): void;
}

const BOOT = threadCode("./slot-worker", import.meta.url);

/** A running isolate. */
export class SlotIsolate {
  readonly #worker: Worker;
  readonly #board = newBoard();
  readonly #memories: SharedArrayBuffer;
  readonly #operators: readonly string[];
  readonly #start: Pick<SlotStart, "deployment" | "modules">;
  #ended = false;

  constructor(start: Omit<SlotStart, "board">, handlers: SlotIsolateHandlers) {
    const workerData: SlotStart = { ...start, board: this.#board };
    this.#memories = start.memories;
    this.#start = { deployment: start.deployment, modules: start.modules };
    this.#operators = boardOperators(start.deployment, start.slot);
    const name = `slot-${start.slot}`;
    const transferList = start.ports.map(({ port }) => port);
    const resourceLimits = { maxYoungGenerationSizeMb: SLOT_YOUNG_GENERATION_MB };
    this.#worker = new Worker(BOOT, {
      eval: true,
      workerData,
      transferList,
      name,
      resourceLimits,
    });
    let failure: ErrorBody | undefined;
    this.#worker.on("message", (report: SlotReport) => {
      if (!this.#ended) handlers.report(report);
    });
    this.#worker.on("error", (error) => {
      const { message } = errorBodyOf(error);
      failure = { code: "SLOT_LOST", message: `Slot ${start.slot} ended: ${message}` };
    });
    this.#worker.on("exit", (code) => {
      forgetMemories(this.#board, this.#memories);
      if (this.#ended) return;
      this.#ended = true;
      const message = `Slot ${start.slot} ended: its isolate exited with code ${code}`;
      handlers.exited(failure ?? { code: "SLOT_LOST", message });
    });
  }

  /** What the watchdog looks at. */
  board(): BoardView {
    return readBoard(this.#board);
  }

  /** Name of an operator on the board. */
  operatorName(number: number): string {
    return this.#operators[number] ?? "(opening)";
  }

  /** Where the class of an operator on the board begins. */
  operatorSource(number: number): SourcePlace | undefined {
    const { deployment, modules } = this.#start;
    return boardSources(deployment, modules).get(this.operatorName(number));
  }

  command(command: SlotCommand): void {
    if (!this.#ended) this.#worker.postMessage(command);
  }

  /** Ends the isolate, also in the middle of an endless loop; nothing it says counts any more. */
  async terminate(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }
}
