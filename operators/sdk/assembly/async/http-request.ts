/** What an AsyncFunction asks of the outside: an HTTP request, described in bytes that leave the module. */
import { ByteBuffer } from "../state/byte-buffer";
import { Text } from "../text";

/** Version of the descriptor: docs/operator-abi.md, "Requests and answers". */
export const REQUEST_VERSION: u32 = 1;

/** Methods by their number in the descriptor. */
export namespace HttpMethod {
  export const GET: u32 = 0;
  export const HEAD: u32 = 1;
  export const POST: u32 = 2;
  export const PUT: u32 = 3;
  export const PATCH: u32 = 4;
  export const DELETE: u32 = 5;
}

/**
 * A request to an endpoint that the class declares (`@http("rates")`) and the operator of the cluster
 * has granted. The path continues the endpoint's base URL; nothing outside of it can be reached. A new
 * one is handed to each call of asyncInvoke().
 *
 *     asyncInvoke(value: Word, request: HttpRequest, out: ResultFuture<Counted>): void {
 *       request.get("/v1/words").segment(value.word).query("language", Text.from("en"));
 *     }
 */
export class HttpRequest {
  /** @internal Whether a method was called that makes it a request. */
  __described: bool = false;
  private method: u32 = HttpMethod.GET;
  private endpoint: ByteBuffer = new ByteBuffer();
  private path: ByteBuffer = new ByteBuffer();
  private hasQuery: bool = false;
  private headers: ByteBuffer = new ByteBuffer();
  private headerCount: u32 = 0;
  private content: ByteBuffer = new ByteBuffer();

  /** @internal Forgets the request before. */
  __begin(): void {
    this.__described = false;
    this.endpoint.clear();
    this.path.clear();
    this.hasQuery = false;
    this.headers.clear();
    this.headerCount = 0;
    this.content.clear();
  }

  /** A GET of a path, which begins with `/` and may have a query: `get("/rates?base=EUR")`. */
  get(path: string): HttpRequest {
    return this.describe(HttpMethod.GET, path);
  }

  /** A HEAD of a path; see get(). */
  head(path: string): HttpRequest {
    return this.describe(HttpMethod.HEAD, path);
  }

  /** A POST to a path; see get(). The body follows by body(). */
  post(path: string): HttpRequest {
    return this.describe(HttpMethod.POST, path);
  }

  /** A PUT to a path; see get(). */
  put(path: string): HttpRequest {
    return this.describe(HttpMethod.PUT, path);
  }

  /** A PATCH of a path; see get(). */
  patch(path: string): HttpRequest {
    return this.describe(HttpMethod.PATCH, path);
  }

  /** A DELETE of a path; see get(). */
  delete(path: string): HttpRequest {
    return this.describe(HttpMethod.DELETE, path);
  }

  /** Sends it to another of the class's endpoints than the first. */
  to(endpoint: string): HttpRequest {
    this.endpoint.clear();
    appendString(this.endpoint, endpoint);
    return this;
  }

  /** Adds `/` and one segment to the path, percent-encoded; before the first query(). */
  segment(value: Text): HttpRequest {
    assert(!this.hasQuery, "segment() after query()");
    const path = this.path;
    if (path.length == 0 || load<u8>(path.start + <usize>path.length - 1) != 0x2f) path.push(0x2f);
    appendEncoded(path, value.start, value.length);
    return this;
  }

  /** Adds `name=value` to the query; the value is percent-encoded. */
  query(name: string, value: Text): HttpRequest {
    this.path.push(this.hasQuery ? 0x26 : 0x3f);
    this.hasQuery = true;
    appendString(this.path, name);
    this.path.push(0x3d);
    appendEncoded(this.path, value.start, value.length);
    return this;
  }

  /** Adds a header. Those of the connection (`host`, `content-length` and their like) are refused. */
  header(name: string, value: Text): HttpRequest {
    this.headerCount++;
    const start = this.headers.length;
    appendLength(this.headers, 0);
    appendString(this.headers, name);
    const length = this.headers.length - start - 4;
    store<u32>(this.headers.start + <usize>start, length);
    appendLength(this.headers, value.length);
    this.headers.append(value.start, value.length);
    return this;
  }

  /** Its body: text, or bytes that a Text points to. A second one is added to the first. */
  body(value: Text): HttpRequest {
    this.content.append(value.start, value.length);
    return this;
  }

  /** @internal Writes the descriptor. */
  __write(target: ByteBuffer): void {
    target.clear();
    appendLength(target, REQUEST_VERSION);
    appendLength(target, this.method);
    appendLength(target, this.headerCount);
    appendBytes(target, this.endpoint);
    appendBytes(target, this.path);
    target.append(this.headers.start, this.headers.length);
    appendBytes(target, this.content);
  }

  private describe(method: u32, path: string): HttpRequest {
    this.__described = true;
    this.method = method;
    this.path.clear();
    appendString(this.path, path);
    this.hasQuery = path.includes("?");
    return this;
  }
}

function appendLength(target: ByteBuffer, length: u32): void {
  store<u32>(target.room(4), length);
  target.length += 4;
}

function appendBytes(target: ByteBuffer, source: ByteBuffer): void {
  appendLength(target, source.length);
  target.append(source.start, source.length);
}

function appendString(target: ByteBuffer, value: string): void {
  const bytes = String.UTF8.byteLength(value);
  const at = target.room(bytes);
  String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at);
  target.length += bytes;
}

/** Percent-encodes all but RFC 3986's unreserved characters. */
function appendEncoded(target: ByteBuffer, start: usize, length: i32): void {
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(start + <usize>i);
    if (isUnreserved(byte)) {
      target.push(byte);
      continue;
    }
    target.push(0x25);
    target.push(hexDigit(byte >> 4));
    target.push(hexDigit(byte & 15));
  }
}

function isUnreserved(byte: u8): bool {
  if (<u8>((byte | 0x20) - 0x61) < <u8>26 || <u8>(byte - 0x30) < <u8>10) return true;
  return byte == 0x2d || byte == 0x2e || byte == 0x5f || byte == 0x7e;
}

function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x37 + value;
}
