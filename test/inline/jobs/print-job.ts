/** Loads a job file as `millrace run` does, in a plain Node process, and prints it as JSON. */
import { loadJob } from "../../../src/cli/job-file.ts";
import { errorBodyOf } from "../../../src/protocol/errors.ts";

const [file, ...args] = process.argv.slice(2);
try {
  const { spec, bundles } = await loadJob(file!, args);
  const bytes = [...bundles.values()].map((bundle) => Buffer.from(bundle).toString("base64"));
  process.stdout.write(JSON.stringify({ spec, bundles: bytes }));
} catch (thrown) {
  process.stdout.write(JSON.stringify({ error: errorBodyOf(thrown) }));
}
