/** Gateways that do not exist, as AsyncIterables: stand for real feeds. A second of theirs takes 25 ms. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Reading } from "./fleet.ts";

const SECOND_MS = 25;
const SECONDS = 120;
/** 2026-01-01T00:00:00Z. */
const START = 1_767_225_600_000;

/**
 * A reading of each device for each second, some a second late; between two seconds the gateway is silent, and
 * gives what it has kept when it is back.
 */
async function* gateway(
  devices: readonly string[],
  silentFrom = SECONDS,
  silentTo = SECONDS,
): AsyncGenerator<Reading> {
  const kept: Reading[] = [];
  for (let second = 0; second < SECONDS; second++) {
    await sleep(SECOND_MS);
    for (const [i, device] of devices.entries()) {
      const celsius = Math.round(200 + 20 * i + 30 * Math.sin(second / 20 + i)) / 10;
      kept.push({ device, celsius, at: START + 1_000 * (second - ((second + i) % 2)) });
    }
    if (second < silentFrom || second >= silentTo) yield* kept.splice(0);
  }
  yield* kept;
}

/** One gateway that is always there, and one that is silent for a minute. */
export function twoGateways(): [AsyncIterable<Reading>, AsyncIterable<Reading>] {
  return [gateway(["roof", "greenhouse"]), gateway(["cellar"], 40, 100)];
}
