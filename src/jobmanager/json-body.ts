/** JSON bodies of REST calls: bounded, and refused with what is wrong. */
import { MillraceError } from "../protocol/errors.ts";
import { HTTP_BODY_MAX_BYTES } from "../protocol/limits.ts";

/** The body of a submission, as OpenAPI has it. */
export const jobSpecBody = {
  required: true,
  description: "A job spec (docs/job-spec.md)",
  content: { "application/json": { schema: { $ref: "#/components/schemas/JobSpec" } } },
};

/**
 * Reads a JSON body; a curl without a content type is fine.
 * @throws MillraceError BODY_TOO_LARGE, JSON_INVALID
 */
export async function readJsonBody(request: Request): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > HTTP_BODY_MAX_BYTES) {
      throw new MillraceError("BODY_TOO_LARGE", "Cannot read body: it is too large", {
        field: "body",
        expected: `at most ${HTTP_BODY_MAX_BYTES} bytes`,
      });
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MillraceError("JSON_INVALID", `Cannot read body: ${(cause as Error).message}`, {
      field: "body",
      value: text,
      expected: "JSON",
      cause,
    });
  }
}
