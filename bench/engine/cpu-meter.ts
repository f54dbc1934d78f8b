/**
 * CPU time of this process and of worker processes, by thread where the system tells (Linux):
 * which part of the engine it went to.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second of /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds by thread name ("slot-0", "node", "V8Worker", ...); threads of one name are added up. */
export type ThreadSeconds = ReadonlyMap<string, number>;

/** Whether CPU times of other processes and of threads can be read here. */
export const HAS_PROC = process.platform === "linux";

/** User and system seconds of a process so far, all of its threads, ended ones too. */
export function processCpuSeconds(pid: number): number {
  if (pid === process.pid) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
  return ticksIn(readFileSync(`/proc/${pid}/stat`, "utf8")) / TICKS_PER_SECOND;
}

/** Seconds of each live thread so far, by thread id and name. */
export function threadCpuSeconds(pid: number): Map<string, { name: string; seconds: number }> {
  const threads = new Map<string, { name: string; seconds: number }>();
  if (!HAS_PROC) return threads;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
      const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      threads.set(thread, { name, seconds: ticksIn(stat) / TICKS_PER_SECOND });
    } catch (error) {
      // A thread may end between the listing and the reading.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return threads;
}

/** What every thread name has spent between two readings. */
export function threadDifference(
  before: ReturnType<typeof threadCpuSeconds>,
  after: ReturnType<typeof threadCpuSeconds>,
): Map<string, number> {
  const spent = new Map<string, number>();
  for (const [thread, { name, seconds }] of after) {
    const own = seconds - (before.get(thread)?.seconds ?? 0);
    if (own > 0) spent.set(name, (spent.get(name) ?? 0) + own);
  }
  return spent;
}

/** Resident memory of a process now, MB (1e6 bytes). */
export function residentMegabytes(pid: number): number {
  if (pid === process.pid) return process.memoryUsage.rss() / 1e6;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
  return (Number(kilobytes ?? 0) * 1024) / 1e6;
}

function ticksIn(stat: string): number {
  // The name in parentheses may hold blanks; utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
