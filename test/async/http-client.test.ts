import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type NamedEndpoint, parseHttpEndpoints } from "../../src/protocol/http-endpoint.ts";
import { HTTP_METHODS, type HttpAnswer, REQUEST_VERSION } from "../../src/protocol/http-request.ts";
import { HttpClient } from "../../src/taskmanager/http-client.ts";
import { type RateServer, startRateServer } from "./rate-server.ts";

let server: RateServer;
beforeAll(async () => {
  server = await startRateServer();
});
afterAll(() => server.close());

const endpoint = (more: object = {}): NamedEndpoint => ({
  ...parseHttpEndpoints({ one: { url: `${server.url}/v1`, ...more } }).get("one")!,
  name: "one",
});

/** What a module would write. */
function descriptor(method: (typeof HTTP_METHODS)[number], path: string, body = ""): Uint8Array {
  const words = (...numbers: number[]) => new Uint8Array(new Uint32Array(numbers).buffer);
  const texts = ["", path, body].map((text) => new TextEncoder().encode(text));
  const strings = texts.flatMap((text) => [words(text.byteLength), text]);
  const parts = [words(REQUEST_VERSION, HTTP_METHODS.indexOf(method), 0), ...strings];
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const open = new AbortController().signal;
const get = (path: string, more: object = {}, signal = open): Promise<HttpAnswer> =>
  new HttpClient().send(descriptor("GET", path), [endpoint(more)], signal);
const textOf = (answer: HttpAnswer) =>
  answer.type === "response" ? new TextDecoder().decode(answer.body) : answer.code;

describe("the HTTP client of a slot", () => {
  test("gives status, headers and body, also of an error and of a redirect", async () => {
    expect(await get("/nothing")).toMatchObject({ type: "response", status: 404 });
    const moved = await get("/moved");
    expect(moved).toMatchObject({ status: 302 });
    expect(textOf(moved)).toBe("moved");
    expect(moved.type === "response" && Object.fromEntries(moved.headers).location).toContain(
      "elsewhere",
    );
    expect(server.asked).toEqual(["GET /v1/nothing", "GET /v1/moved"]);
  });

  test("sends a body, and the headers that the grant sets", async () => {
    const granted = endpoint({ headers: { authorization: "Bearer key" } });
    const sent = new HttpClient().send(descriptor("POST", "/echo", "hello"), [granted], open);
    expect(textOf(await sent)).toBe("hello");
    expect(server.headers.at(-1)).toMatchObject({
      authorization: "Bearer key",
      "user-agent": "millrace",
    });
  });

  test("stops reading what is larger than granted", async () => {
    expect(textOf(await get("/large", { maxResponseBytes: 5_000 }))).toHaveLength(5_000);
    for (const path of ["/large", "/endless"]) {
      const answer = await get(path, { maxResponseBytes: 4_999 });
      expect(answer).toMatchObject({ type: "failure", code: "HTTP_RESPONSE_TOO_LARGE" });
    }
  });

  test("says what happened when there is no response, or half of one", async () => {
    expect(textOf(await get("/broken"))).toBe("HTTP_CONNECTION");
    expect(textOf(await get("/cut"))).toBe("HTTP_CONNECTION");
    expect(textOf(await get("/hold/1", { timeoutMs: 20 }))).toBe("HTTP_TIMEOUT");
    expect(textOf(await get("/../x"))).toBe("HTTP_REQUEST_REFUSED");
    const refused = await get("/", { url: "http://127.0.0.1:1" });
    expect(refused).toMatchObject({ code: "HTTP_CONNECTION", message: /bad port|ECONNREFUSED/ });
    expect(textOf(await new HttpClient().send(new Uint8Array(5), [], open))).toBe(
      "HTTP_REQUEST_REFUSED",
    );
    server.release();
  });

  test("has no more requests open than granted, and ends them when nobody waits", async () => {
    const client = new HttpClient();
    const granted = [endpoint({ maxConcurrentRequests: 2 })];
    const aborts = new AbortController();
    // A request that another test has given up may arrive only now.
    const asked = () => server.asked.filter((line) => /\/hold\/[a-d]$/.test(line)).sort();
    const answers = ["a", "b", "c", "d"].map((id) =>
      client.send(descriptor("GET", `/hold/${id}`), granted, aborts.signal),
    );
    await server.until(() => asked().length >= 2);
    expect(asked()).toEqual(["GET /v1/hold/a", "GET /v1/hold/b"]);
    server.release();
    await server.until(() => asked().length === 4);
    aborts.abort();
    expect((await Promise.all(answers)).map(({ type }) => type)).toEqual([
      "response",
      "response",
      "failure",
      "failure",
    ]);
    server.release();
  });
});
