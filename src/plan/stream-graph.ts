/**
 * Stream graph: the operators of a job with everything derived that the spec leaves open - schemas,
 * change modes, parallelism, slot sharing groups (Flink: StreamGraph). Made by validate-job.ts.
 */
import type { ConnectorSpec, Partitioner } from "../protocol/deployment.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { RestartStrategySpec, VertexSpec } from "./job-spec.ts";
import type { PlannedStream, StreamType } from "./stream-type.ts";

/** An input of an operator; all edges into it carry the same type. */
export interface NodeInput extends StreamType {
  /** The key, of an operator that works by key; else empty. */
  readonly keys: readonly string[];
}

/** An operator of a bundle with its parameters. */
export interface OperatorUse {
  readonly bundle: string;
  readonly operator: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** An operator of the job. */
export interface StreamNode extends OperatorUse {
  readonly id: string;
  readonly uid: string;
  readonly name: string;
  readonly kind: VertexSpec["kind"];
  readonly description: OperatorDescription;
  readonly connector: ConnectorSpec | undefined;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  readonly chaining: VertexSpec["chaining"];
  readonly onRowError: VertexSpec["onRowError"];
  readonly stateBudgetBytes: number | undefined;
  readonly inputs: readonly NodeInput[];
  /** In the order in which the module has them. */
  readonly outputs: readonly PlannedStream[];
}

/** A stream between two operators, with its type. */
export interface StreamEdge extends StreamType {
  /** Place in the job spec. */
  readonly index: number;
  readonly from: string;
  /** Index of the output at `from`, and its name. */
  readonly output: number;
  readonly outputName: string;
  readonly to: string;
  readonly input: number;
  readonly partitioner: Partitioner;
  readonly keys: readonly string[];
  /** For custom: what gives each row its channel. */
  readonly partitionerOperator: OperatorUse | undefined;
}

export interface StreamGraph {
  readonly name: string;
  readonly bufferTimeoutMs: number;
  readonly restartStrategy: RestartStrategySpec;
  /** In topological order. */
  readonly nodes: readonly StreamNode[];
  /** In the order of the job spec. */
  readonly edges: readonly StreamEdge[];
  /** Uploaded bundles that the job uses, by content hash, sorted. */
  readonly bundles: readonly string[];
}
