/**
 * Sends the requests of a slot's asynchronous functions and reads their answers, within what was granted. It
 * lives in the slot's isolate: a body is copied once, into the module, and ends with the slot. Node's own
 * fetch: no package.
 */
import { errorBodyOf, MillraceError } from "../protocol/errors.ts";
import type { NamedEndpoint } from "../protocol/http-endpoint.ts";
import {
  type HttpAnswer,
  type HttpHeaders,
  type HttpRequestDescriptor,
  readRequest,
} from "../protocol/http-request.ts";
import { HTTP_HEADERS_MAX_BYTES } from "../protocol/limits.ts";
import { type HttpTarget, httpTarget } from "./core/http-target.ts";

/** How many requests are open at an endpoint, and who waits for a place. */
interface Gate {
  open: number;
  readonly waiting: (() => void)[];
}

/** The HTTP side of a slot. */
export class HttpClient {
  readonly #gates = new Map<string, Gate>();

  /**
   * Sends a request and waits for all of its response.
   * @param endpoints those that the operator declares, as granted
   * @param signal ends it: nobody waits any more
   * @returns a response of any status, or why there is none; it never throws
   */
  async send(
    descriptor: Uint8Array,
    endpoints: readonly NamedEndpoint[],
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    try {
      const request = readRequest(descriptor);
      const target = httpTarget(request, endpoints);
      await this.#enter(target.endpoint);
      try {
        signal.throwIfAborted();
        return await exchange(request, target, signal);
      } finally {
        this.#leave(target.endpoint);
      }
    } catch (thrown) {
      return failureOf(thrown);
    }
  }

  async #enter({ name, maxConcurrentRequests }: NamedEndpoint): Promise<void> {
    const gate = this.#gates.get(name) ?? { open: 0, waiting: [] };
    this.#gates.set(name, gate);
    if (gate.open < maxConcurrentRequests) {
      gate.open++;
      return;
    }
    // The place is handed over: `open` stays as it is.
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.waiting.push(resolve);
    await promise;
  }

  #leave({ name }: NamedEndpoint): void {
    const gate = this.#gates.get(name)!;
    const next = gate.waiting.shift();
    if (next === undefined) gate.open--;
    else next();
  }
}

async function exchange(
  request: HttpRequestDescriptor,
  { endpoint, url, headers }: HttpTarget,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(endpoint.timeoutMs);
  try {
    const response = await fetch(url, {
      method: request.method,
      headers: [["user-agent", "millrace"], ...headers] as [string, string][],
      // A redirect may lead anywhere: it is handed to the function as it is.
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout]),
      ...(request.body.byteLength === 0 ? {} : { body: request.body as Uint8Array<ArrayBuffer> }),
    });
    return {
      type: "response",
      status: response.status,
      headers: responseHeaders(response, endpoint),
      body: await readBody(response, endpoint),
    };
  } catch (thrown) {
    if (!timeout.aborted || signal.aborted) throw thrown;
    const message = `no answer of endpoint ${endpoint.name} within ${endpoint.timeoutMs} ms`;
    throw new MillraceError("HTTP_TIMEOUT", message, { cause: thrown });
  }
}

function responseHeaders(response: Response, endpoint: NamedEndpoint): HttpHeaders {
  const headers = [...response.headers];
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes <= HTTP_HEADERS_MAX_BYTES) return headers;
  void response.body?.cancel();
  throw tooLarge(endpoint, `headers of ${bytes} bytes`, HTTP_HEADERS_MAX_BYTES);
}

/** The body, unpacked; stops reading once it is larger than granted. */
async function readBody(response: Response, endpoint: NamedEndpoint): Promise<Uint8Array> {
  const limit = endpoint.maxResponseBytes;
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of response.body ?? []) {
    total += piece.byteLength;
    // Leaving the loop cancels the stream, and with it the connection.
    if (total > limit) throw tooLarge(endpoint, "a body", limit);
    pieces.push(piece);
  }
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const body = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.byteLength;
  }
  return body;
}

function tooLarge(endpoint: NamedEndpoint, what: string, limit: number): MillraceError {
  const message = `endpoint ${endpoint.name} answered ${what} beyond ${limit} bytes`;
  return new MillraceError("HTTP_RESPONSE_TOO_LARGE", message, { expected: `at most ${limit}` });
}

/** Errors of fetch say what happened in their cause: ECONNREFUSED, ENOTFOUND, a broken response. */
function failureOf(thrown: unknown): HttpAnswer {
  if (thrown instanceof MillraceError) {
    const { code, message } = errorBodyOf(thrown);
    return { type: "failure", code, message };
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const message = cause === undefined ? error.message : cause.message || error.message;
  return { type: "failure", code: "HTTP_CONNECTION", message };
}
