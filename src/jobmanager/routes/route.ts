/** What every REST route states: its role, its answers, its errors. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { MillraceError } from "../../protocol/errors.ts";
import type { AppEnv } from "../app-context.ts";
import { errorsSchema } from "../rest-schemas.ts";
import { opens, type Role } from "../security.ts";

/** The errors a route may answer with, as OpenAPI has them. */
const ERROR_TEXT: Readonly<Record<number, string>> = {
  400: "What was sent is wrong; the errors name the field",
  401: "No valid token",
  403: "The token's role, the Host or the Origin is not allowed",
  404: "Not there",
  409: "Not in this state",
  413: "Too large",
  422: "The bundle could not be parsed",
  429: "Too many at once",
};

/** A JSON answer. */
export function answer<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { "application/json": { schema } } };
}

/** A route that takes a token of `role`. `errors`: statuses besides 401 and 403. */
export function roleRoute<R extends Omit<RouteConfig, "security"> & { path: string }>(
  role: Role,
  errors: readonly (400 | 404 | 409 | 413 | 422 | 429)[],
  route: R,
) {
  const documented = [401, 403, ...errors].map((status) => [
    status,
    answer(ERROR_TEXT[status] ?? "", errorsSchema),
  ]);
  return createRoute({
    ...route,
    security: [{ [role]: [] }],
    middleware: requires(role),
    responses: { ...route.responses, ...Object.fromEntries(documented) } as R["responses"],
  });
}

/** Opens the route to tokens of that role. */
function requires(role: Role): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!opens(c.var.role, role)) {
      throw new MillraceError("FORBIDDEN", "Cannot answer: the token's role does not allow it", {
        field: "Authorization",
        value: c.var.role,
        expected: `a ${role} token`,
      });
    }
    await next();
  };
}

export const jobParams = z.object({
  jobid: z
    .string()
    .max(100)
    .openapi({ param: { name: "jobid", in: "path" } }),
});

export const hashParams = z.object({
  hash: z
    .string()
    .max(100)
    .openapi({ param: { name: "hash", in: "path" } }),
});
