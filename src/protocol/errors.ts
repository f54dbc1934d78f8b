/**
 * Operating errors: what a person or a program outside Millrace can cause and can mend.
 *
 * Every one has a stable code, the offending field and value where there is one, and what would
 * be right. A programmer error is an assertion, never a MillraceError.
 */

/** Everything an error answer carries, over REST, over a link and on the command line. */
export interface ErrorBody {
  /** Stable, upper-case code; docs/errors.md has a row for each. */
  readonly code: string;
  /** Action, colon, state: `Cannot submit job: vertex 3 has parallelism 9 above 4 slots`. */
  readonly message: string;
  /** Path of the offending field (`vertices[2].parallelism`), where there is one. */
  readonly field?: string | undefined;
  /** The value found there, shortened to fit a line. */
  readonly value?: string | undefined;
  /** What would be right. */
  readonly expected?: string | undefined;
}

const VALUE_LIMIT_CHARS = 200;

/**
 * An operating error with a stable code: what somebody outside can cause and mend.
 *
 *     try {
 *       await client.submitJob(spec);
 *     } catch (error) {
 *       if (!(error instanceof MillraceError)) throw error;
 *       if (error.code === "SLOTS_INSUFFICIENT") await more();
 *       else console.error(error.toBody());
 *     }
 */
export class MillraceError extends Error {
  /** Stable, upper-case code: docs/errors.md has a row for each. */
  readonly code: string;
  /** Path of the offending field, where there is one. */
  readonly field: string | undefined;
  /** The value found there, at most 200 characters of it. */
  readonly value: string | undefined;
  /** What would be right. */
  readonly expected: string | undefined;

  /** @internal Millrace throws it. */
  constructor(
    code: string,
    message: string,
    detail: {
      field?: string | undefined;
      value?: unknown;
      expected?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "MillraceError";
    this.code = code;
    this.field = detail.field;
    this.value = detail.value === undefined ? undefined : shortText(detail.value);
    this.expected = detail.expected;
  }

  /** The error as it leaves the process. */
  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      field: this.field,
      value: this.value,
      expected: this.expected,
    };
  }
}

/** The body of any thrown value; what is not a MillraceError becomes INTERNAL. */
export function errorBodyOf(thrown: unknown): ErrorBody {
  if (thrown instanceof MillraceError) return thrown.toBody();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "INTERNAL", message };
}

/** The error a body describes, as thrown on the other side. */
export function errorFromBody(body: ErrorBody): MillraceError {
  return new MillraceError(body.code, body.message, {
    ...(body.field === undefined ? {} : { field: body.field }),
    ...(body.value === undefined ? {} : { value: body.value }),
    ...(body.expected === undefined ? {} : { expected: body.expected }),
  });
}

function shortText(value: unknown): string {
  const plain = typeof value !== "object" || value === null;
  const text = plain ? String(value) : JSON.stringify(value);
  return text.length > VALUE_LIMIT_CHARS ? `${text.slice(0, VALUE_LIMIT_CHARS)}…` : text;
}

/** Checks a condition that only a defect of Millrace can break. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}

/** Closes a switch over a closed union. */
export function unreachable(value: never): never {
  throw new Error(`Unreachable: ${JSON.stringify(value)}`);
}
