/** A whole job in this process: for tests, and to try things. */
import { collectRows } from "./collected-rows.ts";
import { type JobFunction, loadJob, makeJob } from "./job-file.ts";
import { startLocalCluster } from "./local-cluster.ts";

/**
 * Runs a job to its end on a cluster of its own in this process; answers the rows of its collect sinks,
 * as JSON gives them.
 *
 *     const rows = await runLocally("job.ts", ["lines.txt"]);
 *
 * @param job A job file, or what its default export would be.
 * @throws MillraceError the job's failure, or why it could not start
 */
export async function runLocally(
  job: string | JobFunction,
  args: readonly string[] = [],
): Promise<Record<string, unknown>[]> {
  const loaded = typeof job === "string" ? await loadJob(job, args) : await makeJob(job, args);
  const cluster = await startLocalCluster();
  try {
    for (const bytes of loaded.bundles.values()) await cluster.client.uploadBundle(bytes);
    const id = await cluster.client.submitJob(loaded.spec);
    const rows: Record<string, unknown>[] = [];
    await collectRows(cluster.client, id, {
      row: (row) => rows.push(row),
      restart: () => rows.splice(0),
    });
    await cluster.client.waitForEnd(id);
    return rows;
  } finally {
    await cluster.close();
  }
}
