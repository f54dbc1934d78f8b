/** Rows of a job's collect sinks, one by one. */
import type { MillraceClient } from "../client/millrace-client.ts";

export interface RowReader {
  row(row: Record<string, unknown>): void;
  /** The job begins again: what came before is void. */
  restart(): void;
}

/** Reads to the job's end. */
export async function collectRows(
  client: MillraceClient,
  job: string,
  reader: RowReader,
  signal?: AbortSignal,
): Promise<void> {
  for await (const item of client.rows(job, signal)) {
    if (item.type === "restart") reader.restart();
    if (item.type !== "rows") continue;
    for (const line of item.lines.split("\n")) {
      if (line !== "") reader.row(JSON.parse(line) as Record<string, unknown>);
    }
  }
}
