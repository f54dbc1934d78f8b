import fc from "fast-check";
import { expect, test } from "vitest";
import { longKey, StateModule } from "./state-module.ts";

const RUNS = { seed: 6, numRuns: 40 };
const KEYS = 12;
const MAX = 2n ** 63n - 1n;
const time = fc.oneof(
  fc.bigInt({ min: -20n, max: 60n }),
  fc.bigInt({ min: -(2n ** 63n), max: MAX }),
  fc.constantFrom(-(2n ** 63n), MAX),
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant("set" as const), fc.nat(KEYS - 1), time) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("delete" as const), fc.nat(KEYS - 1), time) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("advance" as const), fc.constant(0), time) },
);

test.each([
  [false, "in entries of their own"],
  [true, "held by their keys"],
])("timers fire by time, then by key, once each, whatever was deleted (%s: %s)", async (held) => {
  const module = await StateModule.open({ longs: true });
  const { call } = module;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (list) => {
      call.open!(1, 0, 8, Number(held));
      const owners = Array.from({ length: KEYS }, (_, i) => module.add(i, longKey(BigInt(i - 6))));
      const model = new Map<string, [time: bigint, key: number]>();
      for (const [action, key, at] of list) {
        const name = `${key}@${at}`;
        if (action === "set") {
          expect(call.register!(0, at, owners[key]!)).toBe(model.has(name) ? 0 : 1);
          model.set(name, [at, key]);
        } else if (action === "delete") {
          expect(call.unregister!(0, at, owners[key]!)).toBe(model.delete(name) ? 1 : 0);
        } else {
          const due = [...model.values()].filter(([when]) => when <= at).sort(byTimeAndKey);
          expect(drain(call, owners, at)).toEqual(due);
          for (const [when, owner] of due) model.delete(`${owner}@${when}`);
        }
        expect(call.timerCount!()).toBe(model.size);
      }
      const rest = [...model.values()].sort(byTimeAndKey);
      if (rest.length > 0) expect(call.nextTimer!(0) <= rest[0]![0]).toBe(true);
      expect(drain(call, owners, MAX)).toEqual(rest);
      call.close!();
    }),
    RUNS,
  );
});

test.each([false, true])(
  "a timeout that is put off a million times keeps one timer's memory (held: %s)",
  async (held) => {
    const module = await StateModule.open({ longs: true });
    const { call } = module;
    call.open!(1, 0, 8, Number(held));
    const owner = module.add(0, longKey(1n));
    const putOff = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        call.unregister!(0, BigInt(i), owner);
        call.register!(0, BigInt(i + 1), owner);
      }
    };
    putOff(0, 50_000);
    const before = call.bytes!();
    putOff(50_000, 1_000_000);
    expect(call.bytes!()).toBe(before);
    expect(call.timerCount!()).toBe(1);
    expect(drain(call, [owner], MAX)).toEqual([[1_000_000n, 0]]);
  },
);

test("event time and processing time are apart", async () => {
  const module = await StateModule.open({ longs: true });
  const { call } = module;
  const owner = module.add(0, longKey(1n));
  call.register!(0, 5n, owner);
  call.register!(1, 5n, owner);
  expect(call.poll!(1, 10n)).toBe(owner);
  expect(call.poll!(1, 10n)).toBe(0);
  expect(call.nextTimer!(0)).toBe(5n);
  expect(call.nextTimer!(1)).toBe(MAX);
});

function byTimeAndKey(a: [bigint, number], b: [bigint, number]): number {
  return a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1;
}

/** What fires up to `now`. */
function drain(
  call: StateModule["call"],
  owners: readonly number[],
  now: bigint,
): [bigint, number][] {
  const fired: [bigint, number][] = [];
  while (true) {
    const owner = Number(call.poll!(0, now));
    if (owner === 0) return fired;
    fired.push([BigInt(call.firedTime!()), owners.indexOf(owner)]);
  }
}
