/** What `npm run demo -- --keep` prints: the REST API by hand. */
import { join } from "node:path";
import { bold, dim } from "../terminal.ts";

export function printCurlLines(url: string, folder: string, bundle: string): void {
  const tokens = join(folder, "jobmanager", "tokens.json");
  console.log(`\n${bold("The cluster stays up.")} In another terminal:\n`);
  const lines = [
    `TOKEN=$(sed -n 's/.*"client": "\\(.*\\)".*/\\1/p' ${tokens})`,
    `curl -sw '\\n' -H "Authorization: Bearer $TOKEN" ${url}/v1/overview`,
    `curl -sw '\\n' -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/wasm' \\`,
    `  --data-binary @${bundle} ${url}/v1/bundles/upload`,
    `JOB=$(curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `  --data-binary @${join(folder, "job.json")} ${url}/v1/jobs | sed 's/.*"jobid":"\\([^"]*\\)".*/\\1/')`,
    `curl -sN -H "Authorization: Bearer $TOKEN" ${url}/v1/jobs/$JOB/rows | head -3`,
    `curl -sw '\\n' -H "Authorization: Bearer $TOKEN" ${url}/v1/jobs/$JOB`,
    `curl -sw '\\n' -X POST -H "Authorization: Bearer $TOKEN" ${url}/v1/jobs/$JOB/cancel`,
  ];
  for (const line of lines) console.log(`  ${line}`);
  console.log(`\n${dim("Ctrl-C stops it.")}`);
}
