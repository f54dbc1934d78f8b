/** The job spec as a JSON schema, for editors and other languages: schemas/job-spec.json. */
import { z } from "zod";
import { jobSpecSchema } from "./job-spec.ts";

/** JSON schema (draft 2020-12) of what a client writes: fields with a default may be left out. */
export function jobSpecJsonSchema(): unknown {
  const schema = z.toJSONSchema(jobSpecSchema, { io: "input" });
  return { title: "Millrace job spec, version 1", ...schema };
}
