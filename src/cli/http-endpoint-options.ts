/** Options that grant HTTP endpoints to asynchronous functions. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { MillraceError } from "../protocol/errors.ts";
import { type HttpEndpoints, parseHttpEndpoints } from "../protocol/http-endpoint.ts";

export interface HttpEndpointFlags {
  readonly httpEndpoint?: HttpEndpoints;
  readonly httpEndpoints?: string;
}

/** Adds `--http-endpoint` and `--http-endpoints`. */
export function withHttpEndpoints(command: Command): Command {
  return command
    .option(
      "--http-endpoint <name=url>",
      "lets asynchronous functions reach this base URL by its name; may be repeated",
      another,
    )
    .option("--http-endpoints <file>", "the same with limits and headers, a JSON object by name");
}

function another(value: string, before: HttpEndpoints = {}): HttpEndpoints {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("name=url");
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

/**
 * What the options grant; those given one by one go before those of the file.
 * @throws MillraceError HTTP_ENDPOINT_INVALID
 */
export function httpEndpointsOf(flags: HttpEndpointFlags): { httpEndpoints?: HttpEndpoints } {
  const { httpEndpoint, httpEndpoints: file } = flags;
  if (httpEndpoint === undefined && file === undefined) return {};
  const endpoints = { ...(file === undefined ? {} : readEndpoints(file)), ...httpEndpoint };
  parseHttpEndpoints(endpoints, "--http-endpoint");
  return { httpEndpoints: endpoints };
}

function readEndpoints(file: string): HttpEndpoints {
  let endpoints: unknown;
  try {
    endpoints = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    const message = "Cannot grant HTTP endpoints: their file is not readable, or no JSON";
    throw new MillraceError("HTTP_ENDPOINT_INVALID", message, {
      field: "--http-endpoints",
      value: file,
      expected: 'a JSON file such as {"rates": {"url": "https://rates.example/v1"}}',
      cause,
    });
  }
  parseHttpEndpoints(endpoints, file);
  return endpoints as HttpEndpoints;
}
