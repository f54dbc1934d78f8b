/** Certificate and key of the server. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { MillraceError } from "../protocol/errors.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** @throws MillraceError TLS_INVALID naming the file */
export function readTlsFiles(files: TlsFiles): { cert: Buffer; key: Buffer } {
  const cert = readPem(files.cert, "tls-cert");
  const key = readPem(files.key, "tls-key");
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new MillraceError("TLS_INVALID", "Cannot use TLS: certificate and key do not fit", {
      field: "tls-cert",
      value: files.cert,
      expected: "a PEM certificate (chain) and its private key",
      cause,
    });
  }
  return { cert, key };
}

function readPem(path: string, field: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MillraceError("TLS_INVALID", `Cannot use TLS: ${field} is not readable`, {
      field,
      value: path,
      expected: "a PEM file",
      cause,
    });
  }
}
