/** The requests of an asynchronous function in a test: listed, and answered by hand. */
import { MillraceError } from "../protocol/errors.ts";
import {
  type HttpAnswer,
  type HttpHeaders,
  type HttpMethod,
  readRequest,
  writeAnswer,
} from "../protocol/http-request.ts";

/** A request that has not been answered. */
export interface PendingRequest {
  /** Its number, from 1; a retry has one of its own. */
  readonly id: number;
  /** Name of the endpoint; empty: the first that the class declares. */
  readonly endpoint: string;
  /** `GET`, `POST`, ... */
  readonly method: HttpMethod;
  /** Path and query below the endpoint's base URL. */
  readonly path: string;
  /** Names and values, in their order. */
  readonly headers: HttpHeaders;
  /** Its body as text. */
  readonly body: string;
}

/** What a test answers. */
export interface TestResponse {
  /** Default 200. */
  readonly status?: number;
  /** By name. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, bytes, or an object that is sent as JSON. Default: empty. */
  readonly body?: string | Uint8Array | object;
}

/**
 * What an AsyncFunction has asked in a harness. Time stands still meanwhile: `setProcessingTime` makes
 * time-outs and retries happen.
 *
 *     harness.requests.pending; // [{ id: 1, method: "GET", path: "/rates/USD", ... }]
 *     harness.requests.complete(1, { body: { rate: 1.08 } });
 *     harness.requests.fail(2, "no answer", "HTTP_TIMEOUT");
 */
export class AsyncRequests {
  readonly #open = new Map<number, PendingRequest>();
  readonly #answer: (id: bigint, answer: Uint8Array) => void;

  /** @internal Made by OperatorTestHarness. */
  constructor(answer: (id: bigint, answer: Uint8Array) => void) {
    this.#answer = answer;
  }

  /** Requests without an answer, in the order in which they were made. */
  get pending(): readonly PendingRequest[] {
    return [...this.#open.values()];
  }

  /**
   * The response has come; the function may have given the row up by then.
   * @throws MillraceError HARNESS_REQUEST_UNKNOWN, and what the operator throws
   */
  complete(id: number, response: TestResponse = {}): void {
    const { status = 200, headers = {}, body = "" } = response;
    const lower = Object.entries(headers).map(([name, v]) => [name.toLowerCase(), v] as const);
    this.#send(id, { type: "response", status, headers: lower, body: bytesOf(body) });
  }

  /**
   * There is no response: the connection broke, or `HTTP_TIMEOUT`, `HTTP_RESPONSE_TOO_LARGE`, ...
   * @throws MillraceError HARNESS_REQUEST_UNKNOWN, and what the operator throws
   */
  fail(id: number, message = "connection refused", code = "HTTP_CONNECTION"): void {
    this.#send(id, { type: "failure", code, message });
  }

  /** @internal A request was made. */
  __made(id: bigint, bytes: Uint8Array): void {
    const { body, ...request } = readRequest(bytes);
    const text = new TextDecoder().decode(body);
    this.#open.set(Number(id), { ...request, id: Number(id), body: text });
  }

  /** @internal The instance that made them is gone: its successor asks again. */
  __forget(): void {
    this.#open.clear();
  }

  #send(id: number, answer: HttpAnswer): void {
    if (!this.#open.delete(id)) {
      const message = `Cannot answer request ${id}: it is not open`;
      const open = [...this.#open.keys()].join(", ");
      throw new MillraceError("HARNESS_REQUEST_UNKNOWN", message, {
        field: "id",
        value: id,
        expected: open === "" ? "an open request; there is none" : `one of ${open}`,
      });
    }
    this.#answer(BigInt(id), writeAnswer(answer));
  }
}

function bytesOf(body: NonNullable<TestResponse["body"]>): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
}
