import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NamedEndpoint, parseHttpEndpoints } from "../../src/protocol/http-endpoint.ts";
import type { HttpRequestDescriptor } from "../../src/protocol/http-request.ts";
import { httpTarget } from "../../src/taskmanager/core/http-target.ts";

const endpoint = (url: string, more: object = {}): NamedEndpoint => ({
  ...parseHttpEndpoints({ one: { url, ...more } }).get("one")!,
  name: "one",
});
const request = (path: string, more: Partial<HttpRequestDescriptor> = {}) => ({
  method: "GET" as const,
  endpoint: "",
  path,
  headers: [],
  body: new Uint8Array(0),
  ...more,
});
const BASE = endpoint("https://api.example/v1", { headers: { authorization: "Bearer key" } });
const urlOf = (path: string, base = BASE) => httpTarget(request(path), [base]).url;

describe("the target of a request", () => {
  test("is the endpoint's base URL and the path", () => {
    expect(urlOf("/rates/USD?day=1")).toBe("https://api.example/v1/rates/USD?day=1");
    expect(urlOf("")).toBe("https://api.example/v1");
    expect(urlOf("?q=%20")).toBe("https://api.example/v1?q=%20");
    expect(urlOf("/a%2Fb/...", endpoint("http://host:81/"))).toBe("http://host:81/a%2Fb/...");
    expect(urlOf("//other.example/x")).toBe("https://api.example/v1//other.example/x");
  });

  test.each([
    "/../admin",
    "/x/%2e%2E/y",
    "/x/%252e%252e/y",
    "/..%2fadmin",
    "/..%5Cadmin",
    "/./x",
    "/x\\..\\y",
    "@evil.example/",
    ".evil.example/",
    ":99/",
    "https://evil.example/",
    "/x y",
    "/x\r\nHost: evil",
    "/x#y",
    "/ü",
    '/a"b',
    `/${"x".repeat(9_000)}`,
  ])("refuses path %j", (path) => {
    expect(() => urlOf(path)).toThrow(expect.objectContaining({ code: "HTTP_REQUEST_REFUSED" }));
  });

  test("whatever the path, what is not refused lies below the base URL", () => {
    const piece = fc.constantFrom(
      ..."/ .. . %2e %2F \\ %5c @ : ? & # a // %00 %25 é evil.example http: ; = \t".split(" "),
    );
    const path = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
    const property = fc.property(path, (text) => {
      let url: URL;
      try {
        url = new URL(urlOf(text));
      } catch {
        return;
      }
      expect([url.origin, url.username, url.password]).toEqual(["https://api.example", "", ""]);
      expect(url.pathname).toMatch(/^\/v1($|\/)/);
      expect(decodeURIComponent(url.pathname).split(/[/\\]/)).not.toContain("..");
    });
    fc.assert(property, { seed: 6, numRuns: 3_000 });
  });

  test("has the headers of the request and those of the grant, which the request cannot set", () => {
    const headers = [["x-id", "7"]] as const;
    const target = httpTarget(request("/", { headers }), [BASE]);
    expect(target.headers).toEqual([
      ["x-id", "7"],
      ["authorization", "Bearer key"],
    ]);
    for (const [name, value] of [
      ["Authorization", "mine"],
      ["Host", "evil.example"],
      ["content-length", "9"],
      ["x id", "7"],
      ["x-id", "7\r\nx-evil: 1"],
      ["x-id", "é"],
    ] as const) {
      expect(() => httpTarget(request("/", { headers: [[name, value]] }), [BASE])).toThrow(
        /is refused/,
      );
    }
    const many = Array.from({ length: 65 }, (_, i) => [`h${i}`, ""] as const);
    expect(() => httpTarget(request("/", { headers: many }), [BASE])).toThrow(/65 headers/);
  });

  test("keeps to the endpoints, methods and sizes that are granted", () => {
    const bounded = endpoint("http://h", { methods: ["GET", "POST"], maxRequestBytes: 3 });
    const send = (more: Partial<HttpRequestDescriptor>) =>
      httpTarget(request("/", more), [bounded]);
    const body = (bytes: number) => new Uint8Array(bytes);
    expect(send({ method: "POST", body: body(3), endpoint: "one" }).url).toBe("http://h/");
    expect(() => send({ method: "DELETE" })).toThrow(/method DELETE/);
    expect(() => send({ method: "POST", body: body(4) })).toThrow(/a body of 4 bytes/);
    expect(() => send({ body: body(1) })).toThrow(/GET with a body/);
    expect(() => send({ endpoint: "two" })).toThrow(/endpoint "two"/);
    expect(() => httpTarget(request("/"), [])).toThrow(/endpoint ""/);
  });
});

describe("a grant", () => {
  test.each([
    [{ "no name": "http://h" }, "httpEndpoints", "a letter, then"],
    [{ a: "ftp://h" }, "httpEndpoints.a.url", "http:// or https://"],
    [{ a: "h" }, "httpEndpoints.a.url", "http:// or https://"],
    [{ a: "http://me:pw@h" }, "httpEndpoints.a.url", "without user and password"],
    [{ a: "http://h/?q" }, "httpEndpoints.a.url", "without query"],
    [{ a: { url: "http://h", timeoutMs: 0 } }, "httpEndpoints.a.timeoutMs", ">=1"],
    [{ a: { url: "http://h", methods: [] } }, "httpEndpoints.a.methods", ">=1"],
    [{ a: { url: "http://h", headers: { k: "a\nb" } } }, "httpEndpoints.a.headers.k", "ASCII"],
    [{ a: { url: "http://h", maxResponseBytes: 1e9 } }, "httpEndpoints.a.maxResponseBytes", "<="],
    [[], "httpEndpoints", "by name"],
  ])("%j is refused at %s", (grants, field, expected) => {
    expect(() => parseHttpEndpoints(grants)).toThrow(
      expect.objectContaining({
        code: "HTTP_ENDPOINT_INVALID",
        field,
        expected: expect.stringContaining(expected),
      }),
    );
  });

  test("that is wrong does not tell its secrets", () => {
    const grants = { a: { url: "http://h", headers: { k: "secret\n" } } };
    try {
      parseHttpEndpoints(grants);
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify({ ...(error as object), text: String(error) })).not.toContain("secret");
    }
  });
});
