/** How errors leave the REST API: always `{ errors: [...] }` with a fitting status. */
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type ErrorBody, MillraceError } from "../protocol/errors.ts";

const STATUS: Readonly<Record<string, ContentfulStatusCode>> = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  HOST_NOT_ALLOWED: 403,
  ORIGIN_NOT_ALLOWED: 403,
  ROUTE_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  VERTEX_NOT_FOUND: 404,
  TASKMANAGER_NOT_FOUND: 404,
  BUNDLE_NOT_FOUND: 404,
  JOB_NOT_CANCELLABLE: 409,
  SLOTS_INSUFFICIENT: 409,
  ROWS_TAKEN: 409,
  BUNDLE_IN_USE: 409,
  BODY_TOO_LARGE: 413,
  BUNDLE_TOO_LARGE: 413,
  TOO_MANY_JOBS: 429,
  TOO_MANY_STREAMS: 429,
  TOO_MANY_UPLOADS: 429,
  TOO_MANY_BUNDLES: 429,
  BUNDLE_PARSE_FAILED: 422,
  BUNDLE_PARSE_TIMEOUT: 422,
  INTERNAL: 500,
};

/** Status and body of a thrown value; only a MillraceError tells anything of itself. */
export function errorAnswer(thrown: unknown): {
  status: ContentfulStatusCode;
  body: { errors: ErrorBody[] };
} {
  if (thrown instanceof MillraceError) {
    return { status: STATUS[thrown.code] ?? 400, body: { errors: [thrown.toBody()] } };
  }
  if (thrown instanceof HTTPException && thrown.status < 500) {
    const error = { code: "REQUEST_INVALID", message: `Cannot read request: ${thrown.message}` };
    return { status: thrown.status as ContentfulStatusCode, body: { errors: [error] } };
  }
  const message = "Cannot answer: a defect of Millrace; its log says more";
  return { status: 500, body: { errors: [{ code: "INTERNAL", message }] } };
}
