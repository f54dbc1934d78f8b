/** A cluster inside this process, for `millrace dev`, `millrace run` without a cluster, and tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MillraceClient } from "../client/millrace-client.ts";
import type { LogLine } from "../jobmanager/log-tail.ts";

/**
 * Slots of the one worker. An attempt starts an isolate for each slot that it uses, so slots that
 * stay free cost nothing: as many as any job of one machine asks for.
 */
const LOCAL_SLOTS = 128;

/** A running cluster of one process. */
export interface LocalCluster {
  readonly client: MillraceClient;
  close(): Promise<void>;
}

export interface LocalClusterOptions {
  /** What `printSink` writes; default: standard output. */
  readonly print?: (text: string) => void;
  /** Lines of the JobManager's log; default: nothing. */
  readonly log?: (line: LogLine) => void;
}

/** Starts a JobManager and a worker on free ports of the loopback interface. */
export async function startLocalCluster(options: LocalClusterOptions = {}): Promise<LocalCluster> {
  const [{ startJobManager }, { startTaskManager }] = await Promise.all([
    import("../jobmanager/server.ts"),
    import("../taskmanager/task-manager-process.ts"),
  ]);
  const dataDir = mkdtempSync(join(tmpdir(), "millrace-local-"));
  const removeData = () => rmSync(dataDir, { recursive: true, force: true });
  let manager: Awaited<ReturnType<typeof startJobManager>>;
  try {
    manager = await startJobManager({ port: 0, dataDir, print: options.log ?? (() => undefined) });
  } catch (thrown) {
    removeData();
    throw thrown;
  }
  const worker = await startTaskManager({
    jobManager: manager.url,
    token: manager.tokens.worker,
    name: "local",
    slots: LOCAL_SLOTS,
    log: () => undefined,
    ...(options.print === undefined ? {} : { print: options.print }),
  });
  await worker.registered;
  const client = new MillraceClient({ url: manager.url, token: manager.tokens.client });
  const close = async () => {
    await worker.close();
    await manager.close();
    removeData();
  };
  return { client, close };
}
