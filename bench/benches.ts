/** Every bench that `npm run bench` knows. */
import { bareExchange } from "./bare-exchange.ts";
import { bareText } from "./bare-text.ts";
import { boundary } from "./boundary.ts";
import { exchangeLocal, exchangeNetwork } from "./exchange-engine.ts";
import { firstHour } from "./first-hour.ts";
import type { Bench } from "./harness.ts";
import { intervalJoin } from "./joins.ts";
import { oneFile } from "./one-file.ts";
import { rowLog } from "./row-log.ts";
import { startup } from "./startup.ts";
import { growth, stateRmw, timers } from "./state.ts";
import { text } from "./text.ts";
import { session, sliding } from "./windows.ts";

export const BENCHES: readonly Bench[] = [
  bareExchange,
  bareText,
  exchangeLocal,
  exchangeNetwork,
  text,
  boundary,
  startup,
  firstHour,
  oneFile,
  stateRmw,
  growth,
  rowLog,
  timers,
  sliding,
  session,
  intervalJoin,
];
