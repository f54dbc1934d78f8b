/** Streams: events of a job and of the cluster (SSE), rows of collect sinks (NDJSON). */
import type { Context } from "hono";
import { type SSEStreamingApi, stream, streamSSE } from "hono/streaming";
import { EVENT_KEEPALIVE_MS } from "../../protocol/limits.ts";
import type { App, AppContext, AppEnv } from "../app-context.ts";
import type { BoundedStream } from "../bounded-stream.ts";
import { type ClusterEvent, isTerminal } from "../core/inputs-and-actions.ts";
import type { JobMaster } from "../core/job-master.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { findJob } from "./jobs.ts";
import { jobParams, roleRoute } from "./route.ts";

const SSE_CONTENT = { "text/event-stream": { schema: { type: "string" as const } } };

export function addEventRoutes(app: App, { dispatcher }: AppContext): void {
  addClusterEvents(app, dispatcher);
  addJobEvents(app, dispatcher);
  addRows(app, dispatcher);
}

/** Sends what the stream brings until either side ends it; a comment now and then keeps it open. */
export async function sendAll<T>(
  sse: SSEStreamingApi,
  source: BoundedStream<T>,
  send: (item: T) => Promise<"more" | "last">,
): Promise<void> {
  sse.onAbort(() => source.close());
  try {
    for (;;) {
      const next = await source.next(EVENT_KEEPALIVE_MS);
      if (sse.aborted) return;
      if (next === undefined) break;
      if (next === "silent") await sse.write(": keep-alive\n\n");
      else if ((await send(next.item)) === "last") return;
    }
    if (!source.overflowed) return;
    const error = {
      code: "EVENTS_LOST",
      message: "Cannot keep up: the stream is cut, open it again",
    };
    await sse.writeSSE({ event: "error", data: JSON.stringify({ errors: [error] }) });
  } finally {
    source.close();
  }
}

function addClusterEvents(app: App, dispatcher: Dispatcher): void {
  const route = roleRoute("read-only", [429], {
    method: "get",
    path: "/v1/events",
    summary: "Events of the cluster as they happen: jobs, tasks, workers",
    responses: { 200: { description: "Server-sent events", content: SSE_CONTENT } },
  });
  app.openapi(route, (c) => {
    const events = dispatcher.events.subscribe(() => true);
    return streamSSE(c as Context<AppEnv>, (sse) =>
      sendAll(sse, events, async (event) => {
        await sse.writeSSE(eventMessage(event, dispatcher));
        return "more";
      }),
    );
  });
}

function addJobEvents(app: App, dispatcher: Dispatcher): void {
  const route = roleRoute("read-only", [404, 429], {
    method: "get",
    path: "/v1/jobs/{jobid}/events",
    summary: "Events of a job: its status now, then every change up to its end",
    request: { params: jobParams },
    responses: { 200: { description: "Server-sent events", content: SSE_CONTENT } },
  });
  app.openapi(route, (c) => {
    const job = findJob(dispatcher, c.req.valid("param").jobid);
    // Subscribed before the present status is sent: no change falls in between.
    const events = dispatcher.events.subscribe((event) => "job" in event && event.job === job.id);
    const now = statusEvent(job);
    return streamSSE(c as Context<AppEnv>, async (sse) => {
      await sse.writeSSE(eventMessage(now, dispatcher));
      if (isTerminal(now.status)) {
        events.close();
        return;
      }
      await sendAll(sse, events, async (event) => {
        await sse.writeSSE(eventMessage(event, dispatcher));
        const ended = event.type === "job_status" && isTerminal(event.status);
        return ended ? "last" : "more";
      });
    });
  });
}

function statusEvent(job: JobMaster): Extract<ClusterEvent, { type: "job_status" }> {
  return {
    type: "job_status",
    atMs: job.statusAtMs.get(job.status) ?? 0,
    job: job.id,
    name: job.planned.name,
    attempt: job.attempt,
    status: job.status,
    error: job.failure,
  };
}

function eventMessage({ type, atMs, ...rest }: ClusterEvent, dispatcher: Dispatcher) {
  const data = { type, timestamp: dispatcher.wallMs(atMs), ...rest };
  return { event: type, data: JSON.stringify(data) };
}

function addRows(app: App, dispatcher: Dispatcher): void {
  const route = roleRoute("client", [404, 409], {
    method: "get",
    path: "/v1/jobs/{jobid}/rows",
    summary: "Rows of the job's collect sinks up to its end, as fast as they are read",
    description: [
      'One JSON object a line: {"type":"rows","attempt","vertex","subtask","sink","lines"} (sink:',
      'uid; lines: JSON lines), {"type":"restart","attempt"} (what came before is void), {"type":"end","status"}.',
    ].join(" "),
    request: { params: jobParams },
    responses: {
      200: {
        description: "JSON lines",
        content: { "application/x-ndjson": { schema: { type: "string" as const } } },
      },
    },
  });
  app.openapi(route, (c) => {
    const reader = dispatcher.readRows(findJob(dispatcher, c.req.valid("param").jobid).id);
    c.header("content-type", "application/x-ndjson");
    const response = stream(c as Context<AppEnv>, async (output) => {
      output.onAbort(() => reader.close());
      try {
        for (;;) {
          const item = await reader.next();
          if (item === undefined) return;
          await output.write(`${JSON.stringify(item)}\n`);
          if (item.type === "end" || output.aborted) return;
        }
      } finally {
        reader.close();
      }
    });
    // zod-openapi takes any media type that ends in "json" for one JSON value.
    return response as never;
  });
}
