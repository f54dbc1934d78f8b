/**
 * A job's graphs as one picture (SVG): a box for each task, inside it the operators that are chained,
 * arrows with how rows are spread. Tasks stand in columns by their distance from the sources.
 */
import type { ChainMember, JobEdge, JobGraph, JobVertex } from "../../plan/job-graph.ts";
import { connectorText, edgeLabel } from "./graph-text.ts";
import type { PlannedJob } from "./planned-job.ts";

const CHAR_WIDTH = 7.2;
const LINE = 18;
const PAD = 12;
const COLUMN_GAP = 150;
const ROW_GAP = 28;
const OPERATOR_GAP = 8;
const TITLE = 24;

interface Box {
  readonly vertex: JobVertex;
  readonly width: number;
  readonly height: number;
  x: number;
  y: number;
}

/** Standalone: no script, no font of its own, readable on light and on dark pages. */
export function graphSvg({ jobGraph, slots }: PlannedJob): string {
  const boxes = placeBoxes(jobGraph);
  const width = Math.max(...boxes.map((box) => box.x + box.width), 200) + PAD;
  const height = Math.max(...boxes.map((box) => box.y + box.height), 60) + PAD;
  const byVertex = new Map(boxes.map((box) => [box.vertex, box]));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="ui-monospace, monospace" font-size="12">`,
    `<title>${xmlText(`Job graph of ${jobGraph.name}, ${slots} slots`)}</title>`,
    "<style>.page{fill:#fff}.task{fill:#f4f6f8;stroke:#7a8794}.operator{fill:#fff;stroke:#b6c0ca}.text{fill:#17202a}.quiet{fill:#5b6875}.edge{fill:none;stroke:#5b6875}.head{fill:#5b6875}.label{stroke:#fff;stroke-width:6;paint-order:stroke}" +
      "@media (prefers-color-scheme: dark){.page{fill:#14181d}.task{fill:#1d232b;stroke:#6c7885}.operator{fill:#14181d;stroke:#3b4652}.text{fill:#e6ebf0}.quiet{fill:#9aa7b4}.edge{stroke:#9aa7b4}.head{fill:#9aa7b4}.label{stroke:#14181d}}</style>",
    '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...jobGraph.edges.map((edge) => edgeSvg(edge, byVertex)),
    ...boxes.map(boxSvg),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function placeBoxes(graph: JobGraph): Box[] {
  const columns: Box[][] = [];
  const depths = new Map<JobVertex, number>();
  // Vertices come in topological order: what feeds a vertex has its depth already.
  for (const vertex of graph.vertices) {
    const feeding = graph.edges.filter((edge) => edge.to === vertex);
    const depth = Math.max(0, ...feeding.map((edge) => (depths.get(edge.from) ?? 0) + 1));
    depths.set(vertex, depth);
    columns[depth] ??= [];
    columns[depth].push(sizedBox(vertex));
  }
  let x = PAD;
  for (const column of columns) {
    let y = PAD;
    for (const box of column) {
      box.x = x;
      box.y = y;
      y += box.height + ROW_GAP;
    }
    x += Math.max(...column.map((box) => box.width)) + COLUMN_GAP;
  }
  return columns.flat();
}

function sizedBox(vertex: JobVertex): Box {
  const texts = vertex.chain.flatMap(operatorTexts);
  const longest = Math.max(...texts.map((text) => text.length), 12);
  const operators = vertex.chain.map(operatorHeight).reduce((a, b) => a + b + OPERATOR_GAP, 0);
  const width = Math.ceil(longest * CHAR_WIDTH) + 4 * PAD;
  return { vertex, width, height: TITLE + operators + PAD, x: 0, y: 0 };
}

function operatorTexts({ node }: ChainMember): string[] {
  const connector = connectorText(node);
  return [node.name, ...(connector === "" ? [] : [connector])];
}

function operatorHeight(member: ChainMember): number {
  return operatorTexts(member).length * LINE + PAD;
}

function boxSvg(box: Box): string {
  const { vertex, x, y, width, height } = box;
  const parts = [
    `<rect class="task" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    `<text class="quiet" x="${x + PAD}" y="${y + LINE}">parallelism ${vertex.parallelism}</text>`,
  ];
  let top = y + TITLE + OPERATOR_GAP / 2;
  for (const member of vertex.chain) {
    const size = operatorHeight(member);
    const inner = width - 2 * PAD;
    parts.push(
      `<rect class="operator" x="${x + PAD}" y="${top}" width="${inner}" height="${size}" rx="4"/>`,
    );
    for (const [i, text] of operatorTexts(member).entries()) {
      const style = i === 0 ? "text" : "quiet";
      const at = `x="${x + 2 * PAD}" y="${top + (i + 1) * LINE}"`;
      parts.push(`<text class="${style}" ${at}>${xmlText(text)}</text>`);
    }
    top += size + OPERATOR_GAP;
  }
  return parts.join("\n");
}

function edgeSvg(edge: JobEdge, boxes: ReadonlyMap<JobVertex, Box>): string {
  const [from, to] = [boxes.get(edge.from)!, boxes.get(edge.to)!];
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const bend = Math.max(40, (x2 - x1) / 2);
  const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  const at = `x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 + 4}"`;
  return (
    `<path class="edge" d="${path}" marker-end="url(#head)"/>` +
    `<text class="quiet label" text-anchor="middle" ${at}>${xmlText(edgeLabel(edge.edge))}</text>`
  );
}

function xmlText(text: string): string {
  const codes: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (char) => codes[char]!);
}
