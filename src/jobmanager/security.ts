/**
 * Who may do what: the three tokens, and the checks of address, Host and Origin (docs/security.md).
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";

/** What a token is for. `client` includes `read-only`; `worker` stands alone. */
export type Role = "client" | "worker" | "read-only";

/** The three tokens of a JobManager. */
export interface Tokens {
  readonly client: string;
  readonly worker: string;
  readonly readOnly: string;
}

const tokensSchema = z.strictObject({
  client: z.string().min(32),
  worker: z.string().min(32),
  readOnly: z.string().min(32),
});

const TOKEN_FILE = "tokens.json";

/**
 * Tokens of the data folder; made on the first run and stored with mode 0600.
 * @returns `created`: they are new, to be shown once
 * @throws MillraceError TOKENS_UNREADABLE
 */
export function loadTokens(dataDir: string): { tokens: Tokens; created: boolean; path: string } {
  const path = join(dataDir, TOKEN_FILE);
  const stored = readStoredTokens(path);
  if (stored !== undefined) return { tokens: stored, created: false, path };
  const tokens = { client: newToken(), worker: newToken(), readOnly: newToken() };
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Written aside first: a crash must not leave half a file that locks everybody out.
  const aside = `${path}.${process.pid}.tmp`;
  writeFileSync(aside, `${JSON.stringify(tokens, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(aside, path);
  return { tokens, created: true, path };
}

function readStoredTokens(path: string): Tokens | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, cause);
  }
  try {
    return tokensSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): MillraceError {
  return new MillraceError("TOKENS_UNREADABLE", "Cannot read tokens: the file is damaged", {
    field: "dataDir",
    value: path,
    expected: "a file written by Millrace; delete it to get new tokens",
    cause,
  });
}

function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** What an UNAUTHORIZED answer asks for. */
export const TOKEN_EXPECTED =
  "Bearer <token>, one of those in tokens.json of the JobManager's data folder";

/** Role of an `Authorization: Bearer` header; undefined: no such token. Time does not tell which. */
export function roleOf(tokens: Tokens, authorization: string | undefined): Role | undefined {
  const given = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/i.exec(authorization ?? "")?.[1] ?? "";
  const digest = digestOf(given);
  let role: Role | undefined;
  if (timingSafeEqual(digest, digestOf(tokens.client))) role = "client";
  if (timingSafeEqual(digest, digestOf(tokens.worker))) role = "worker";
  if (timingSafeEqual(digest, digestOf(tokens.readOnly))) role = "read-only";
  return role;
}

/** Equal lengths whatever was sent: timingSafeEqual compares nothing else. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Whether a token of role `held` opens a route that takes `required`. */
export function opens(held: Role, required: Role): boolean {
  return held === required || (held === "client" && required === "read-only");
}

/** Address and transport a server is asked to use. */
export interface BindOptions {
  readonly host: string;
  readonly tls: boolean;
  readonly behindTlsProxy: boolean;
}

/**
 * Refuses to send tokens over a network in the clear.
 * @throws MillraceError BIND_REFUSED
 */
export function checkBindAddress({ host, tls, behindTlsProxy }: BindOptions): void {
  if (isLoopback(host) || tls || behindTlsProxy) return;
  throw new MillraceError("BIND_REFUSED", `Cannot listen on ${host}: tokens would be readable`, {
    field: "host",
    value: host,
    expected: "a loopback address, or --tls-cert and --tls-key, or --behind-tls-proxy",
  });
}

/** Whether an address reaches this machine only. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** Which Host and Origin headers are answered: a page of another site cannot use a browser here. */
export class IngressPolicy {
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #scheme: string;
  #port: number | undefined;

  /**
   * @param allowedHosts further names (`millrace.example` any port, `millrace.example:8443` that one)
   * @param allowedOrigins further exact origins (`https://ui.example`)
   */
  constructor(options: {
    readonly host: string;
    readonly tls: boolean;
    readonly allowedHosts?: readonly string[];
    readonly allowedOrigins?: readonly string[];
  }) {
    const own = isLoopback(options.host) ? ["localhost", "127.0.0.1", "[::1]"] : [];
    const bound = options.host.includes(":") ? `[${options.host}]` : options.host;
    const names = [...own, bound, ...(options.allowedHosts ?? [])];
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#origins = new Set(options.allowedOrigins ?? []);
    this.#scheme = options.tls ? "https" : "http";
  }

  /** The port in use, known once the server listens. */
  listensOn(port: number): void {
    this.#port = port;
  }

  /** @throws MillraceError HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED */
  check(host: string | undefined, origin: string | undefined): void {
    if (!this.#allowsHost(host ?? "")) {
      throw new MillraceError("HOST_NOT_ALLOWED", "Cannot answer: Host is not one of this server", {
        field: "Host",
        value: host ?? "",
        expected: "a name of this server; more by --allowed-host",
      });
    }
    if (origin !== undefined && !this.#allowsOrigin(origin)) {
      throw new MillraceError("ORIGIN_NOT_ALLOWED", "Cannot answer: Origin is another site", {
        field: "Origin",
        value: origin,
        expected: "this server's own origin; more by --allowed-origin",
      });
    }
  }

  #allowsHost(host: string): boolean {
    const match = /^(\[[0-9a-f:.]+\]|[^:]*)(?::(\d{1,5}))?$/.exec(host.toLowerCase());
    const name = match?.[1] ?? "";
    if (name === "") return false;
    const port = match?.[2] === undefined ? this.#defaultPort() : Number(match[2]);
    if (this.#names.has(`${name}:${port}`)) return true;
    if (!this.#names.has(name)) return false;
    const own = ["localhost", "127.0.0.1", "[::1]"].includes(name);
    return !own || this.#port === undefined || port === this.#port;
  }

  #allowsOrigin(origin: string): boolean {
    if (this.#origins.has(origin)) return true;
    const match = /^(https?):\/\/(.+)$/.exec(origin);
    return match?.[1] === this.#scheme && this.#allowsHost(match[2] ?? "");
  }

  #defaultPort(): number {
    return this.#scheme === "https" ? 443 : 80;
  }
}
