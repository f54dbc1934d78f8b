/** The fleet of sensors with late devices, step by step: each waits for what the one before brings about. */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Report } from "../../examples/late-devices/fleet.ts";

const NODE = ["--conditions=millrace-source"];
const ATTIC = 0;
const CELLAR = 1;

const average = (device: string, celsius: number, readings: number, at: number): Report => {
  return { what: "average", device, celsius, readings, at };
};

test("a silent gateway holds nobody back; what it has kept corrects averages, or is too late", async () => {
  const driver = fileURLToPath(new URL("late-devices-driver.ts", import.meta.url));
  const child = spawn(process.execPath, [...NODE, driver], { stdio: ["pipe", "pipe", "inherit"] });
  const reports = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = (gateway: number, device: string, celsius: number, at: number) =>
    child.stdin.write(`${JSON.stringify({ gateway, device, celsius, at })}\n`);
  const next = async (count: number) => {
    const seen: Report[] = [];
    while (seen.length < count) {
      const { value, done } = await reports.next();
      if (done === true) break;
      seen.push(JSON.parse(value));
    }
    return seen.sort((a, b) => (a.device < b.device ? -1 : 1));
  };

  try {
    say(ATTIC, "attic", 20, 1_000);
    say(ATTIC, "attic", 22, 12_500);
    say(CELLAR, "cellar", 8, 2_000);
    // The cellar's watermark stands before 2 s, so only its idleness lets these two go.
    expect(await next(2)).toEqual([
      average("attic", 20, 1, 10_000),
      average("cellar", 8, 1, 10_000),
    ]);

    say(CELLAR, "cellar", 10, 3_000);
    const corrected = [average("cellar", 9, 2, 10_000)];
    expect(await next(1), "within the allowed lateness").toEqual(corrected);

    say(ATTIC, "attic", 24, 60_000);
    expect(await next(1)).toEqual([average("attic", 22, 1, 20_000)]);
    say(CELLAR, "cellar", 7, 4_000);
    expect(await next(1), "beyond it").toEqual([
      { what: "too late", device: "cellar", celsius: 7, readings: 1, at: 4_000 },
    ]);

    child.stdin.end();
    expect(await next(2)).toEqual([average("attic", 24, 1, 70_000)]);
  } finally {
    child.kill("SIGKILL");
  }
});

test("runs on gateways of its own: late readings are corrected or apart", () => {
  const main = fileURLToPath(new URL("../../examples/late-devices/main.ts", import.meta.url));
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, [...NODE, main], options);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toMatch(/average +cellar/);
  expect(stdout).toMatch(/too late +cellar/);
  expect(stdout).not.toMatch(/too late +roof/);
});
