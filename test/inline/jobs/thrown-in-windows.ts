/** Functions of windows that throw at a row, or when a window fires. */
import type { JobContext } from "../../../src/cli/job-file.ts";
import {
  Duration,
  files,
  jsonLines,
  schemaOf,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "../../../src/index.ts";

const SALE = schemaOf({
  shop: "STRING NOT NULL",
  amount: "DOUBLE NOT NULL",
  at: "BIGINT NOT NULL",
});

export default function sales({ env, args }: JobContext): void {
  const times = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at");
  const hours = env
    .fromSource(jsonLines(files(args[0]!), SALE), times)
    .keyBy("shop")
    .window(TumblingEventTimeWindows.of(Duration.ofHours(1)));
  if (args[1] === "reduce") {
    hours
      .reduce((a, b) => {
        if (b.amount < 0) throw new Error("a negative amount");
        return { amount: a.amount + b.amount };
      })
      .onRowError("drop")
      .collect();
    return;
  }
  hours
    .aggregate({
      createAccumulator: () => ({ sales: 0, amount: 0 }),
      add: (sale, all) => {
        if (sale.amount < 0) throw new Error("a negative amount");
        return { sales: all.sales + 1, amount: all.amount + sale.amount };
      },
      getResult: (all) => {
        if (all.sales === 1) throw new Error("a single sale");
        return { amount: all.amount };
      },
    })
    .onRowError("drop")
    .collect();
}
