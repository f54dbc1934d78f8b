/**
 * Runs job files one after the other on one cluster, in a plain Node process: functions of a job file are
 * found in the file as Node runs it. Takes their paths, writes a JSON object from path to what came.
 */
import { dirname } from "node:path";
import { planJob } from "../../src/cli/explain/planned-job.ts";
import { loadJob } from "../../src/cli/job-file.ts";
import { MiniCluster } from "../../src/embedded/mini-cluster.ts";
import { errorBodyOf } from "../../src/protocol/errors.ts";

/** A path behind `--run` is run, another one planned. */
const asked = process.argv.slice(2);
const files = asked.filter((word) => word !== "--run");
const isRun = (file: string) => asked[asked.indexOf(file) - 1] === "--run";

const answers: Record<string, unknown> = {};
await using cluster = await MiniCluster.start();
for (const file of files) {
  process.chdir(dirname(file));
  try {
    const job = await loadJob(file, []);
    const { slots } = planJob(job);
    answers[file] = isRun(file) ? { rows: await rowsOf(job) } : { slots };
  } catch (thrown) {
    answers[file] = { error: errorBodyOf(thrown) };
  }
}
process.stdout.write(JSON.stringify(answers));

/** As `millrace run` prints them. */
async function rowsOf({ spec, bundles }: Awaited<ReturnType<typeof loadJob>>): Promise<string> {
  for (const bytes of bundles.values()) await cluster.client.uploadBundle(bytes);
  const job = await cluster.client.submitJob(spec);
  let text = "";
  for await (const item of cluster.client.rows(job)) if (item.type === "rows") text += item.lines;
  await cluster.client.waitForEnd(job);
  return text;
}
