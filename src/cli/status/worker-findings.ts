/** What is wrong with the workers of a cluster, and with those who wait for them. */
import { type ClusterLook, counted, type Finding, type JobLook } from "./finding.ts";

/** Three missed heartbeats at the default interval; the JobManager gives a worker up later. */
const SILENT_MS = 30_000;

export function workerFindings(look: ClusterLook): Finding[] {
  const { url, nowMs, workers, looks } = look;
  const start = `\`millrace taskmanager --jobmanager ${url} --slots 4\``;
  if (workers.length === 0) {
    const waiting = looks.filter(isWaiting).map(({ summary }) => summary.name);
    const who = waiting.length === 0 ? "jobs would wait" : `${waiting.join(", ")} waits`;
    const problem = `No worker has joined: ${who} for slots`;
    return [{ severity: "wrong", code: "NO_WORKERS", problem, next: `start one with ${start}` }];
  }
  const silent = workers.flatMap((worker): Finding[] => {
    const silentMs = nowMs - worker.timeSinceLastHeartbeat;
    if (worker.timeSinceLastHeartbeat === 0 || silentMs < SILENT_MS) return [];
    const problem = `Worker ${worker.id} has been silent for ${Math.round(silentMs / 1_000)} s`;
    const next =
      "look at its process and its network; its jobs restart elsewhere when it is given up";
    return [{ severity: "wrong", code: "WORKER_SILENT", problem, next }];
  });
  return [...looks.filter(isWaiting).map((job) => slotsMissing(look, job, start)), ...silent];
}

/** It has no slots: it has not begun, or wants to begin again. */
function isWaiting({ summary, details }: JobLook): boolean {
  if (summary.state === "CREATED") return true;
  const placed = details.vertices.some(({ status }) => status !== "CREATED" && status !== "FAILED");
  return summary.state === "RESTARTING" && !placed;
}

function slotsMissing(look: ClusterLook, job: JobLook, start: string): Finding {
  const { "slots-total": total, "slots-available": free } = look.overview;
  // A slot takes one subtask of each vertex.
  const needed = Math.max(1, ...job.details.vertices.map(({ parallelism }) => parallelism));
  const holders = look.jobs
    .filter(({ state, jid }) => state === "RUNNING" && jid !== job.summary.jid)
    .map(({ name, jid }) => `${name} (${jid.slice(0, 8)})`);
  const problem =
    `Job ${job.summary.name} waits for ${counted(needed, "slot")}: ` +
    (needed > total ? `the workers have ${total} in all` : `${free} of ${total} are free`);
  const cancel =
    holders.length === 0 ? "" : `, or \`millrace cancel\` one of ${holders.join(", ")}`;
  const next = `add a worker with ${start}, lower the job's parallelism${needed > total ? "" : cancel}`;
  return { severity: "wrong", code: "SLOTS_MISSING", problem, next };
}
