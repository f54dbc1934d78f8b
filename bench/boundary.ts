/**
 * Bench `boundary`: which share of the CPU time of exchange-local is spent outside the kernels.
 *
 * The worker runs in a process of its own under V8's sampling profiler (--cpu-prof, one profile a
 * thread). A sample in WebAssembly is inside; any other that is not idle is outside: JavaScript,
 * built-ins such as copies and postMessage, garbage collection, native code. Both slots are counted
 * from the first sample in WebAssembly to the last, so that neither loading nor leaving is; the
 * worker's main isolate is counted over the same time.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BundleBuild } from "./engine/bench-bundle.ts";
import { ExchangeCluster } from "./engine/exchange-job.ts";
import { eventsFor } from "./exchange-engine.ts";
import { type Bench, type BenchFigures, type BenchOptions, rounded } from "./harness.ts";

const GOAL_OUTSIDE_SHARE = 0.15;
const SLOTS = 2;
const WARM_UP_EVENTS = 8e6;
/** Functions shown. */
const TOP = 12;

export const boundary: Bench = {
  name: "boundary",
  help: "share of CPU outside WASM kernels in exchange-local at 4,096 rows a batch, by sampling",
  run: (options) => measureBoundary(options),
};

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Microseconds by what was running. */
interface Sampled {
  inside: number;
  outside: number;
  /** By function, of what is outside. */
  readonly functions: Map<string, number>;
}

/** @param warmUp events of each of two jobs before the measured one */
export async function measureBoundary(
  options: BenchOptions,
  warmUp = WARM_UP_EVENTS,
  build: BundleBuild = {},
): Promise<BenchFigures> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-boundary-"));
  try {
    const nodeOptions = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=500"];
    const cluster = await ExchangeCluster.start(
      { where: "processes", workers: 1, slots: SLOTS, nodeOptions },
      build,
    );
    let events = 0;
    try {
      events = await eventsFor(cluster, options.seconds, warmUp);
      const run = await cluster.run(events);
      options.log(`profiled: ${(run.eventsPerCpuSecond / 1e6).toFixed(1)} M events a CPU second`);
      // A slot's profile is written when its isolate ends, the main isolate's with the process.
      await cluster.close();
      const names = await readdir(folder);
      const profiles = await Promise.all(
        names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8"))),
      );
      return report(profiles as CpuProfile[], events, options);
    } finally {
      await cluster.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(
  profiles: readonly CpuProfile[],
  events: number,
  options: BenchOptions,
): BenchFigures {
  // The isolates of the jobs before wrote profiles too: those of the measured job began last.
  const slots = profiles
    .toSorted((a, b) => b.startTime - a.startTime)
    .map(sampledSlot)
    .filter((sampled) => sampled.inside > 0)
    .slice(0, SLOTS);
  const all: Sampled = { inside: 0, outside: 0, functions: new Map() };
  for (const slot of slots) {
    all.inside += slot.inside;
    all.outside += slot.outside;
    for (const [name, us] of slot.functions) {
      all.functions.set(name, (all.functions.get(name) ?? 0) + us);
    }
  }
  const total = all.inside + all.outside;
  const outsideShare = all.outside / total;
  const top = [...all.functions].sort((a, b) => b[1] - a[1]).slice(0, TOP);
  options.log(
    `outside the kernels: ${(outsideShare * 100).toFixed(1)} % of the slots' CPU time ` +
      `(goal at most ${GOAL_OUTSIDE_SHARE * 100} %), of which`,
  );
  for (const [name, us] of top) options.log(`  ${((us / total) * 100).toFixed(1)} %  ${name}`);
  return {
    events,
    slots: slots.length,
    goalOutsideShare: GOAL_OUTSIDE_SHARE,
    outsideShare: rounded(outsideShare),
    sampledSeconds: rounded(total / 1e6),
    outside: Object.fromEntries(top.map(([name, us]) => [name, rounded(us / total)])),
  };
}

/** One thread's samples between its first and its last one in WebAssembly. */
function sampledSlot(profile: CpuProfile): Sampled {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const kernels = kernelNodes(profile);
  const isWasm = (node: number) => kernels.has(node);
  const sampled: Sampled = { inside: 0, outside: 0, functions: new Map() };
  const first = profile.samples.findIndex(isWasm);
  const last = profile.samples.findLastIndex(isWasm);
  for (let i = Math.max(0, first); i <= last; i++) {
    const node = profile.samples[i]!;
    const us = profile.timeDeltas[i] ?? 0;
    if (isWasm(node)) {
      sampled.inside += us;
      continue;
    }
    const { functionName, url } = frames.get(node)!;
    if (functionName === "(idle)") continue;
    sampled.outside += us;
    const file = url === "" ? "" : ` (${url.slice(url.lastIndexOf("/") + 1)})`;
    const name = `${functionName || "(anonymous)"}${file}`;
    sampled.functions.set(name, (sampled.functions.get(name) ?? 0) + us);
  }
  return sampled;
}

/** Nodes in WebAssembly that were called by the operator host: Node itself loads modules with some. */
function kernelNodes(profile: CpuProfile): Set<number> {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const kernels = new Set<number>();
  const visit = (id: number, inHost: boolean): void => {
    const { callFrame, children = [] } = byId.get(id)!;
    const wasm = callFrame.url.startsWith("wasm://");
    if (wasm && inHost) kernels.add(id);
    const host = inHost || /module-instance\.[jt]s$/.test(callFrame.url);
    for (const child of children) visit(child, host);
  };
  const root = profile.nodes[0];
  if (root !== undefined) visit(root.id, false);
  return kernels;
}
