/** Every bench that `npm run bench` knows. */
import { bareExchange } from "./bare-exchange.ts";
import { bareText } from "./bare-text.ts";
import { firstHour } from "./first-hour.ts";
import type { Bench } from "./harness.ts";

export const BENCHES: readonly Bench[] = [bareExchange, bareText, firstHour];
