/** Which operator a test means: by its typed handle, or by bundle and name. */
import type { OperatorHandle, Parameters } from "../plan/operator-handle.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { BundleSource } from "./test-bundle.ts";

/** An operator of a bundle, with the parameters that its handle carries. */
export interface OperatorSource {
  readonly bundle: BundleSource;
  readonly name: string;
  readonly parameters: Parameters;
}

export function isHandle(source: BundleSource | OperatorHandle): source is OperatorHandle {
  return typeof source === "object" && "description" in source;
}

/** @throws MillraceError HARNESS_SETUP_INVALID for a handle that does not carry its bundle */
export function handleSource(handle: OperatorHandle): OperatorSource {
  const { bundle, bytes, name, parameters } = handle;
  if (bundle === "builtin") return { bundle, name, parameters };
  if (bytes !== undefined) return { bundle: bytes, name, parameters };
  const message = `Cannot open harness: the handle of operator ${name} knows its bundle by hash only`;
  throw new MillraceError("HARNESS_SETUP_INVALID", message, {
    field: "handle",
    value: name,
    expected: "a handle of the module that `millrace build` writes, or of openBundle(file)",
  });
}
