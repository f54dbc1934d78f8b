/** `GET /v1/taskmanagers` and one of them. */
import { z } from "@hono/zod-openapi";
import { MillraceError } from "../../protocol/errors.ts";
import type { App, AppContext } from "../app-context.ts";
import { freeSlotsOf, type WorkerEntry } from "../core/slot-pool.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { taskManagerDetailsSchema, taskManagerSchema } from "../rest-schemas.ts";
import { answer, roleRoute } from "./route.ts";

export function addTaskManagerRoutes(app: App, { dispatcher }: AppContext): void {
  const list = roleRoute("read-only", [], {
    method: "get",
    path: "/v1/taskmanagers",
    summary: "The registered workers",
    responses: {
      200: answer("Workers", z.object({ taskmanagers: z.array(taskManagerSchema) })),
    },
  });
  app.openapi(list, (c) => {
    const workers = [...dispatcher.core.slots.workers];
    return c.json({ taskmanagers: workers.map((worker) => workerView(worker, dispatcher)) }, 200);
  });

  const details = roleRoute("read-only", [404], {
    method: "get",
    path: "/v1/taskmanagers/{taskmanagerid}",
    summary: "One worker and what its slots hold",
    request: {
      params: z.object({
        taskmanagerid: z.string().openapi({ param: { name: "taskmanagerid", in: "path" } }),
      }),
    },
    responses: { 200: answer("The worker", taskManagerDetailsSchema) },
  });
  app.openapi(details, (c) => {
    const { taskmanagerid } = c.req.valid("param");
    const worker = dispatcher.core.slots.worker(taskmanagerid);
    if (worker === undefined) {
      throw new MillraceError("TASKMANAGER_NOT_FOUND", `Cannot find worker ${taskmanagerid}`, {
        field: "taskmanagerid",
        value: taskmanagerid,
        expected: "an id of GET /v1/taskmanagers",
      });
    }
    const allocatedSlots = worker.holders.flatMap((holder, index) =>
      holder === undefined ? [] : [{ index, jobId: holder.job, attempt: holder.attempt }],
    );
    return c.json({ ...workerView(worker, dispatcher), allocatedSlots }, 200);
  });
}

function workerView(worker: WorkerEntry, dispatcher: Dispatcher) {
  const heardAtMs = dispatcher.core.heardAtMs(worker.worker) ?? worker.registeredAtMs;
  return {
    id: worker.worker,
    path: worker.address,
    timeSinceLastHeartbeat: dispatcher.wallMs(heardAtMs),
    slotsNumber: worker.slots,
    freeSlots: freeSlotsOf(worker),
    runtime: worker.runtime,
    labels: { ...worker.labels },
    memoryMaxPages: worker.memoryMaxPages,
    registered: dispatcher.wallMs(worker.registeredAtMs),
  };
}
