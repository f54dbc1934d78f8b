/**
 * Benches `sliding` and `session`: window_aggregate alone, one core, in events per second of time in
 * the module. 1 M events per second of event time; a watermark behind every 4,096 of them.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Bench, pairedRounds, rounded, roundedSpread } from "./harness.ts";
import { BareFeeder, EngineFeeder } from "./window-feeder.ts";

const SECOND_MS = 1_000;
const SLIDING_KEYS = 1_000;
const SLIDING_GOAL = 0.9;
const SESSION_KEYS = 100_000;
/** A key comes every 100 ms on average: a pause of 300 ms ends one session in e^3 = 20 events. */
const SESSION_GAP_MS = 300;
const SESSION_GOAL_EVENTS_PER_SECOND = 5e6;

function buildOperators(): void {
  const root = fileURLToPath(new URL("../", import.meta.url));
  execFileSync(process.execPath, ["src/build/build-operators.ts"], { cwd: root });
}

export const sliding: Bench = {
  name: "sliding",
  help: "windows of 1 h by 1 s against windows of 1 s: events/s by events/s, >= 0.9; 1,000 keys",
  async run(options) {
    buildOperators();
    const aggregates = ["count", "sum", "max"] as const;
    const windows = (parameters: Record<string, unknown>) =>
      EngineFeeder.open({ keys: SLIDING_KEYS, parameters, aggregates });
    const slid = await windows({
      assigner: "sliding",
      size: 3_600 * SECOND_MS,
      slide: SECOND_MS,
    });
    const tumbled = await windows({ assigner: "tumbling", size: SECOND_MS });
    const bare = await BareFeeder.open("tumble", SLIDING_KEYS, SECOND_MS);
    // The windows are full from the beginning, and every key has been there.
    for (const side of [slid, tumbled]) side.fill(4_000 * SECOND_MS);
    for (const side of [slid, tumbled, bare]) side.run(options.seconds / 2);
    const checks = [slid, tumbled].map((side) => resultCheck(side, SLIDING_KEYS));
    const pair = await pairedRounds(
      async () => slid.run(options.seconds),
      async () => tumbled.run(options.seconds),
      options.rounds,
    );
    const reference = bare.run(options.seconds);
    for (const check of checks) check();
    options.log(
      `sliding ${millions(pair.a.median)}, tumbling ${millions(pair.b.median)}, bare tumbling ` +
        `${millions(reference)} M events/s; sliding by tumbling ${pair.ratio.median.toFixed(2)} (goal ${SLIDING_GOAL})`,
    );
    return {
      slidingByTumbling: roundedSpread(pair.ratio),
      goal: SLIDING_GOAL,
      slidingEventsPerSecond: rounded(pair.a.median),
      tumblingEventsPerSecond: rounded(pair.b.median),
      bareEventsPerSecond: rounded(reference),
    };
  },
};

/** From now on every key has a result for every second whose end the watermark passes. */
function resultCheck(side: EngineFeeder, keys: number): () => void {
  const secondsNow = () => Math.floor(side.lastMs / SECOND_MS);
  const [results, seconds] = [side.results, secondsNow()];
  return () => {
    const expected = (secondsNow() - seconds) * keys;
    const got = side.results - results;
    if (got !== expected) throw new Error(`${got} results, expected ${expected}`);
  };
}

export const session: Bench = {
  name: "session",
  help: "sessions of 100,000 interleaved keys, 20 events each: events/s of one core, >= 5 M",
  async run(options) {
    buildOperators();
    const parameters = { assigner: "session", gap: SESSION_GAP_MS };
    const aggregates = ["count", "sum"] as const;
    const engine = await EngineFeeder.open({ keys: SESSION_KEYS, parameters, aggregates });
    const bare = await BareFeeder.open("sessions", SESSION_KEYS, SESSION_GAP_MS);
    for (const side of [engine, bare]) side.run(options.seconds / 2);
    const pair = await pairedRounds(
      async () => engine.run(options.seconds),
      async () => bare.run(options.seconds),
      options.rounds,
    );
    const eventsPerSession = engine.events / engine.results;
    if (Math.abs(eventsPerSession - 20) > 2) {
      throw new Error(`${eventsPerSession.toFixed(1)} events a session, expected 20`);
    }
    options.log(
      `engine ${millions(pair.a.median)} M events/s (goal ${SESSION_GOAL_EVENTS_PER_SECOND / 1e6}), bare ` +
        `${millions(pair.b.median)}, ratio ${pair.ratio.median.toFixed(2)}; ` +
        `${eventsPerSession.toFixed(1)} events a session`,
    );
    return {
      engineEventsPerSecond: roundedSpread(pair.a),
      goalEventsPerSecond: SESSION_GOAL_EVENTS_PER_SECOND,
      bareEventsPerSecond: roundedSpread(pair.b),
      ofBare: roundedSpread(pair.ratio),
      eventsPerSession: rounded(eventsPerSession),
    };
  },
};

function millions(rate: number): string {
  return (rate / 1e6).toFixed(1);
}
