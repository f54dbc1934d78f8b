/** Every place where the builder takes a function: lines of CSV to totals per shop and hour. */
import type { JobContext } from "../../../src/cli/job-file.ts";
import {
  collectSink,
  Duration,
  files,
  TumblingEventTimeWindows,
  textLines,
  WatermarkStrategy,
} from "../../../src/index.ts";

const CURRENCIES = ["EUR", "USD"];

/** `shop;ms;amount;currency` */
const parse = (line: string) => {
  const [shop = "", at = "", amount = "", currency = "EUR"] = line.split(";");
  if (Number.isNaN(Number(at))) throw new Error(`no time: ${at}`);
  return { shop: shop.trim().toLowerCase(), at: Number(at), amount: Number(amount), currency };
};

function rounded(amount: number): number {
  return Math.round(amount * 100) / 100;
}

export default function purchases({ env, args }: JobContext): void {
  const times = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(1));
  env
    .fromSource(textLines(files(args[0]!)))
    .map((row) => parse(row.line))
    .returns({
      shop: "STRING NOT NULL",
      at: "BIGINT NOT NULL",
      amount: "DOUBLE NOT NULL",
      currency: "STRING NOT NULL",
    })
    .onRowError("drop")
    .filter((purchase) => CURRENCIES.includes(purchase.currency) && purchase.amount > 0)
    .assignTimestampsAndWatermarks(times.withTimestampField("at", "ms"))
    .keyBy((purchase) => ({ till: purchase.shop.slice(0, 3), currency2: purchase.currency }))
    .window(TumblingEventTimeWindows.of(Duration.ofHours(1)))
    .reduce((a, b) => ({ amount: a.amount + b.amount }))
    .flatMap((total) => [{ ...total, amount: rounded(total.amount), note: `${total.till}!` }])
    .sinkTo(collectSink());
}
