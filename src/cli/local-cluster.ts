/** A cluster inside this process, for `millrace dev` and for `millrace run` without a cluster. */
import { MiniCluster, type MiniClusterOptions } from "../embedded/mini-cluster.ts";

/**
 * Slots of the one worker. An attempt starts an isolate for each slot that it uses, so slots that
 * stay free cost nothing: as many as any job of one machine asks for.
 */
const LOCAL_SLOTS = 128;

/** Starts it; its `close` ends it. */
export function startLocalCluster(
  grants: Pick<MiniClusterOptions, "httpEndpoints"> = {},
): Promise<MiniCluster> {
  return MiniCluster.start({ slots: LOCAL_SLOTS, ...grants });
}
