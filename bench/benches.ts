/** Every bench that `npm run bench` knows. */
import { bareExchange } from "./bare-exchange.ts";
import { bareText } from "./bare-text.ts";
import type { Bench } from "./harness.ts";
import { oneFile } from "./one-file.ts";

export const BENCHES: readonly Bench[] = [bareExchange, bareText, oneFile];
