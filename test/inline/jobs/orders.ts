/** Columns with values inside, from JSON to JSON: items of orders, and what each price sold. */
import type { JobContext } from "../../../src/cli/job-file.ts";
import {
  collectSink,
  Duration,
  files,
  jsonLines,
  schemaOf,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "../../../src/index.ts";

const ORDER = schemaOf({
  id: "BIGINT NOT NULL",
  at: "BIGINT NOT NULL",
  price: "DECIMAL(12, 2) NOT NULL",
  tags: "ARRAY<STRING>",
  place: "ROW<city STRING NOT NULL, floor INT>",
  items: "ARRAY<ROW<name STRING NOT NULL, qty INT NOT NULL> NOT NULL> NOT NULL",
  attributes: "MAP<STRING, ARRAY<BIGINT>>",
  seal: "BYTES",
});

export default function orders({ env, args }: JobContext): void {
  const times = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(1));
  const read = env
    .fromSource(jsonLines(files(args[0]!), ORDER))
    .filter((order) => order.items.length > 0 && order.place?.city !== "Nowhere");
  if (args[1] === "prices") {
    read
      .assignTimestampsAndWatermarks(times.withTimestampField("at", "ms"))
      .keyBy((order) => ({ each: order.price }))
      .window(TumblingEventTimeWindows.of(Duration.ofHours(1)))
      .aggregate({
        createAccumulator: () => ({ orders: 0, pieces: 0 }),
        add: (order, all) => ({
          orders: all.orders + 1,
          pieces: all.pieces + order.items.reduce((sum: number, item) => sum + item.qty, 0),
        }),
        getResult: (all) => ({ orders: all.orders, both: [all.orders, all.pieces] }),
      })
      .sinkTo(collectSink());
    return;
  }
  read
    .map((order) => ({
      ...order,
      tags: order.tags?.map((tag) => tag?.toUpperCase()),
      first: order.items[0],
      label: { city: order.place?.city ?? "?", names: order.items.map((item) => item.name) },
    }))
    .returns({
      id: "BIGINT NOT NULL",
      at: "BIGINT NOT NULL",
      price: "DECIMAL(12, 2) NOT NULL",
      tags: "ARRAY<STRING>",
      place: "ROW<city STRING NOT NULL, floor INT>",
      items: "ARRAY<ROW<name STRING NOT NULL, qty INT NOT NULL> NOT NULL> NOT NULL",
      attributes: "MAP<STRING, ARRAY<BIGINT>>",
      seal: "BYTES",
      first: "ROW<name STRING, qty SMALLINT>",
      label: "ROW<city STRING NOT NULL, names ARRAY<VARCHAR(6) NOT NULL> NOT NULL> NOT NULL",
    })
    .onRowError("drop")
    .rebalance()
    .flatMap((order) =>
      order.items.map((item) => ({
        item,
        first: order.first,
        label: order.label,
        tags: order.tags,
        price: order.price,
        attributes: order.attributes,
        seal: order.seal,
      })),
    )
    .setParallelism(2)
    .sinkTo(collectSink());
}
