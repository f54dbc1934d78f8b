/** An HTTP server for tests: slow, failing or talkative, as its paths say. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface RateServer {
  readonly url: string;
  /** `METHOD path` of what was asked, in order. */
  readonly asked: string[];
  readonly headers: IncomingMessage["headers"][];
  /** Most requests that were open at once. */
  readonly mostOpen: number;
  /** Requests to `/v1/hold/...` that wait. */
  readonly held: number;
  /** Answers them. */
  release(): void;
  /** Resolves when it holds: looked at with each request. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Starts it on a loopback port. */
export async function startRateServer(): Promise<RateServer> {
  const asked: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const waiting: ServerResponse[] = [];
  const watchers = new Set<() => void>();
  let open = 0;
  let mostOpen = 0;
  let failures = 2;
  const server = createServer((request, response) => {
    const { method, url = "" } = request;
    asked.push(`${method} ${url}`);
    headers.push(request.headers);
    open++;
    mostOpen = Math.max(mostOpen, open);
    response.once("close", () => open--);
    if (url.startsWith("/v1/hold/") || url.startsWith("/v1/rates/SLOW")) {
      waiting.push(response);
    } else if (url.startsWith("/v1/rates/FLAKY") && failures-- > 0) response.writeHead(503).end();
    else if (url.startsWith("/v1/rates/")) response.end('{"rate": 2}');
    else if (url.startsWith("/v1/echo")) request.pipe(response);
    else if (url.startsWith("/v1/large")) response.end("x".repeat(5_000));
    else if (url.startsWith("/v1/endless")) endless(response);
    else if (url.startsWith("/v1/moved")) {
      response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" }).end("moved");
    } else if (url.startsWith("/v1/broken")) response.socket?.destroy();
    else if (url.startsWith("/v1/cut")) {
      response.writeHead(200, { "content-length": "10" });
      response.write("half", () => response.socket?.destroy());
    } else response.writeHead(404).end("no such path");
    for (const watcher of watchers) watcher();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    headers,
    get mostOpen() {
      return mostOpen;
    },
    release: () => {
      for (const response of waiting.splice(0)) response.end('{"rate": 3}');
    },
    get held() {
      return waiting.length;
    },
    until: (holds) => {
      const reached = Promise.withResolvers<void>();
      const watcher = () => holds() && reached.resolve();
      watchers.add(watcher);
      watcher();
      return reached.promise.finally(() => watchers.delete(watcher));
    },
    close: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

/** Writes until nobody listens any more. */
function endless(response: ServerResponse): void {
  const more = (): void => {
    if (!response.destroyed) response.write("x".repeat(10_000), more);
  };
  more();
}
