/** JSON bodies of REST calls: bounded, and refused with what is wrong. */
import { MillraceError } from "../protocol/errors.ts";
import { HTTP_BODY_MAX_BYTES, JSON_MAX_DEPTH } from "../protocol/limits.ts";

const [QUOTE, BACKSLASH, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] =
  Buffer.from('"\\[]{}');

/** The body of a submission, as OpenAPI has it. */
export const jobSpecBody = {
  required: true,
  description: "A job spec (docs/job-spec.md)",
  content: { "application/json": { schema: { $ref: "#/components/schemas/JobSpec" } } },
};

/**
 * Reads a JSON body; a curl without a content type is fine.
 * @throws MillraceError BODY_TOO_LARGE, JSON_TOO_DEEP, JSON_INVALID
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
  const body = Buffer.concat(chunks);
  checkDepth(body);
  const text = body.toString("utf8");
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

/**
 * JSON.parse takes any depth, but what checks, shows and sends its result works by recursion. One
 * pass over the bytes: a pattern would take quadratic time over a string that never ends.
 */
function checkDepth(body: Uint8Array): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === QUOTE) inString = !inString;
    else if (inString) i += byte === BACKSLASH ? 1 : 0;
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth++;
    else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--;
    if (depth <= JSON_MAX_DEPTH) continue;
    throw new MillraceError("JSON_TOO_DEEP", "Cannot read body: its JSON is nested too deep", {
      field: "body",
      expected: `at most ${JSON_MAX_DEPTH} levels`,
    });
  }
}
