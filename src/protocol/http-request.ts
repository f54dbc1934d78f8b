/**
 * Requests that modules make and their answers, as bytes: operators/sdk/assembly/async/ has the other
 * side, docs/operator-abi.md the layout. Little-endian; a string is its length (u32) and its bytes.
 */
import { MillraceError } from "./errors.ts";

/** Version of both layouts. */
export const REQUEST_VERSION = 1;

/** Methods by their number in a descriptor. */
export const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

export type HttpHeaders = readonly (readonly [name: string, value: string])[];

/** A request as a module describes it. */
export interface HttpRequestDescriptor {
  readonly method: HttpMethod;
  /** Name of the endpoint; empty: the first that the operator declares. */
  readonly endpoint: string;
  /** Path and query: what follows the endpoint's base URL. */
  readonly path: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
}

/** What came back: a response, or why there is none. */
export type HttpAnswer =
  | {
      readonly type: "response";
      readonly status: number;
      readonly headers: HttpHeaders;
      readonly body: Uint8Array;
    }
  | { readonly type: "failure"; readonly code: string; readonly message: string };

/** @throws MillraceError HTTP_REQUEST_REFUSED where it is no descriptor of this version */
export function readRequest(bytes: Uint8Array): HttpRequestDescriptor {
  const reader = new StringReader(bytes);
  const version = reader.number();
  const method = HTTP_METHODS[reader.number()];
  const headerCount = reader.number();
  if (version !== REQUEST_VERSION || method === undefined) {
    const message = `Cannot read request: version ${version}`;
    throw new MillraceError("HTTP_REQUEST_REFUSED", message, { expected: `${REQUEST_VERSION}` });
  }
  const endpoint = reader.text();
  const path = reader.text();
  const headers: [string, string][] = [];
  for (let i = 0; i < headerCount; i++) headers.push([reader.text(), reader.text()]);
  return { method, endpoint, path, headers, body: reader.bytes() };
}

/** The bytes that `mr_complete` takes. */
export function writeAnswer(answer: HttpAnswer): Uint8Array<ArrayBuffer> {
  const response = answer.type === "response" ? answer : NO_RESPONSE;
  const failure = answer.type === "failure" ? [answer.code, answer.message] : ["", ""];
  const encoder = new TextEncoder();
  const texts = [...failure, ...response.headers.flat()];
  const parts = [...texts.map((text) => encoder.encode(text)), response.body];
  const total = parts.reduce((sum, part) => sum + 4 + part.byteLength, ANSWER_HEADER_BYTES);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_VERSION, true);
  view.setUint32(4, response.status, true);
  view.setUint32(8, response.headers.length, true);
  let at = ANSWER_HEADER_BYTES;
  for (const part of parts) {
    view.setUint32(at, part.byteLength, true);
    bytes.set(part, at + 4);
    at += 4 + part.byteLength;
  }
  return bytes;
}

const ANSWER_HEADER_BYTES = 12;
const NO_RESPONSE = { status: 0, headers: [] as HttpHeaders, body: new Uint8Array(0) } as const;

class StringReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  bytes(): Uint8Array {
    const length = this.number();
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.byteLength) {
      const message = "Cannot read request: its descriptor is cut off";
      throw new MillraceError("HTTP_REQUEST_REFUSED", message, { value: this.#bytes.byteLength });
    }
    this.#at = at + length;
    return at;
  }
}
