/** The tasks of a job in the slots of a cluster: from the job graph that the planner makes. */
import type { JobGraph, JobVertex } from "../../src/plan/job-graph.ts";
import { Drawing } from "./drawing.ts";

const SLOT_HEIGHT = 96;

export function slotsPicture(graph: JobGraph): string {
  const widths = graph.vertices.map(
    (vertex) => 28 + 7.2 * Math.max(...linesOf(vertex, 0).map((line) => line.length)),
  );
  const slots = Math.max(...graph.vertices.map(({ parallelism }) => parallelism));
  const width = 130 + widths.reduce((sum, one) => sum + one + 40, 0);
  const drawing = new Drawing(
    `Tasks of ${graph.name} in ${slots} slots`,
    Math.ceil(width),
    20 + slots * (SLOT_HEIGHT + 10),
  );
  for (let slot = 0; slot < slots; slot++) {
    const y = 14 + slot * (SLOT_HEIGHT + 10);
    drawing.box(14, y, width - 28, SLOT_HEIGHT, [`slot ${slot + 1}`], "box");
    let x = 100;
    for (const [i, vertex] of graph.vertices.entries()) {
      if (slot < vertex.parallelism) {
        drawing.box(x, y + 8, widths[i]!, SLOT_HEIGHT - 16, linesOf(vertex, slot), "inner");
      }
      x += widths[i]! + 40;
    }
  }
  return drawing.toString();
}

function linesOf(vertex: JobVertex, subtask: number): string[] {
  const operators = vertex.chain.map(({ node }) => node.name);
  return [`task: subtask ${subtask + 1} of ${vertex.parallelism}`, ...operators];
}
