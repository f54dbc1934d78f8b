/** `GET /v1/config`: what a client needs to know of this JobManager. */
import packageJson from "../../../package.json" with { type: "json" };
import { BUNDLE_MAX_BYTES } from "../../protocol/limits.ts";
import { ABI_VERSION, PROTOCOL_VERSION } from "../../protocol/versions.ts";
import type { App, AppContext } from "../app-context.ts";
import { configSchema } from "../rest-schemas.ts";
import { answer, roleRoute } from "./route.ts";

/** How often a page may ask again, ms (Flink: web.refresh-interval). */
const REFRESH_INTERVAL_MS = 3_000;

export function addConfigRoutes(app: App, context: AppContext): void {
  const route = roleRoute("read-only", [], {
    method: "get",
    path: "/v1/config",
    summary: "Versions, limits and features",
    responses: { 200: answer("The configuration", configSchema) },
  });
  app.openapi(route, (c) => {
    const config = {
      "refresh-interval": REFRESH_INTERVAL_MS,
      "timezone-name": "Coordinated Universal Time",
      "timezone-offset": 0,
      "millrace-version": packageJson.version,
      "protocol-version": PROTOCOL_VERSION,
      "abi-version": ABI_VERSION,
      "heartbeat-interval": context.heartbeatIntervalMs,
      "heartbeat-timeout": context.heartbeatTimeoutMs,
      "memory-max-pages": context.memoryMaxPages,
      "bundle-max-bytes": BUNDLE_MAX_BYTES,
      features: { "web-submit": true, "web-cancel": true },
    };
    return c.json(config, 200);
  });
}
