/** `GET /v1/overview`: the cluster in eight numbers. */
import packageJson from "../../../package.json" with { type: "json" };
import type { App, AppContext } from "../app-context.ts";
import { isTerminal } from "../core/inputs-and-actions.ts";
import { overviewSchema } from "../rest-schemas.ts";
import { answer, roleRoute } from "./route.ts";

export function addOverviewRoutes(app: App, { dispatcher }: AppContext): void {
  const route = roleRoute("read-only", [], {
    method: "get",
    path: "/v1/overview",
    summary: "Workers, slots and jobs, counted",
    responses: { 200: answer("The cluster", overviewSchema) },
  });
  app.openapi(route, (c) => {
    const { slots, jobs } = dispatcher.core;
    const statuses = [...jobs].map((job) => job.status);
    const count = (status: string) => statuses.filter((one) => one === status).length;
    const overview = {
      taskmanagers: slots.workerCount,
      "slots-total": slots.totalSlots,
      "slots-available": slots.freeSlots,
      "jobs-running": statuses.filter((status) => !isTerminal(status)).length,
      "jobs-finished": count("FINISHED"),
      "jobs-cancelled": count("CANCELED"),
      "jobs-failed": count("FAILED"),
      "millrace-version": packageJson.version,
    };
    return c.json(overview, 200);
  });
}
