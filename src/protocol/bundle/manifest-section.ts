/** The self-description of a bundle: reading it with named errors, writing it canonically. */
import { MANIFEST_SECTION } from "../abi.ts";
import { MillraceError } from "../errors.ts";
import { BUNDLE_MAX_MANIFEST_BYTES } from "../limits.ts";
import { type Manifest, manifestSchema } from "../manifest.ts";
import { ABI_VERSION, MANIFEST_VERSION } from "../versions.ts";

/**
 * Parses the custom section.
 * @throws MillraceError BUNDLE_MANIFEST_MISSING, BUNDLE_MANIFEST_INVALID (with the path of the
 *   field), BUNDLE_ABI_VERSION
 */
export function readManifest(section: Uint8Array | undefined): Manifest {
  if (section === undefined) {
    throw new MillraceError(
      "BUNDLE_MANIFEST_MISSING",
      `Cannot accept bundle: it has no custom section ${MANIFEST_SECTION}`,
      { field: MANIFEST_SECTION, expected: "a module built by `millrace build`" },
    );
  }
  if (section.length > BUNDLE_MAX_MANIFEST_BYTES) {
    const expected = `at most ${BUNDLE_MAX_MANIFEST_BYTES} bytes`;
    throw invalid(MANIFEST_SECTION, `it has ${section.length} bytes`, section.length, expected);
  }
  const json = parseJson(section);
  checkVersions(json);
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = pathText(issue!.path) || MANIFEST_SECTION;
    throw invalid(field, issue!.message, valueAt(json, issue!.path), issue!.message);
  }
  checkNames(parsed.data);
  return parsed.data;
}

/** The section's bytes: keys sorted at every level, so that equal manifests are equal bytes. */
export function writeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(canonicalJson(manifest));
}

/** JSON with sorted keys and no spaces; members that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

function parseJson(section: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(section));
  } catch (cause) {
    throw invalid(MANIFEST_SECTION, "it is not UTF-8 JSON", undefined, "a JSON object", cause);
  }
}

/** Versions come first: a newer manifest may have fields that this version does not know. */
function checkVersions(json: unknown): void {
  const manifest = (typeof json === "object" && json !== null ? json : {}) as Partial<Manifest>;
  if (typeof manifest.abiVersion === "number" && manifest.abiVersion !== ABI_VERSION) {
    throw new MillraceError(
      "BUNDLE_ABI_VERSION",
      `Cannot accept bundle: it speaks operator ABI ${manifest.abiVersion}`,
      { field: "abiVersion", value: manifest.abiVersion, expected: `${ABI_VERSION}` },
    );
  }
  const version = manifest.manifestVersion;
  if (typeof version === "number" && version !== MANIFEST_VERSION) {
    const expected = `${MANIFEST_VERSION}`;
    throw invalid("manifestVersion", `version ${version} is not spoken`, version, expected);
  }
}

function checkNames(manifest: Manifest): void {
  const seen = new Set<string>();
  manifest.operators.forEach((operator, index) => {
    if (seen.has(operator.name)) {
      const field = `operators[${index}].name`;
      throw invalid(field, "the name occurs twice", operator.name, "a name of its own");
    }
    seen.add(operator.name);
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function invalid(
  field: string,
  state: string,
  value: unknown,
  expected: string,
  cause?: unknown,
): MillraceError {
  return new MillraceError(
    "BUNDLE_MANIFEST_INVALID",
    `Cannot accept bundle: self-description, ${field}: ${state}`,
    { field, value, expected, cause },
  );
}
