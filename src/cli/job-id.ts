/** Jobs by a unique start of their id, as people copy them from `millrace list`, or by their name. */
import type { JobSummary } from "../client/answers.ts";
import type { MillraceClient } from "../client/millrace-client.ts";
import { MillraceError } from "../protocol/errors.ts";

/** A whole id (a UUID): it is not looked up. */
const ID_LENGTH = 36;

/** @throws MillraceError JOB_NOT_FOUND, JOB_AMBIGUOUS */
export async function jobIdOf(client: MillraceClient, start: string): Promise<string> {
  if (start.length >= ID_LENGTH) return start;
  const jobs = await client.jobs();
  const byId = start === "" ? [] : jobs.filter((job) => job.jid.startsWith(start));
  const found = byId.length > 0 ? byId : named(jobs, start);
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first.jid;
  if (first === undefined) {
    throw new MillraceError(
      "JOB_NOT_FOUND",
      `Cannot find job ${start}: no id begins with that, none has that name`,
      {
        field: "job",
        value: start,
        expected: "an id, a start of one, or a name, of `millrace list`",
      },
    );
  }
  const what = byId.length > 0 ? "ids begin with that" : "jobs have that name";
  const message = `Cannot choose job ${start}: ${found.length} ${what}`;
  throw new MillraceError("JOB_AMBIGUOUS", message, {
    field: "job",
    value: start,
    expected: found.map((job) => job.jid).join(", "),
  });
}

/** Of one name, those that live come before those that are over, of which the last is meant. */
function named(jobs: readonly JobSummary[], name: string): readonly JobSummary[] {
  const all = jobs.filter((job) => job.name === name);
  const live = all.filter((job) => job["end-time"] === -1);
  if (live.length > 0) return live;
  return all.sort((a, b) => b["start-time"] - a["start-time"]).slice(0, 1);
}
