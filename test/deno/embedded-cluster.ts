/**
 * Run by Deno: a JobManager and two workers in one process count words, end to end. The last line
 * printed is JSON.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MillraceClient } from "../../src/client/millrace-client.ts";
import { startJobManager } from "../../src/jobmanager/server.ts";
import { startTaskManager } from "../../src/taskmanager/task-manager-process.ts";
import { countsOf, TEXT, WORD_COUNT, wordCountSpec } from "./word-count-job.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-deno-"));
const input = join(folder, "text.txt");
writeFileSync(input, TEXT);

const manager = await startJobManager({ port: 0, dataDir: folder, print: () => undefined });
const workers = [];
for (const name of ["w1", "w2"]) {
  const options = { jobManager: manager.url, token: manager.tokens.worker, name, slots: 1 };
  workers.push(await startTaskManager({ ...options, log: (line) => console.error(line) }));
}
for (const worker of workers) await worker.registered;
const client = new MillraceClient({ url: manager.url, token: manager.tokens.client });
await client.uploadBundle(readFileSync(WORD_COUNT));
const job = await client.submitJob(wordCountSpec(input));
let lines = "";
for await (const item of client.rows(job)) {
  if (item.type === "restart") lines = "";
  if (item.type === "rows") lines += item.lines;
}
await client.waitForEnd(job);
const [worker] = await client.taskManagers();
for (const each of workers) await each.close();
await manager.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ runtime: worker?.runtime, counts: countsOf(lines) }));
