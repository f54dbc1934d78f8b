/** The endpoints that a job's asynchronous functions declare, against those that the cluster grants. */
import type { JobSpecInput } from "../plan/job-spec.ts";
import type { StreamGraph } from "../plan/stream-graph.ts";
import type { TaskDescriptor } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { HttpEndpoint, NamedEndpoint } from "../protocol/http-endpoint.ts";

/** Endpoints by name. */
export type HttpGrants = ReadonlyMap<string, HttpEndpoint>;

/** What each operator of a job that declares endpoints gets, by its uid. */
export type GrantedEndpoints = ReadonlyMap<string, readonly NamedEndpoint[]>;

/**
 * @param spec the job as it was submitted, for the field of an error
 * @throws MillraceError HTTP_ENDPOINT_NOT_GRANTED
 */
export function grantedEndpoints(
  spec: Pick<JobSpecInput, "vertices">,
  graph: StreamGraph,
  grants: HttpGrants,
): GrantedEndpoints {
  const granted = new Map<string, readonly NamedEndpoint[]>();
  for (const { uid, id, operator, description } of graph.nodes) {
    const { http = [] } = description;
    const endpoints = http.map((name): NamedEndpoint => {
      const endpoint = grants.get(name);
      if (endpoint !== undefined) return { ...endpoint, name };
      const place = spec.vertices.findIndex((vertex) => vertex.id === id);
      const message = `Cannot run ${id}: ${operator} asks for HTTP endpoint ${name}, which this cluster does not grant`;
      throw new MillraceError("HTTP_ENDPOINT_NOT_GRANTED", message, {
        field: `vertices[${place}].operator`,
        value: name,
        expected: expectedGrant(name, grants),
      });
    });
    if (endpoints.length > 0) granted.set(uid, endpoints);
  }
  return granted;
}

function expectedGrant(name: string, grants: HttpGrants): string {
  const known = [...grants.keys()].join(", ");
  const has = known === "" ? "none is granted" : `granted are ${known}`;
  return `an endpoint that the JobManager grants by --http-endpoint ${name}=URL; ${has}`;
}

/** Tasks whose operators carry the endpoints they may reach. */
export function withEndpoints(
  workers: ReadonlyMap<string, readonly TaskDescriptor[]>,
  granted: GrantedEndpoints,
): ReadonlyMap<string, readonly TaskDescriptor[]> {
  if (granted.size === 0) return workers;
  const chains = new Map<TaskDescriptor["chain"], TaskDescriptor["chain"]>();
  const chainOf = (chain: TaskDescriptor["chain"]) => {
    // Subtasks of a vertex share their chain, and go on doing so.
    const known = chains.get(chain);
    if (known !== undefined) return known;
    const made = chain.map((operator) => {
      const http = granted.get(operator.uid);
      return http === undefined ? operator : { ...operator, http: [...http] };
    });
    chains.set(chain, made);
    return made;
  };
  return new Map(
    [...workers].map(([worker, tasks]) => [
      worker,
      tasks.map((task) => ({ ...task, chain: chainOf(task.chain) })),
    ]),
  );
}
