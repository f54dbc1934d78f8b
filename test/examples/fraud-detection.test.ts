/** The fraud detection as it is, against plain TypeScript. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectRows, MiniCluster, runJob } from "../../src/testing/index.ts";

const JOB = new URL("../../examples/fraud-detection/job.ts", import.meta.url);
const MINUTE = 60_000;

interface Payment {
  readonly account: string;
  readonly amount: number;
  readonly at: number;
}

let cluster: MiniCluster;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-fraud-"));
  cluster = await MiniCluster.start({ slots: 2 });
});
afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Payments of 40 accounts, up to 4 s out of order; half of those behind a small one are large. */
function payments(): Payment[] {
  let state = 5;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const amounts = [0.5, 0.25, 40, 260, 499.75, 500, 500.25, 2_000];
  return Array.from({ length: 6_000 }, (_, i) => {
    const at = 1_700_000_000_000 + i * 900 - random(4_000);
    return { account: `card-${random(40)}`, amount: amounts[random(amounts.length)]!, at };
  });
}

/** Each account's payments in the order of the file, with their event times. */
function expected(all: readonly Payment[]) {
  const small = new Map<string, Payment>();
  const alerts: object[] = [];
  const suspicions: object[] = [];
  for (const { account, amount, at } of all) {
    const tried = small.get(account);
    small.delete(account);
    if (tried !== undefined && at < tried.at + MINUTE && amount > 250) {
      (amount > 500 ? alerts : suspicions).push({ account, amount, tried: tried.amount, at });
    }
    if (amount < 1) small.set(account, { account, amount, at });
  }
  return { alerts, suspicions };
}

describe("examples/fraud-detection", () => {
  test("alerts and suspicions of 6,000 payments", async () => {
    const all = payments();
    const file = join(folder, "payments.jsonl");
    writeFileSync(file, all.map((payment) => `${JSON.stringify(payment)}\n`).join(""));
    const { sinks } = await runJob(JOB, { cluster, args: [file] });
    const { alerts, suspicions } = expected(all);
    expect(alerts.length).toBeGreaterThan(50);
    expect(suspicions.length).toBeGreaterThan(50);
    expectRows(sinks.get("alerts")!, alerts, { order: "any" });
    expectRows(sinks.get("suspicions")!, suspicions, { order: "any" });
  });

  test("runs on the payments beside it: one card is charged, another looks like it", async () => {
    const { sinks } = await runJob(JOB, { cluster });
    expect(sinks.get("alerts")!.map((row) => row.account)).toEqual(["card-2"]);
    expect(sinks.get("suspicions")!.map((row) => row.account)).toEqual(["card-4"]);
  });
});
