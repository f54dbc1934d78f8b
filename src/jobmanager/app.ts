/**
 * The REST API: a Hono app over a running JobManager's parts; `app.request()` tests it without a
 * port. Order of the checks: Host, Origin, token, role, size, content.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import packageJson from "../../package.json" with { type: "json" };
import { jobSpecSchema } from "../plan/job-spec.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { App, AppContext, AppEnv } from "./app-context.ts";
import { errorAnswer } from "./rest-errors.ts";
import { addBundleRoutes } from "./routes/bundles.ts";
import { addConfigRoutes } from "./routes/config.ts";
import { addEventRoutes } from "./routes/events.ts";
import { addJobRoutes } from "./routes/jobs.ts";
import { addLogRoutes } from "./routes/logs.ts";
import { addOverviewRoutes } from "./routes/overview.ts";
import { answer, roleRoute } from "./routes/route.ts";
import { addTaskManagerRoutes } from "./routes/taskmanagers.ts";
import { roleOf, TOKEN_EXPECTED } from "./security.ts";

/** Makes the app. */
export function createApp(context: AppContext): App {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  guard(app, context);
  addOverviewRoutes(app, context);
  addConfigRoutes(app, context);
  addTaskManagerRoutes(app, context);
  addBundleRoutes(app, context);
  addJobRoutes(app, context);
  addEventRoutes(app, context);
  addLogRoutes(app, context);
  addOpenApi(app);
  app.notFound((c) => {
    throw new MillraceError("ROUTE_NOT_FOUND", "Cannot answer: there is no such route", {
      field: "path",
      value: `${c.req.method} ${c.req.path}`,
      expected: "a route of GET /v1/openapi.json",
    });
  });
  app.onError((thrown, c) => {
    const { status, body } = errorAnswer(thrown);
    if (status >= 500) context.log.log("error", `${c.req.method} ${c.req.path}: ${thrown.stack}`);
    return c.json(body, status);
  });
  return app;
}

/** Nobody gets past without a Host, an Origin and a token that are allowed. */
function guard(app: App, { ingress, tokens }: AppContext): void {
  app.use("*", async (c, next) => {
    ingress.check(c.req.header("host"), c.req.header("origin"));
    const role = roleOf(tokens, c.req.header("authorization"));
    if (role === undefined) {
      c.header("www-authenticate", 'Bearer realm="millrace"');
      throw new MillraceError("UNAUTHORIZED", "Cannot answer: no valid token", {
        field: "Authorization",
        expected: TOKEN_EXPECTED,
      });
    }
    c.set("role", role);
    await next();
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
  });
}

function refuseInvalid(result: { success: boolean; error?: z.ZodError; target?: string }): void {
  if (result.success) return;
  const issue = result.error?.issues[0];
  throw new MillraceError("REQUEST_INVALID", `Cannot read request: ${issue?.message}`, {
    field: [result.target, ...(issue?.path ?? [])].join("."),
    expected: issue?.message ?? "",
  });
}

function addOpenApi(app: App): void {
  for (const role of ["client", "worker", "read-only"] as const) {
    app.openAPIRegistry.registerComponent("securitySchemes", role, {
      type: "http",
      scheme: "bearer",
      description: `The ${role} token`,
    });
  }
  app.openAPIRegistry.registerComponent("schemas", "JobSpec", jobSpecJsonSchema());
  const route = roleRoute("read-only", [], {
    method: "get",
    path: "/v1/openapi.json",
    summary: "This document",
    responses: { 200: answer("OpenAPI 3.1", z.looseObject({})) },
  });
  app.openapi(route, (c) => c.json(openApiDocument(app), 200));
}

/** The OpenAPI document of all routes. */
export function openApiDocument(app: App): Record<string, unknown> {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Millrace JobManager",
      version: packageJson.version,
      description: "Every route takes a bearer token; its security names the role.",
      license: { name: packageJson.license },
    },
  });
  return document as unknown as Record<string, unknown>;
}

/** The job spec's JSON schema; its own references point into the component it becomes. */
function jobSpecJsonSchema(): Record<string, unknown> {
  const text = JSON.stringify(z.toJSONSchema(jobSpecSchema, { io: "input" }));
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/JobSpec/$defs/'));
}
