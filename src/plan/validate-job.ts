/**
 * From a job spec to a stream graph, against the bundles' self-descriptions. Every way in which a job
 * can be wrong is refused here, with the path of the field, before anything runs.
 */
import { MillraceError } from "../protocol/errors.ts";
import { defaultMaxParallelism } from "../protocol/key-group.ts";
import { planEdge, planInputs } from "./edge-checks.ts";
import { checkFeedback, iterationEdges, planIterationInputs } from "./iteration.ts";
import { type JobSpec, jobSpecSchema } from "./job-spec.ts";
import { type FoundOperator, findOperator, type ManifestLookup } from "./operator-lookup.ts";
import { planOutputs } from "./operator-outputs.ts";
import { specIssue } from "./spec-issue.ts";
import type { StreamEdge, StreamGraph, StreamNode } from "./stream-graph.ts";
import { orderVertices, type PlacedVertex } from "./topology.ts";
import {
  checkAlignment,
  checkEventTime,
  checkKind,
  checkWindowAll,
  planConnector,
  planParameters,
} from "./vertex-checks.ts";

/** @throws MillraceError JOB_SPEC_INVALID naming the first field that is wrong. */
export function parseJobSpec(spec: unknown): JobSpec {
  const result = jobSpecSchema.safeParse(spec);
  if (result.success) return result.data;
  throw specIssue(spec, result.error);
}

/**
 * Checks a job spec and derives its stream graph.
 * @throws MillraceError with a JOB_, CONNECTOR_, CHANGELOG_ or UNSUPPORTED_ code; docs/job-spec.md
 *   lists them.
 */
export function validateJob(spec: unknown, manifestOf: ManifestLookup): StreamGraph {
  return new JobPlanner(parseJobSpec(spec), manifestOf).plan();
}

class JobPlanner {
  readonly #spec: JobSpec;
  readonly #manifestOf: ManifestLookup;
  readonly #nodes = new Map<string, StreamNode>();
  readonly #edges: StreamEdge[] = [];
  readonly #bundles = new Set<string>();

  constructor(spec: JobSpec, manifestOf: ManifestLookup) {
    this.#spec = spec;
    this.#manifestOf = manifestOf;
  }

  plan(): StreamGraph {
    const vertices = orderVertices(this.#spec);
    for (const vertex of vertices) this.#nodes.set(vertex.spec.id, this.#planVertex(vertex));
    for (const vertex of vertices) this.#planFeedback(vertex);
    const { name, bufferTimeoutMs, restartStrategy } = this.#spec;
    return {
      name,
      bufferTimeoutMs,
      restartStrategy,
      nodes: [...this.#nodes.values()],
      edges: this.#edges.sort((a, b) => a.index - b.index),
      bundles: [...this.#bundles].sort(),
    };
  }

  #planVertex(vertex: PlacedVertex): StreamNode {
    const { spec } = vertex;
    const field = `vertices[${vertex.index}]`;
    const operator = this.#find(spec.operator, `${field}.operator`);
    checkKind(spec, operator, field);
    const connector = planConnector(spec, operator, field);
    const { parallelism, maxParallelism } = this.#parallelism(vertex, field);
    checkWindowAll(spec, operator, parallelism, field);
    const { incoming } = iterationEdges(vertex);
    const edges = incoming.map((edge) => this.#planEdge(edge, parallelism));
    const inputs = planIterationInputs(operator, parallelism, field, (described) =>
      planInputs(described, edges, field),
    );
    const producers = edges.map(({ from, partitioner }) => {
      const { kind, chaining } = this.#nodes.get(from)!;
      return { kind, chaining, partitioner };
    });
    checkEventTime(spec, operator, producers, field);
    checkAlignment(spec, operator, producers, field);
    const parameters = planParameters(spec, operator, this.#spec.autoWatermarkIntervalMs);
    const outputs = planOutputs({
      operator: { ...operator, parameters },
      vertex: spec,
      inputs,
      keys: inputs[0]?.keys ?? [],
      used: new Set(vertex.outgoing.map((edge) => edge.spec.output)),
      field,
    });
    this.#edges.push(...edges);
    return {
      id: spec.id,
      uid: spec.uid ?? spec.id,
      name: spec.name ?? operator.name,
      kind: spec.kind,
      bundle: operator.bundle,
      operator: operator.name,
      description: operator.description,
      parameters,
      connector,
      parallelism,
      maxParallelism,
      slotSharingGroup: spec.slotSharingGroup ?? this.#inheritedGroup(edges),
      chaining: spec.chaining,
      onRowError: spec.onRowError,
      stateBudgetBytes: spec.stateBudgetBytes ?? this.#spec.stateBudgetBytes,
      inputs,
      outputs,
    };
  }

  /** The edges that lead back: what they come from is planned by now. */
  #planFeedback(vertex: PlacedVertex): void {
    const { feedback } = iterationEdges(vertex);
    const head = this.#nodes.get(vertex.spec.id)!;
    const edges = feedback.map((edge) => this.#planEdge(edge, head.parallelism));
    checkFeedback(head, edges, this.#edges, this.#nodes);
    this.#edges.push(...edges);
  }

  #find(reference: Parameters<typeof findOperator>[0], field: string): FoundOperator {
    const found = findOperator(reference, this.#manifestOf, field);
    if (found.builtin === undefined) this.#bundles.add(found.bundle);
    return found;
  }

  #planEdge(edge: PlacedVertex["incoming"][number], parallelism: number): StreamEdge {
    const field = `edges[${edge.index}].partitionerOperator`;
    const reference = edge.spec.partitionerOperator;
    return planEdge(edge, {
      producer: this.#nodes.get(edge.spec.from)!,
      consumerParallelism: parallelism,
      partitioner: reference === undefined ? undefined : this.#find(reference, field),
    });
  }

  #parallelism(
    vertex: PlacedVertex,
    field: string,
  ): { readonly parallelism: number; readonly maxParallelism: number } {
    const parallelism = vertex.spec.parallelism ?? this.#spec.parallelism;
    const given = vertex.spec.maxParallelism ?? this.#spec.maxParallelism;
    const maxParallelism = given ?? defaultMaxParallelism(parallelism);
    if (parallelism <= maxParallelism) return { parallelism, maxParallelism };
    const message = `Cannot plan ${vertex.spec.id}: parallelism ${parallelism} is above maxParallelism ${maxParallelism}`;
    const own = vertex.spec.parallelism !== undefined;
    throw new MillraceError("JOB_PARALLELISM_ABOVE_MAX", message, {
      field: own ? `${field}.parallelism` : "parallelism",
      value: parallelism,
      expected: `at most ${maxParallelism}`,
    });
  }

  /** Flink: the group of the inputs if they agree, else "default" (StreamGraphGenerator). */
  #inheritedGroup(edges: readonly StreamEdge[]): string {
    const groups = new Set(edges.map((edge) => this.#nodes.get(edge.from)!.slotSharingGroup));
    const [only] = groups;
    return groups.size === 1 && only !== undefined ? only : "default";
  }
}
