/**
 * Prints what the fleet reports; ends after some seconds.
 *
 *     node --conditions=millrace-source examples/late-devices/main.ts
 */
import { Duration } from "millrace";
import { fleetReports } from "./fleet.ts";
import { twoGateways } from "./gateways.ts";

const idleTimeout = Duration.ofMillis(300);
for await (const { what, device, celsius, at } of fleetReports(twoGateways(), { idleTimeout })) {
  console.log(
    `${new Date(at).toISOString()}  ${what.padEnd(9)} ${device.padEnd(10)} ${celsius.toFixed(1)}`,
  );
}
