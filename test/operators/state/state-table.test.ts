import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { longKey, StateModule } from "./state-module.ts";

const RUNS = { seed: 6, numRuns: 30 };
type Step = readonly [action: "add" | "remove" | "find", key: number, window: number];
const steps = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0]>("add", "add", "remove", "find"),
    fc.nat(400),
    fc.integer({ min: -2, max: 2 }),
  ),
  { maxLength: 2000 },
);

const KEY_KINDS: Readonly<Record<string, (key: number) => Uint8Array>> = {
  "int64 keys": (key) => longKey(BigInt(key) * 0x1_0000_0001n - 5n),
  "text keys of all lengths": (key) => new TextEncoder().encode("é".repeat(key % 23) + key),
};

describe.each(Object.entries(KEY_KINDS))("a state table of %s", (kind, bytesOf) => {
  test.each([false, true])("gives what a map gives (windows: %s)", async (windows) => {
    const longs = kind.startsWith("int64");
    const module = await StateModule.open({ longs, windows });
    const { call } = module;
    fc.assert(
      fc.property(steps, (list) => {
        call.open!(Number(longs), Number(windows), 8, 0);
        const model = new Map<string, { entry: number; value: bigint; group: number }>();
        let next = 1n;
        for (const [action, key, window] of list) {
          const name = windows ? `${key}/${window}` : `${key}`;
          const place: [bigint, bigint] = [BigInt(window), BigInt(window) + 5n];
          const bytes = bytesOf(key);
          const known = model.get(name);
          const found = module.find(bytes, place);
          expect(found).toBe(known?.entry ?? 0);
          if (known !== undefined) expect(call.readValue!(found)).toBe(known.value);
          if (action === "add" && known === undefined) {
            const entry = module.add(key % 128, bytes, place);
            call.setValue!(entry, next);
            model.set(name, { entry, value: next++, group: key % 128 });
          } else if (action === "remove" && known !== undefined) {
            call.remove!(known.entry);
            model.delete(name);
          }
        }
        expect(call.count!()).toBe(model.size);
        for (const [name, { entry }] of model) {
          expect([...module.keyOf(entry)]).toEqual([...bytesOf(Number(name.split("/")[0]))]);
        }
        const walked = Array.from({ length: 128 }, (_, group) => module.walk(group).sort());
        const wanted = Array.from({ length: 128 }, (_, group) =>
          [...model.values()].filter((one) => one.group === group).map((one) => one.entry),
        );
        expect(walked).toEqual(wanted.map((one) => one.sort()));
        call.close!();
      }),
      RUNS,
    );
  });
});

test("locates the keys of a batch, those that are not there too", async () => {
  const { call } = await StateModule.open({ longs: true });
  call.fill!(0n, 5000);
  const keys = Array.from({ length: 1200 }, (_, i) =>
    BigInt.asIntN(64, BigInt(i * 7) * 0x5851f42d4c957f2dn),
  );
  const data = Number(call.alloc!(keys.length * 8));
  const entries = Number(call.alloc!(keys.length * 4));
  new BigInt64Array(call.memory.buffer, data, keys.length).set(keys);
  call.locateLongs!(data, keys.length, entries);
  const found = [...new Uint32Array(call.memory.buffer, entries, keys.length)];
  found.forEach((entry, i) => {
    if (i * 7 >= 5000) {
      expect(entry).toBe(0);
      return;
    }
    const at = Number(call.keyOf!(entry));
    const bytes = new Uint8Array(call.memory.buffer.slice(at, at + 8));
    expect([...bytes]).toEqual([...longKey(keys[i]!)]);
  });
});

test("grows to 200,000 keys and gives its memory back to others", async () => {
  const { call } = await StateModule.open({ longs: true });
  call.fill!(0n, 200_000);
  expect(call.count!()).toBe(200_000);
  const held = call.memory.buffer.byteLength;
  for (let round = 0; round < 5; round++) {
    call.close!();
    call.open!(1, 0, 8, 0);
    call.fill!(BigInt(round) << 40n, 200_000);
  }
  expect(call.memory.buffer.byteLength).toBe(held);
});
