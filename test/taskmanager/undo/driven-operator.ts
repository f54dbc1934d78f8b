/** An operator whose snapshots are taken in slices, between its calls. */
import { fileURLToPath } from "node:url";
import { STATUS } from "../../../src/protocol/abi.ts";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import { BATCH_ROWS, MODULE_MEMORY_MAX_PAGES } from "../../../src/protocol/limits.ts";
import type { ChainCall, ChainOutput } from "../../../src/taskmanager/core/task-chain.ts";
import { MemoryCount, ModuleInstance } from "../../../src/taskmanager/module-instance.ts";
import { OperatorChain } from "../../../src/taskmanager/operator-chain.ts";
import { type OperatorNode, openNodes } from "../../../src/taskmanager/operator-node.ts";
import { type HarnessOptions, planOperator } from "../../../src/testing/operator-plan.ts";
import { loadTestBundle, undoingBundle } from "../../../src/testing/test-bundle.ts";
import { type Chunk, recordTexts } from "./state-records.ts";
import type { Deed } from "./streams.ts";

const ENTRY = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));

const NOWHERE: ChainOutput = {
  hasRoom: () => true,
  sendBatch: () => undefined,
  heldUpMs: 0,
  sendWatermark: () => undefined,
  sendStatus: () => undefined,
  sendRequest: () => undefined,
  sinkHasRoom: () => true,
  writeSink: () => undefined,
};

/** A record of kind 16. */
const STATE_NAME = /^\d+ 10000000/;

/** A row and its timestamp. */
export type TimedDeed = readonly [Deed, number];

export class DrivenOperator {
  readonly #instance: ModuleInstance;
  readonly #node: OperatorNode;
  readonly #chain: OperatorChain;
  readonly #schema: Parameters<
    typeof openNodes
  >[0]["task"]["chain"][number]["inputs"][number]["schema"];
  #snapshot:
    | { readonly since: bigint; readonly checkpoint: bigint; readonly chunks: Chunk[] }
    | undefined;

  private constructor(instance: ModuleInstance, plan: ReturnType<typeof planOperator>) {
    this.#instance = instance;
    const nodes = openNodes({
      task: plan.task,
      deployment: { batchRows: BATCH_ROWS },
      instanceOf: () => instance,
    });
    this.#node = nodes[0]!;
    this.#schema = plan.inputs[0]!;
    const rule = { type: "rows" as const, rows: 4096 };
    this.#chain = new OperatorChain(nodes, rule, undefined, () => instance.close());
  }

  static async open(operator: string, options: HarnessOptions): Promise<DrivenOperator> {
    const built = await loadTestBundle(ENTRY, {});
    const bundle = options.onRowError === undefined ? built : await undoingBundle(built);
    const host = { processingTimeMs: () => 0, log: () => undefined, metric: () => undefined };
    const count = new MemoryCount();
    const instance = new ModuleInstance(bundle, host, MODULE_MEMORY_MAX_PAGES, count);
    return new DrivenOperator(instance, planOperator(bundle, operator, options));
  }

  rows(rows: readonly TimedDeed[]): void {
    if (rows.length === 0) return;
    const writer = new BatchWriter(this.#schema);
    for (const [deed, at] of rows) writer.append({ ...deed }, { eventTime: BigInt(at) });
    this.#run({ type: "batch", input: 0, block: writer.finish() });
  }

  watermark(timestamp: number): void {
    this.#run({ type: "watermark", timestamp: BigInt(timestamp) });
  }

  #run(call: ChainCall): void {
    this.#chain.begin(call);
    while (this.#chain.run(NOWHERE) !== "done");
    if (this.#chain.partialOutput) this.#run({ type: "flush" });
  }

  /** Rows that it has refused so far. */
  get failed(): number {
    return this.#node.rowsFailed;
  }

  /** Fixes what a snapshot is of, and gives its first slice. */
  begin(checkpoint: number, since: number, budget: number): void {
    this.#snapshot = { checkpoint: BigInt(checkpoint), since: BigInt(since), chunks: [] };
    this.slice(budget);
  }

  /** The next slice of the snapshot in progress; answers its records when it is done. */
  slice(budget: number): string[] | undefined {
    const { checkpoint, since, chunks } = this.#snapshot!;
    const { instance, inst, site } = { ...this.#node };
    const status = instance.invoke(site, "mr_snapshot", inst, checkpoint, since, budget);
    if (status === STATUS.chunk) {
      const start = this.#instance.result("pointer");
      const bytes = this.#instance.bytes.slice(start, start + this.#instance.result("length"));
      chunks.push({ keyGroup: this.#instance.result("keyGroup"), bytes });
    }
    // How the entries are spread over chunks says nothing; each chunk names the states again.
    if (status !== STATUS.done) return undefined;
    const records = chunks.flatMap(recordTexts);
    return records.filter((record) => !STATE_NAME.test(record)).sort();
  }

  /** All slices that are left. */
  finish(): string[] {
    for (;;) {
      const records = this.slice(1_000);
      if (records !== undefined) return records;
    }
  }

  close(): void {
    this.#chain.close();
  }
}
