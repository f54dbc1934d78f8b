/** Jobs by a unique start of their id, as people copy them from `millrace list`. */
import type { MillraceClient } from "../client/millrace-client.ts";
import { MillraceError } from "../protocol/errors.ts";

/** A whole id (a UUID): it is not looked up. */
const ID_LENGTH = 36;

/** @throws MillraceError JOB_NOT_FOUND, JOB_AMBIGUOUS */
export async function jobIdOf(client: MillraceClient, start: string): Promise<string> {
  if (start.length >= ID_LENGTH) return start;
  const jobs = await client.jobs();
  const found = start === "" ? [] : jobs.filter((job) => job.jid.startsWith(start));
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first.jid;
  if (first === undefined) {
    throw new MillraceError("JOB_NOT_FOUND", `Cannot find job ${start}: no id begins with that`, {
      field: "job",
      value: start,
      expected: "an id, or a start of one, of `millrace list`",
    });
  }
  const message = `Cannot choose job ${start}: ${found.length} ids begin with that`;
  throw new MillraceError("JOB_AMBIGUOUS", message, {
    field: "job",
    value: start,
    expected: found.map((job) => job.jid).join(", "),
  });
}
