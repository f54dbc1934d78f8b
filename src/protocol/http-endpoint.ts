/**
 * What the operator of a cluster grants to asynchronous functions: named base URLs with limits. A bundle
 * declares the names (`@http("rates")`), a JobManager has the URLs; nothing else can be reached.
 */
import { z } from "zod";
import { MillraceError } from "./errors.ts";
import { HTTP_METHODS } from "./http-request.ts";
import {
  HTTP_BODY_DEFAULT_BYTES,
  HTTP_BODY_LIMIT_BYTES,
  HTTP_CONCURRENT_DEFAULT,
  HTTP_CONCURRENT_LIMIT,
  HTTP_ENDPOINTS_MAX,
  HTTP_TIMEOUT_DEFAULT_MS,
  HTTP_TIMEOUT_LIMIT_MS,
} from "./limits.ts";

/** Name of an endpoint, as a class declares it and a cluster grants it. */
export const endpointNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, "a letter, then letters, digits, _ and - (64 at most)");

const headerNames = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const headerValues = /^[\t\x20-\x7e]*$/;
const bytes = z.int().min(0).max(HTTP_BODY_LIMIT_BYTES).default(HTTP_BODY_DEFAULT_BYTES);

const baseUrl = z.string().superRefine((text, context) => {
  const reason = baseUrlProblem(text);
  if (reason !== undefined) context.addIssue({ code: "custom", message: reason });
});

/** What an asynchronous function may reach, and how much of it. */
export const httpEndpointSchema = z.strictObject({
  /** Base URL: requests stay below its path. */
  url: baseUrl,
  /** Methods that may be used. */
  methods: z
    .array(z.enum(HTTP_METHODS))
    .min(1)
    .default([...HTTP_METHODS]),
  /** Headers of every request, such as an API key: the module neither sees nor overrules them. */
  headers: z
    .record(
      z.string().regex(headerNames, "a header's name"),
      z.string().regex(headerValues, "printable ASCII"),
    )
    .default({}),
  /** Requests that one slot has open at once; further ones wait for their turn. */
  maxConcurrentRequests: z.int().min(1).max(HTTP_CONCURRENT_LIMIT).default(HTTP_CONCURRENT_DEFAULT),
  maxRequestBytes: bytes,
  /** Of a body as the function gets it: unpacked. */
  maxResponseBytes: bytes,
  /** From sending a request to the last byte of its response, ms. */
  timeoutMs: z.int().min(1).max(HTTP_TIMEOUT_LIMIT_MS).default(HTTP_TIMEOUT_DEFAULT_MS),
});
export type HttpEndpoint = z.infer<typeof httpEndpointSchema>;
/** As it is written in a file or an option: a base URL alone, or with limits. */
export type HttpEndpointInput = string | z.input<typeof httpEndpointSchema>;
/** Grants by name. */
export type HttpEndpoints = Readonly<Record<string, HttpEndpointInput>>;

/** An endpoint as a deployment carries it to the operator that declares it. */
export const namedEndpointSchema = httpEndpointSchema.extend({ name: endpointNameSchema });
export type NamedEndpoint = z.infer<typeof namedEndpointSchema>;

function baseUrlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return "an http:// or https:// URL";
  if (url.username !== "" || url.password !== "") {
    return "a URL without user and password: an authorization header says who asks";
  }
  if (url.search !== "" || url.hash !== "") return "a URL without query and fragment";
  return undefined;
}

/**
 * Checks grants as they were written.
 * @param field where they were written, for errors
 * @throws MillraceError HTTP_ENDPOINT_INVALID
 */
export function parseHttpEndpoints(
  endpoints: unknown,
  field = "httpEndpoints",
): ReadonlyMap<string, HttpEndpoint> {
  const invalid = (at: string, value: unknown, expected: string) =>
    new MillraceError("HTTP_ENDPOINT_INVALID", `Cannot grant ${at}: ${expected}`, {
      field: at,
      value,
      expected,
    });
  if (typeof endpoints !== "object" || endpoints === null || Array.isArray(endpoints)) {
    throw invalid(field, typeof endpoints, "an object of endpoints by name");
  }
  const entries = Object.entries(endpoints);
  if (entries.length > HTTP_ENDPOINTS_MAX) {
    throw invalid(field, entries.length, `at most ${HTTP_ENDPOINTS_MAX} endpoints`);
  }
  const parsed = new Map<string, HttpEndpoint>();
  for (const [name, given] of entries) {
    const named = endpointNameSchema.safeParse(name);
    if (!named.success) throw invalid(field, name, named.error.issues[0]!.message);
    const result = httpEndpointSchema.safeParse(typeof given === "string" ? { url: given } : given);
    if (result.success) {
      parsed.set(name, result.data);
      continue;
    }
    const issue = result.error.issues[0]!;
    const at = [field, name, ...issue.path.map(String)].join(".");
    // Header values are secrets: they are not told.
    const part = issue.path[0];
    if (part === "headers") throw invalid(at, undefined, issue.message);
    if (part !== undefined && typeof given === "object" && given !== null) {
      throw invalid(at, (given as Record<PropertyKey, unknown>)[part], issue.message);
    }
    throw invalid(at, typeof given === "object" ? undefined : given, issue.message);
  }
  return parsed;
}
