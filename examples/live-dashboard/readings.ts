/** Readings of thermometers that do not exist, as an AsyncIterable: stands for a real feed. */
import { setTimeout as sleep } from "node:timers/promises";

/** What a thermometer sends. */
export interface Reading {
  readonly device: string;
  readonly celsius: number;
  /** ms since 1970. */
  readonly at: number;
}

const DEVICES = ["boiler", "cellar", "greenhouse", "roof"];
const PERIOD_MS = 50;

/** A reading of each device every 50 ms, without end. */
export async function* thermometers(): AsyncGenerator<Reading> {
  for (let step = 0; ; step++) {
    for (const [i, device] of DEVICES.entries()) {
      const celsius = 15 + 10 * i + 5 * Math.sin(step / 40 + i);
      yield { device, celsius: Math.round(celsius * 10) / 10, at: Date.now() };
    }
    await sleep(PERIOD_MS);
  }
}
