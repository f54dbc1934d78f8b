/** Bench `interval-join`: the SDK's interval join alone, one core, in events of both sides per second of CPU time in the module. */
import { type Bench, pairedRounds, rounded, roundedSpread } from "./harness.ts";
import { BareJoin, EngineJoin, type JoinLoad } from "./join-feeder.ts";

const GOAL_EVENTS_PER_SECOND = 3e6;
/**
 * 10 s to either side, and 20 events a ms of event time: a key has a row of each side in 10 s, so that a row meets one
 * earlier row of the other side on average.
 */
const LOAD: JoinLoad = { keys: 100_000, boundMs: 10_000, eventsPerMs: 20 };
/** More than the bounds' stretch of event time, twice: rows leave as fast as they come. */
const WARM_EVENTS = 2 * LOAD.boundMs * LOAD.eventsPerMs;

export const intervalJoin: Bench = {
  name: "interval-join",
  help: "100,000 uniform keys, bounds of 10 s, one match an event: events/s of one core, >= 3 M",
  async run(options) {
    const engine = await EngineJoin.open(LOAD);
    const bare = await BareJoin.open(LOAD);
    for (const side of [engine, bare]) side.feedEvents(WARM_EVENTS);
    const pair = await pairedRounds(
      async () => engine.run(options.seconds),
      async () => bare.run(options.seconds),
      options.rounds,
    );
    // The same rows: where one side has got further, the other follows.
    const events = Math.max(engine.events, bare.events);
    for (const side of [engine, bare]) side.feedEvents(events - side.events);
    if (engine.matches !== bare.matches) {
      throw new Error(`${engine.matches} matches, the bare loop found ${bare.matches}`);
    }
    const matchesPerEvent = engine.matches / engine.events;
    if (Math.abs(matchesPerEvent - 1) > 0.1) {
      throw new Error(`${matchesPerEvent.toFixed(2)} matches an event, expected 1`);
    }
    options.log(
      `engine ${millions(pair.a.median)} M events/s (goal ${GOAL_EVENTS_PER_SECOND / 1e6}), bare ` +
        `${millions(pair.b.median)}, ratio ${pair.ratio.median.toFixed(2)}; ` +
        `${matchesPerEvent.toFixed(2)} matches an event, ${engine.matches} in all, as the bare loop has`,
    );
    return {
      engineEventsPerSecond: roundedSpread(pair.a),
      goalEventsPerSecond: GOAL_EVENTS_PER_SECOND,
      bareEventsPerSecond: roundedSpread(pair.b),
      ofBare: roundedSpread(pair.ratio),
      matches: engine.matches,
      matchesPerEvent: rounded(matchesPerEvent),
    };
  },
};

function millions(rate: number): string {
  return (rate / 1e6).toFixed(1);
}
