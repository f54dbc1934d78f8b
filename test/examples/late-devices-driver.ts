/**
 * The fleet of late devices in a process of its own, as functions of a job file need: readings come in as
 * JSON lines with the number of their gateway, reports go out as JSON lines.
 */
import { createInterface } from "node:readline";
import { fleetReports, type Reading } from "../../examples/late-devices/fleet.ts";
import { Duration } from "../../src/index.ts";

/** A gateway that says what it is told, when it is told. */
class Gateway implements AsyncIterable<Reading> {
  readonly #readings: Reading[] = [];
  #ended = false;
  #wake = () => {};

  say(reading: Reading): void {
    this.#readings.push(reading);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Reading> {
    for (;;) {
      yield* this.#readings.splice(0);
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const gateways: [Gateway, Gateway] = [new Gateway(), new Gateway()];
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { gateway, ...reading } = JSON.parse(line);
  gateways[gateway as 0 | 1].say(reading);
});
lines.on("close", () => {
  for (const gateway of gateways) gateway.end();
});
for await (const report of fleetReports(gateways, { idleTimeout: Duration.ofMillis(300) })) {
  console.log(JSON.stringify(report));
}
