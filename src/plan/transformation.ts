/**
 * What the DataStream builder collects (Flink: Transformation): operators with their settings, and
 * the streams between them. The job spec is written from here.
 */
import type { ConnectorSpec, Partitioner } from "../protocol/deployment.ts";
import type { Schema } from "../protocol/types.ts";
import type { JobSpecInput } from "./job-spec.ts";
import type { OperatorHandle } from "./operator-handle.ts";

type VertexInput = JobSpecInput["vertices"][number];
type EdgeInput = NonNullable<JobSpecInput["edges"]>[number];

/** A stream on its way to an operator. */
export interface Upstream {
  readonly from: Transformation;
  readonly output: string;
  /** undefined: forward if the parallelism is equal, else rebalance (Flink's default). */
  readonly partitioner?: Partitioner;
  readonly keys?: readonly string[];
  readonly partitionerOperator?: OperatorHandle;
}

/** One operator of the job that is being built. */
export class Transformation {
  readonly id: string;
  readonly kind: VertexInput["kind"];
  readonly operator: OperatorHandle;
  /** Per input, the streams that are united there. */
  readonly inputs: readonly (readonly Upstream[])[];
  connector: ConnectorSpec | undefined;
  schema: Schema | undefined;
  timeAttribute: string | undefined;
  uid: string | undefined;
  name: string | undefined;
  parallelism: number | undefined;
  /** Whose parallelism it has where it states none: rows do not change their order between them. */
  follows: Transformation | undefined;
  maxParallelism: number | undefined;
  slotSharingGroup: string | undefined;
  chaining: "always" | "head" | "never" = "always";
  onRowError: "fail" | "drop" | "dead-letter" = "fail";
  stateBudgetBytes: number | undefined;

  constructor(
    id: string,
    kind: VertexInput["kind"],
    operator: OperatorHandle,
    inputs: readonly (readonly Upstream[])[],
  ) {
    this.id = id;
    this.kind = kind;
    this.operator = operator;
    this.inputs = inputs;
  }

  /** Undefined: the job's default. */
  get statedParallelism(): number | undefined {
    return this.parallelism ?? this.follows?.statedParallelism;
  }

  toVertex(): VertexInput {
    const vertex: VertexInput = {
      id: this.id,
      kind: this.kind,
      operator: reference(this.operator),
    };
    if (this.connector !== undefined) vertex.connector = this.connector;
    if (this.uid !== undefined) vertex.uid = this.uid;
    if (this.name !== undefined) vertex.name = this.name;
    const parallelism = this.statedParallelism;
    if (parallelism !== undefined) vertex.parallelism = parallelism;
    if (this.maxParallelism !== undefined) vertex.maxParallelism = this.maxParallelism;
    if (this.slotSharingGroup !== undefined) vertex.slotSharingGroup = this.slotSharingGroup;
    if (this.chaining !== "always") vertex.chaining = this.chaining;
    if (this.onRowError !== "fail") vertex.onRowError = this.onRowError;
    if (this.stateBudgetBytes !== undefined) vertex.stateBudgetBytes = this.stateBudgetBytes;
    if (this.schema !== undefined) {
      const main = { name: "main", schema: this.schema };
      const { timeAttribute } = this;
      vertex.outputs = [timeAttribute === undefined ? main : { ...main, timeAttribute }];
    }
    return vertex;
  }

  /** @param defaultParallelism Parallelism of operators that do not state theirs. */
  toEdges(defaultParallelism: number): EdgeInput[] {
    const own = this.statedParallelism ?? defaultParallelism;
    return this.inputs.flatMap((streams, input) =>
      streams.map((stream): EdgeInput => {
        const theirs = stream.from.statedParallelism ?? defaultParallelism;
        const edge: EdgeInput = {
          from: stream.from.id,
          to: this.id,
          partitioner: stream.partitioner ?? (own === theirs ? "forward" : "rebalance"),
        };
        if (stream.output !== "main") edge.output = stream.output;
        if (input !== 0) edge.input = input;
        if (stream.keys !== undefined) edge.keys = [...stream.keys];
        if (stream.partitionerOperator !== undefined) {
          edge.partitionerOperator = reference(stream.partitionerOperator);
        }
        return edge;
      }),
    );
  }
}

function reference(operator: OperatorHandle): VertexInput["operator"] {
  const parameters = Object.fromEntries(
    Object.entries(operator.parameters).filter(([, value]) => value !== undefined),
  );
  const bundle = operator.bundle as VertexInput["operator"]["bundle"];
  return { bundle, name: operator.name, parameters };
}
