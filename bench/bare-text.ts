/** Bench `bare-text`: the two attempts at the word count, paired, over 200 MB of text. */
import { runBareText, type TextFigures, type TextKernel } from "./bare/text.ts";
import { type Bench, pairedRounds, roundedSpread } from "./harness.ts";
import { largeText } from "./novel.ts";

export const bareText: Bench = {
  name: "bare-text",
  help: "word count per 1,000 lines over >= 200 MB in one thread; MB (1e6 bytes) per CPU second",
  async run(options) {
    const path = await largeText();
    // The first pass of a kernel runs in the baseline compiler's code and warms the file cache.
    const warm = await runBareText(path, "text");
    await runBareText(path, "text-challenger");
    const side = (kernel: TextKernel) => async () => {
      const figures = await runBareText(path, kernel);
      checkSame(warm, figures);
      options.log(
        `${kernel}: ${figures.megabytesPerCpuSecond.toFixed(0)} MB per CPU second, ` +
          `${figures.megabytesPerSecond.toFixed(0)} MB/s`,
      );
      return figures.megabytesPerCpuSecond;
    };
    const pair = await pairedRounds(side("text"), side("text-challenger"), options.rounds);
    options.log(
      `bare / challenger = ${pair.ratio.median.toFixed(2)} ` +
        `(${pair.ratio.min.toFixed(2)}..${pair.ratio.max.toFixed(2)})`,
    );
    return {
      bytes: warm.bytes,
      words: Number(warm.words),
      windows: warm.windows,
      rows: Number(warm.rows),
      bareMegabytesPerCpuSecond: roundedSpread(pair.a),
      challengerMegabytesPerCpuSecond: roundedSpread(pair.b),
      ratio: roundedSpread(pair.ratio),
    };
  },
};

/** Two kernels that disagree are not two attempts at one thing. */
function checkSame(a: TextFigures, b: TextFigures): void {
  if (a.digest !== b.digest || a.words !== b.words || a.windows !== b.windows) {
    throw new Error(
      `Cannot compare word counts: ${a.words} words in ${a.windows} windows (digest ${a.digest}), ` +
        `then ${b.words} in ${b.windows} (digest ${b.digest})`,
    );
  }
}
