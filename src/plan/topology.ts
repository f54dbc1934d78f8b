/** Shape of a job: unique names, edges between vertices that exist, no cycle but those of iterations. */
import { MillraceError } from "../protocol/errors.ts";
import { isFeedbackEdge } from "./iteration.ts";
import type { EdgeSpec, JobSpec, VertexSpec } from "./job-spec.ts";

/** An edge with its place in the job spec. */
export interface PlacedEdge {
  readonly index: number;
  readonly spec: EdgeSpec;
}

/** A vertex with its place in the job spec and its edges in the order of the spec. */
export interface PlacedVertex {
  readonly index: number;
  readonly spec: VertexSpec;
  readonly incoming: readonly PlacedEdge[];
  readonly outgoing: readonly PlacedEdge[];
}

/**
 * Vertices in topological order; of two that are free, the one that stands first in the spec.
 * @throws MillraceError JOB_DUPLICATE_ID, JOB_DUPLICATE_UID, JOB_UNKNOWN_VERTEX, JOB_CYCLE
 */
export function orderVertices(spec: JobSpec): PlacedVertex[] {
  const vertices = placeVertices(spec);
  const waiting = new Map<string, number>();
  const isFeedback = ({ spec: edge }: PlacedEdge) => {
    return isFeedbackEdge(edge, vertices.get(edge.to)!.spec);
  };
  for (const { spec: vertex, incoming } of vertices.values()) {
    waiting.set(vertex.id, incoming.filter((edge) => !isFeedback(edge)).length);
  }
  const order: PlacedVertex[] = [];
  const free = [...vertices.values()].filter(({ spec: vertex }) => waiting.get(vertex.id) === 0);
  for (let next = free.shift(); next !== undefined; next = free.shift()) {
    order.push(next);
    for (const edge of next.outgoing) {
      if (isFeedback(edge)) continue;
      const left = waiting.get(edge.spec.to)! - 1;
      waiting.set(edge.spec.to, left);
      if (left === 0) insertByIndex(free, vertices.get(edge.spec.to)!);
    }
  }
  if (order.length < vertices.size) throw cycleError(vertices, order);
  return order;
}

function insertByIndex(free: PlacedVertex[], vertex: PlacedVertex): void {
  const at = free.findIndex((other) => other.index > vertex.index);
  if (at < 0) free.push(vertex);
  else free.splice(at, 0, vertex);
}

function placeVertices(spec: JobSpec): Map<string, PlacedVertex> {
  const vertices = new Map<
    string,
    PlacedVertex & { incoming: PlacedEdge[]; outgoing: PlacedEdge[] }
  >();
  const uids = new Set<string>();
  for (const [index, vertex] of spec.vertices.entries()) {
    const field = `vertices[${index}]`;
    if (vertices.has(vertex.id)) throw duplicate("ID", `${field}.id`, vertex.id);
    const uid = vertex.uid ?? vertex.id;
    if (uids.has(uid)) throw duplicate("UID", `${field}.uid`, uid);
    uids.add(uid);
    vertices.set(vertex.id, { index, spec: vertex, incoming: [], outgoing: [] });
  }
  for (const [index, edge] of spec.edges.entries()) {
    for (const end of ["from", "to"] as const) {
      if (vertices.has(edge[end])) continue;
      const message = `Cannot read job spec: edge ${index} names vertex ${edge[end]}, which is not there`;
      throw new MillraceError("JOB_UNKNOWN_VERTEX", message, {
        field: `edges[${index}].${end}`,
        value: edge[end],
        expected: "the id of a vertex",
      });
    }
    vertices.get(edge.from)!.outgoing.push({ index, spec: edge });
    vertices.get(edge.to)!.incoming.push({ index, spec: edge });
  }
  return vertices;
}

function duplicate(what: "ID" | "UID", field: string, value: string): MillraceError {
  const name = what.toLowerCase();
  const message = `Cannot read job spec: ${name} ${value} stands twice`;
  const expected = `a ${name} of its own for each vertex (a uid defaults to the id)`;
  return new MillraceError(`JOB_DUPLICATE_${what}`, message, { field, value, expected });
}

/** Walks back from any vertex left over until one comes again: that stretch is a cycle. */
function cycleError(
  vertices: ReadonlyMap<string, PlacedVertex>,
  ordered: readonly PlacedVertex[],
): MillraceError {
  const done = new Set(ordered.map((vertex) => vertex.spec.id));
  const path: string[] = [];
  let at = [...vertices.keys()].find((id) => !done.has(id))!;
  let edge: PlacedEdge | undefined;
  while (!path.includes(at)) {
    path.push(at);
    edge = vertices.get(at)!.incoming.find((incoming) => !done.has(incoming.spec.from))!;
    at = edge.spec.from;
  }
  const cycle = [...path.slice(path.indexOf(at)), at].reverse().join(" -> ");
  return new MillraceError("JOB_CYCLE", `Cannot plan job: ${cycle} is a cycle`, {
    field: `edges[${edge!.index}]`,
    value: cycle,
    expected: "a graph without cycles, but those through input 1 of an iteration_head",
  });
}
