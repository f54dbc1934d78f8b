/** The pictures of docs/images. */
import { fileURLToPath } from "node:url";
import { graphSvg } from "../../src/cli/explain/graph-svg.ts";
import { planJob } from "../../src/cli/explain/planned-job.ts";
import { loadJob } from "../../src/cli/job-file.ts";
import { clusterPicture } from "./cluster.ts";
import { creditsPicture } from "./credits.ts";
import { slotsPicture } from "./slots.ts";
import { windowsPicture } from "./windows.ts";

const JOB = fileURLToPath(new URL("../../examples/word-count/job.ts", import.meta.url));

/** File name in docs/images to SVG. */
export async function pictures(): Promise<Map<string, string>> {
  const planned = planJob(await loadJob(JOB, ["novel.txt"]));
  return new Map([
    ["job-graph.svg", graphSvg(planned)],
    ["slots.svg", slotsPicture(planned.jobGraph)],
    ["windows.svg", await windowsPicture()],
    ["credits.svg", creditsPicture()],
    ["cluster.svg", clusterPicture()],
  ]);
}
