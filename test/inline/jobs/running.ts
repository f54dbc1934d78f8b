/** Running totals of a keyed stream, without a window; what it takes comes from the job's arguments. */
import type { JobContext } from "../../../src/cli/job-file.ts";
import { collectSink, files, textLines } from "../../../src/index.ts";
import { hypot } from "../../../src/inline/math.ts";

export default function running({ env, args }: JobContext): void {
  const [input, least = "1"] = args;
  const minimum = Number(least);
  env
    .fromSource(textLines(files(input!)))
    .map((row) => {
      const [shop = "", amount = "0"] = row.line.split(";");
      return { shop, amount: Number(amount), item: `<${amount}>` };
    })
    .filter((sale) => sale.amount >= minimum)
    .keyBy("shop")
    .reduce((a, b) => ({
      amount: hypot(a.amount, b.amount),
      item: b.item.length > a.item.length ? b.item : a.item,
    }))
    .sinkTo(collectSink());
}
