/** What the REST routes stand on. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { BundleStore } from "./bundle-store.ts";
import type { PlannedJob } from "./core/planned-job.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { LogTail } from "./log-tail.ts";
import type { IngressPolicy, Role, Tokens } from "./security.ts";

/**
 * Validates and plans a job spec.
 * @throws MillraceError with the field that is wrong
 */
export type JobPlanner = (spec: unknown) => PlannedJob;

/** Parts of a JobManager that the routes use. */
export interface AppContext {
  readonly dispatcher: Dispatcher;
  readonly bundles: BundleStore;
  readonly log: LogTail;
  readonly tokens: Tokens;
  readonly ingress: IngressPolicy;
  readonly planJob: JobPlanner;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Largest memory of a module instance, pages of 64 KiB. */
  readonly memoryMaxPages: number;
}

/** Hono's view of a request. */
export interface AppEnv {
  Variables: { role: Role };
}

export type App = OpenAPIHono<AppEnv>;
