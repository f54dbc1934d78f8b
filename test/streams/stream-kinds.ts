/** What random streams there are, by name. */
import { HarnessModule } from "../conformance/operator-harness.ts";
import { loadBuiltin } from "../operators/builtin/builtin-module.ts";
import { intervalJoinStreams } from "./interval-join-streams.ts";
import { streamOperators } from "./stream-operators.ts";
import type { StreamProperty } from "./stream-property.ts";
import { windowJoinStreams } from "./window-join-streams.ts";
import { windowStreams } from "./window-streams.ts";

export const STREAM_KINDS: Readonly<Record<string, () => Promise<StreamProperty>>> = {
  windows: async () => windowStreams(new HarnessModule(await loadBuiltin())),
  "window-joins": async () => windowJoinStreams(await streamOperators()),
  "interval-joins": async () => intervalJoinStreams(await streamOperators()),
};
