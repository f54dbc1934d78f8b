/** Streams that end nowhere: a sink was forgotten, most likely. */
import type { JobSpecInput } from "../plan/job-spec.ts";
import { dim } from "./terminal.ts";

/** Undefined: every stream ends in a sink. */
export function openEndNote({ vertices, edges = [] }: JobSpecInput): string | undefined {
  const read = new Set(edges.map((edge) => edge.from));
  const open = vertices.filter(({ id, kind }) => kind !== "sink" && !read.has(id));
  if (open.length === 0) return undefined;
  const names = open.map(({ id, name }) => name ?? id).join(", ");
  return dim(`Nobody takes the rows of ${names}: end the stream in collect() or another sink`);
}
