/** Where the cluster is and with which token: from options, environment, or the data folder. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { MillraceClient } from "../client/millrace-client.ts";
import { MillraceError } from "../protocol/errors.ts";

export const DEFAULT_URL = "http://127.0.0.1:8081";

/** Folder of the JobManager's tokens, bundles and logs. */
export function defaultDataDir(): string {
  return process.env.MILLRACE_HOME ?? join(homedir(), ".millrace");
}

export interface ConnectionOptions {
  readonly url: string;
  readonly token?: string;
}

/** Adds --url and --token. */
export function withConnection(command: Command): Command {
  return command
    .option("--url <url>", "address of the JobManager", process.env.MILLRACE_URL ?? DEFAULT_URL)
    .option("--token <token>", "client token (default: $MILLRACE_TOKEN, or this host's own)");
}

/** @throws MillraceError TOKEN_MISSING */
export function connect(options: ConnectionOptions): MillraceClient {
  return new MillraceClient({ url: options.url, token: options.token ?? storedToken("client") });
}

/** A token from the environment or from the data folder of a JobManager on this host. */
export function storedToken(role: "client" | "worker"): string {
  const variable = role === "client" ? "MILLRACE_TOKEN" : "MILLRACE_WORKER_TOKEN";
  const given = process.env[variable];
  if (given !== undefined) return given;
  const path = join(defaultDataDir(), "tokens.json");
  try {
    return JSON.parse(readFileSync(path, "utf8"))[role];
  } catch (cause) {
    throw new MillraceError("TOKEN_MISSING", `Cannot connect: no ${role} token is known`, {
      field: "--token",
      expected: `a cluster on this host (\`millrace cluster\` starts one and writes ${path}), or --token, or ${variable}`,
      cause,
    });
  }
}
