/** A job as `millrace info` shows it: its state, its vertices, and why it failed. */
import type { Exceptions, JobDetails } from "../client/answers.ts";
import { bold, count, describeError, dim, table } from "./terminal.ts";

export function jobText(details: JobDetails, exceptions: Exceptions): string {
  const parts = [headOf(details), "", vertexTable(details)];
  const [newest, ...older] = exceptions.exceptionHistory.entries;
  const failure = details.failure ?? newest?.error;
  if (failure !== undefined) parts.push("", describeError(failure));
  if (newest?.taskName !== undefined) {
    const worker = newest.taskManagerId === undefined ? "" : ` on worker ${newest.taskManagerId}`;
    parts.push(`  in:       ${newest.taskName}${worker}, attempt ${newest.attempt}`);
  }
  if (older.length > 0) parts.push(dim(`and ${count(older.length)} failures before (--json)`));
  return parts.join("\n");
}

function headOf(details: JobDetails): string {
  const started = new Date(details["start-time"]).toISOString().replace("T", " ").slice(0, 19);
  const seconds = (details.duration / 1_000).toFixed(1);
  return [
    `${bold(details.name)}  ${details.state}`,
    `id        ${details.jid}`,
    `started   ${started} UTC, ran ${seconds} s; attempt ${details.attempt}`,
  ].join("\n");
}

function vertexTable({ vertices }: JobDetails): string {
  const rows = vertices.map(({ name, parallelism, status, metrics }) => [
    name,
    String(parallelism),
    status,
    count(metrics["read-records"]),
    count(metrics["write-records"]),
    count(metrics["failed-records"]),
    `${(metrics["accumulated-busy-time"] / 1_000).toFixed(1)} s`,
  ]);
  const header = ["VERTEX", "PARALLELISM", "STATE", "RECORDS IN", "OUT", "FAILED", "BUSY"];
  return table(header, rows);
}
