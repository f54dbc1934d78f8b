/** A channel between two tasks: frames one way, credits the other. */
import { CHANNEL_CREDITS } from "../../src/protocol/limits.ts";
import { Drawing } from "./drawing.ts";

export function creditsPicture(): string {
  const drawing = new Drawing("Frames need credits", 720, 130);
  drawing.box(16, 30, 170, 70, ["task in front", "a full batch waits", "for a credit"], "box");
  drawing.box(534, 30, 170, 70, ["task behind", "takes a batch,", "gives a credit"], "box");
  drawing.line(
    [
      [188, 52],
      [532, 52],
    ],
    { arrow: true },
  );
  drawing.line(
    [
      [532, 84],
      [190, 84],
    ],
    { arrow: true },
  );
  for (let frame = 0; frame < CHANNEL_CREDITS; frame++) {
    drawing.box(250 + frame * 120, 40, 80, 24, ["batch"], "accent");
  }
  drawing.text(360, 26, `at most ${CHANNEL_CREDITS} under way`, "quiet", "middle");
  drawing.text(360, 104, "credits", "quiet", "middle");
  return drawing.toString();
}
