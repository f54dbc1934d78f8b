/** Who talks to whom in a cluster. */
import { Drawing } from "./drawing.ts";

export function clusterPicture(): string {
  const drawing = new Drawing("A client, a JobManager and two workers", 720, 300);
  drawing.box(20, 24, 190, 76, ["you", "millrace run", "your application"], "inner");
  drawing.box(
    300,
    24,
    400,
    76,
    ["JobManager", "takes bundles and jobs, hands out slots,", "one JobMaster for each job"],
    "accent",
  );
  drawing.line(
    [
      [210, 62],
      [298, 62],
    ],
    { arrow: true },
  );
  drawing.text(218, 54, "HTTP", "quiet");
  worker(drawing, 20, "TaskManager left");
  worker(drawing, 400, "TaskManager right");
  // Workers dial: the arrows begin at them.
  drawing.line(
    [
      [240, 170],
      [340, 102],
    ],
    { arrow: true },
  );
  drawing.line(
    [
      [560, 170],
      [560, 102],
    ],
    { arrow: true },
  );
  drawing.text(150, 140, "control link", "quiet");
  drawing.text(568, 140, "control link", "quiet");
  drawing.line(
    [
      [320, 232],
      [398, 232],
    ],
    { arrow: true },
  );
  drawing.line(
    [
      [398, 246],
      [322, 246],
    ],
    { arrow: true },
  );
  drawing.text(359, 224, "batches", "quiet", "middle");
  drawing.text(359, 264, "credits", "quiet", "middle");
  return drawing.toString();
}

function worker(drawing: Drawing, x: number, name: string): void {
  drawing.box(x, 170, 300, 112, [name], "box");
  for (const slot of [0, 1]) {
    drawing.box(
      x + 16 + slot * 136,
      200,
      130,
      66,
      [`slot ${slot + 1}`, "one isolate,", "tasks, modules"],
      "inner",
    );
  }
}
