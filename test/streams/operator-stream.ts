/**
 * One operator under random steps: rows gather in batches of one input, which go in when the other input's turn
 * comes, at a flush, and at the end. A restore goes back to the last checkpoint, or to now if there was none.
 */
import { BatchWriter } from "../../src/protocol/batch/batch-writer.ts";
import {
  type Chunk,
  type HarnessModule,
  type HarnessSetup,
  type Mode,
  OperatorHarness,
  type OutputElement,
} from "../conformance/operator-harness.ts";
import type { ElementStep, Player } from "./random-steps.ts";

export interface StreamSetup {
  readonly module: HarnessModule;
  readonly setup: HarnessSetup;
  readonly mode: Mode;
  /** Values of a row, and which input it goes to. */
  readonly row: (step: ElementStep, index: number) => readonly (string | bigint)[];
  readonly inputOf: (step: ElementStep) => number;
  /** What is compared of a row of an output. */
  readonly textOf: (row: OutputElement & { type: "row" }, output: number) => string;
  /** Checkpoints are written in slices between the rows, as deltas of the one before. */
  readonly incremental?: boolean;
}

/** A slice of a checkpoint writes about so many entries. */
const SLICE_BUDGET = 1;

export class OperatorStream implements Player {
  /** Rows of the main output, and watermarks. */
  readonly main: string[] = [];
  /** Rows of the other outputs. */
  readonly side: string[] = [];
  /** Rows that were refused. */
  refused = 0;
  readonly #options: StreamSetup;
  #harness: OperatorHarness;
  #batch: BatchWriter;
  #input = 0;
  #checkpoints = 0n;
  /** The checkpoint before which the present one's delta begins; -1: it is whole. */
  #since = -1n;
  /** What is written of the present checkpoint. */
  #chunks: Chunk[] = [];
  #inProgress = false;
  /** The last complete checkpoint. */
  #saved: Chunk[] | undefined;

  constructor(options: StreamSetup) {
    this.#options = options;
    this.#harness = this.#open();
    this.#batch = this.#newBatch();
  }

  #open(): OperatorHarness {
    const { module, setup, mode } = this.#options;
    return new OperatorHarness(module, setup, mode);
  }

  #newBatch(): BatchWriter {
    return new BatchWriter(this.#options.setup.inputs[this.#input]!.schema);
  }

  element(step: ElementStep, index: number): void {
    const input = this.#options.inputOf(step);
    if (input !== this.#input) {
      this.flush();
      this.#input = input;
      this.#batch = this.#newBatch();
    }
    this.#batch.append([...this.#options.row(step, index)], { eventTime: step.at });
  }

  watermark(at: bigint): void {
    this.#batch.watermark(at);
  }

  flush(): void {
    this.#harness.process(this.#batch.finish(), this.#input);
    this.#batch = this.#newBatch();
    for (const [output, elements] of this.#harness.drain().entries()) {
      for (const one of elements) this.#note(one, output);
    }
    if (this.#inProgress) this.#slice();
  }

  #note(element: OutputElement, output: number): void {
    if (element.type !== "row") {
      const isWatermark = element.type === "watermark";
      const text = isWatermark ? `watermark ${element.timestamp}` : `idle ${element.idle}`;
      if (output === 0) this.main.push(text);
      return;
    }
    (output === 0 ? this.main : this.side).push(this.#options.textOf(element, output));
  }

  checkpoint(): void {
    this.flush();
    this.#finish();
    const { incremental = false } = this.#options;
    const isDelta = incremental && this.#saved !== undefined && this.#since >= 0n;
    this.#chunks = isDelta ? [...this.#saved!] : [];
    this.#since = isDelta ? this.#checkpoints : -1n;
    this.#checkpoints++;
    this.#inProgress = true;
    this.#slice();
    if (!incremental) this.#finish();
  }

  #slice(): void {
    const { done, chunks } = this.#harness.snapshotSlice(
      this.#checkpoints,
      this.#since,
      SLICE_BUDGET,
    );
    this.#chunks.push(...chunks);
    this.#inProgress = !done;
    if (!done) return;
    this.#saved = this.#chunks;
    this.#since = this.#checkpoints;
  }

  #finish(): void {
    while (this.#inProgress) this.#slice();
  }

  restore(): void {
    this.flush();
    if (this.#saved === undefined && !this.#inProgress) this.checkpoint();
    this.#finish();
    this.close();
    this.#since = -1n;
    this.#harness = this.#open();
    for (const chunk of this.#saved!) this.#harness.restore(chunk);
  }

  close(): void {
    this.refused += this.#harness.failures.length;
    this.#harness.close();
  }
}
