/** `GET /v1/logs`: the last lines of the log, then what comes (SSE). */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { App, AppContext, AppEnv } from "../app-context.ts";
import type { LogLine } from "../log-tail.ts";
import { sendAll } from "./events.ts";
import { roleRoute } from "./route.ts";

export function addLogRoutes(app: App, { log }: AppContext): void {
  const route = roleRoute("read-only", [400, 429], {
    method: "get",
    path: "/v1/logs",
    summary: "The last lines of the log, then what comes",
    request: {
      query: z.object({
        follow: z.enum(["true", "false"]).default("true").describe("false: only the last lines"),
      }),
    },
    responses: {
      200: {
        description: "Server-sent events",
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
    },
  });
  app.openapi(route, (c) => {
    const { follow } = c.req.valid("query");
    const { lines, stream } = log.tail();
    if (follow === "false") stream.close();
    return streamSSE(c as Context<AppEnv>, async (sse) => {
      const write = async (line: LogLine): Promise<"more"> => {
        await sse.writeSSE({ event: "log", data: JSON.stringify(line) });
        return "more";
      };
      sse.onAbort(() => stream.close());
      for (const line of lines) await write(line);
      await sendAll(sse, stream, write);
    });
  });
}
