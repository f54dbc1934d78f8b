/**
 * From a module's description of a request to what is sent: below the granted base URL and nowhere else,
 * with nothing in it that a server or proxy could read in two ways.
 */
import { MillraceError } from "../../protocol/errors.ts";
import type { NamedEndpoint } from "../../protocol/http-endpoint.ts";
import type { HttpHeaders, HttpRequestDescriptor } from "../../protocol/http-request.ts";
import {
  HTTP_HEADERS_MAX,
  HTTP_HEADERS_MAX_BYTES,
  HTTP_TARGET_MAX_BYTES,
} from "../../protocol/limits.ts";

/** A request that may be sent. */
export interface HttpTarget {
  readonly endpoint: NamedEndpoint;
  readonly url: string;
  readonly headers: HttpHeaders;
}

/** Headers of the connection, or of one hop: what they say is the host's to say. */
const HOP_HEADERS = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** No CR, LF or NUL: nothing that ends a header. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;
/** Printable ASCII, but `#` and `\`. */
const TARGET = /^[\x21\x22\x24-\x5b\x5d-\x7e]*$/;
/** Times that a server may take percent-encoding off. */
const DECODINGS = 3;

/**
 * @param endpoints those that the operator declares, as granted; the first is its default
 * @throws MillraceError HTTP_REQUEST_REFUSED with what is wrong
 */
export function httpTarget(
  request: HttpRequestDescriptor,
  endpoints: readonly NamedEndpoint[],
): HttpTarget {
  const endpoint = endpointOf(request.endpoint, endpoints);
  if (!endpoint.methods.includes(request.method)) {
    throw refused(`method ${request.method}`, endpoint.methods.join(", "));
  }
  const size = request.body.byteLength;
  if (size > endpoint.maxRequestBytes) {
    throw refused(`a body of ${size} bytes`, `at most ${endpoint.maxRequestBytes}`);
  }
  if (size > 0 && (request.method === "GET" || request.method === "HEAD")) {
    throw refused(`${request.method} with a body`, "POST, PUT or PATCH");
  }
  return { endpoint, url: urlOf(endpoint, request.path), headers: headersOf(endpoint, request) };
}

function endpointOf(name: string, endpoints: readonly NamedEndpoint[]): NamedEndpoint {
  const found = name === "" ? endpoints[0] : endpoints.find((other) => other.name === name);
  if (found !== undefined) return found;
  const declared = endpoints.map((other) => other.name).join(", ");
  throw refused(`endpoint ${JSON.stringify(name)}`, `one that the class declares: ${declared}`);
}

function urlOf(endpoint: NamedEndpoint, path: string): string {
  if (path.length > HTTP_TARGET_MAX_BYTES) {
    throw refused(`a path of ${path.length} bytes`, `at most ${HTTP_TARGET_MAX_BYTES}`);
  }
  if (!TARGET.test(path) || (path !== "" && !/^[/?]/.test(path))) {
    throw refused(`path ${JSON.stringify(path)}`, "`/...`, percent-encoded");
  }
  const [raw = ""] = path.split("?", 1);
  if (climbs(raw)) throw refused(`path ${raw}`, "no `.` or `..` segments");
  const base = new URL(endpoint.url);
  const prefix = base.pathname.replace(/\/$/, "");
  const url = new URL(`${base.origin}${prefix}${path}`);
  // The parser has normalized: were anything of it different, a server could take it differently.
  const expected = `${prefix}${raw}` || "/";
  const same = url.origin === base.origin && url.username === "" && url.password === "";
  if (same && url.pathname === expected) return url.href;
  throw refused(`path ${raw}`, "percent-encoded segments below the endpoint's base URL");
}

/** Whether a segment is `.` or `..`, also behind percent-encoding, once or more, with any slashes. */
function climbs(path: string): boolean {
  let text = path;
  for (let i = 0; i <= DECODINGS; i++) {
    if (text.split(/[/\\]/).some((segment) => segment === "." || segment === "..")) return true;
    text = text.replace(/%[0-9A-Fa-f]{2}/g, (code) =>
      String.fromCharCode(Number.parseInt(code.slice(1), 16)),
    );
  }
  return false;
}

function headersOf(endpoint: NamedEndpoint, { headers }: HttpRequestDescriptor): HttpHeaders {
  const own = Object.entries(endpoint.headers);
  const taken = new Set(own.map(([name]) => name.toLowerCase()));
  let bytes = 0;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (!HEADER_NAME.test(name)) throw refused("a header's name", "letters, digits and `-`");
    if (HOP_HEADERS.has(lower)) throw refused(`header ${lower}`, "none of the connection");
    if (taken.has(lower)) throw refused(`header ${lower}`, "none that the endpoint's grant sets");
    if (!HEADER_VALUE.test(value)) throw refused(`value of header ${lower}`, "printable ASCII");
    bytes += name.length + value.length;
  }
  if (headers.length > HTTP_HEADERS_MAX || bytes > HTTP_HEADERS_MAX_BYTES) {
    const expected = `at most ${HTTP_HEADERS_MAX} of ${HTTP_HEADERS_MAX_BYTES} bytes`;
    throw refused(`${headers.length} headers of ${bytes} bytes`, expected);
  }
  return [...headers, ...own];
}

function refused(what: string, expected: string): MillraceError {
  const message = `Cannot send request: ${what} is refused, expected ${expected}`;
  return new MillraceError("HTTP_REQUEST_REFUSED", message, { field: "request", expected });
}
