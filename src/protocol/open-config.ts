/**
 * What `mr_open` receives, as UTF-8 JSON. Written by the host from a deployment, read by the SDK
 * (operators/sdk/assembly/open-config.ts), so the names are short and flat.
 */

/** A column: children of ROW, ARRAY and MAP follow their parent, depth first. */
export interface OpenColumn {
  readonly name: string;
  /** TYPE_ID */
  readonly type: number;
  readonly nullable: boolean;
  /** Precision or length; 0 where the type has none. */
  readonly p1: number;
  readonly p2: number;
  readonly children: number;
}

export interface OpenStream {
  /** Name of a side output, "main" for the main one. */
  readonly name: string;
  readonly columns: readonly OpenColumn[];
  /** Indices of the key's columns among the top-level ones; empty if not keyed. */
  readonly keys: readonly number[];
}

export interface OpenConfig {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly subtask: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Inclusive range of key groups of this subtask. */
  readonly keyGroupStart: number;
  readonly keyGroupEnd: number;
  readonly inputs: readonly OpenStream[];
  readonly outputs: readonly OpenStream[];
  /** Rows and text bytes of an output block. */
  readonly roomRows: number;
  readonly roomBytes: number;
  /** What a row did is undone where its function traps; the host has rewritten the module for it. */
  readonly undoRows?: boolean;
}
