/** What simulated asynchronous functions ask: a server that is slow, answers in any order, and fails at times. */
import { parseHttpEndpoints } from "../protocol/http-endpoint.ts";
import { type HttpAnswer, readRequest } from "../protocol/http-request.ts";
import type { Random } from "./random.ts";

/** What the simulated cluster grants. */
export const GRANTS = parseHttpEndpoints({ server: "http://server.invalid" });

const SLOWEST_MS = 300;
const FAILS = 0.1;

/** An answer to a request, and when it comes: what follows the last `/` of its path, or a failure. */
export function answerOf(
  descriptor: Uint8Array,
  random: Random,
): { readonly afterMs: number; readonly answer: HttpAnswer } {
  const { path } = readRequest(descriptor);
  const afterMs = random.pick([0, 1, random.int(0, SLOWEST_MS)]);
  if (random.chance(FAILS)) {
    const message = "the simulated server hung up";
    return { afterMs, answer: { type: "failure", code: "HTTP_CONNECTION", message } };
  }
  const status = random.chance(FAILS) ? 503 : 200;
  const body = new TextEncoder().encode(path.slice(path.lastIndexOf("/") + 1));
  return { afterMs, answer: { type: "response", status, headers: [], body } };
}
