/** Cancels a job and waits until its tasks have ended. */
import type { JobStatus } from "../client/answers.ts";
import type { MillraceClient } from "../client/millrace-client.ts";
import { MillraceError } from "../protocol/errors.ts";

/**
 * @returns how it ended: FINISHED where it was quicker
 * @throws MillraceError JOB_NOT_FOUND, JOB_NOT_CANCELLABLE
 */
export async function cancelAndWait(client: MillraceClient, id: string): Promise<JobStatus> {
  await client.cancel(id);
  try {
    await client.waitForEnd(id);
  } catch (thrown) {
    // The job's own end is what was waited for, however it came.
    if (!(thrown instanceof MillraceError)) throw thrown;
    const { state } = await client.job(id);
    if (!["CANCELED", "FAILED", "FINISHED"].includes(state)) throw thrown;
    return state;
  }
  return "FINISHED";
}
