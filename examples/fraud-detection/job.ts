/**
 * Fraud detection: payments (JSON lines) to alerts for accounts whose card was tried with a small amount and
 * then charged with a large one within a minute; doubtful cases apart.
 *
 *     millrace run examples/fraud-detection/job.ts                        the payments beside it
 *     millrace run examples/fraud-detection/job.ts "$PWD/mine.jsonl" 300   others, fraud from 300 on
 */
import {
  collectSink,
  Duration,
  files,
  type JobContext,
  jsonLines,
  OutputTag,
  schemaOf,
  WatermarkStrategy,
} from "millrace";

const TRANSACTION = schemaOf({
  account: "STRING NOT NULL",
  amount: "DOUBLE NOT NULL",
  at: "BIGINT NOT NULL",
});

export default async function fraudDetection({ env, bundle, path, args }: JobContext) {
  const fraud = await bundle("../../build/fraud-detection.wasm");
  const [payments = path("transactions.jsonl"), large = "500"] = args;
  const lateBy = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(5));

  const alerts = env
    .setParallelism(2)
    .fromSource(jsonLines(files(payments), TRANSACTION), lateBy.withTimestampField("at", "ms"))
    // One reader: several would share a large file, and an account's payments lose their order.
    .setParallelism(1)
    .keyBy("account")
    .process(fraud.operator("FraudDetector", { large: Number(large) }));

  alerts.sinkTo(collectSink()).uid("alerts");
  alerts.getSideOutput(new OutputTag("suspicions")).sinkTo(collectSink()).uid("suspicions");
}
