import { describe, expect, test } from "vitest";
import { EXPORTS } from "../../../src/protocol/abi.ts";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import { keyGroupOf, keyHash, subtaskOf } from "../../../src/protocol/key-group.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { ABI_VERSION } from "../../../src/protocol/versions.ts";
import { testBundle } from "../../conformance/conformance-module.ts";
import {
  HarnessModule,
  type HarnessSetup,
  MODES,
  OperatorHarness,
  type OutputElement,
} from "../../conformance/operator-harness.ts";

const BIGINT = { type: "BIGINT", nullable: false } as const;
const ENTRY: Schema = [
  { name: "k", type: BIGINT },
  { name: "v", type: BIGINT },
];
const LINE: Schema = [
  { name: "what", type: { type: "STRING", nullable: false } },
  { name: "k", type: BIGINT },
  { name: "n", type: BIGINT },
];
const LEDGER: HarnessSetup = {
  operator: 0,
  inputs: [
    { schema: ENTRY, keys: ["k"] },
    { schema: ENTRY, keys: ["k"] },
  ],
  outputs: [{ name: "main", schema: LINE }],
};
const NUMBERS: HarnessSetup = {
  operator: 1,
  inputs: [],
  outputs: [{ name: "main", schema: [{ name: "n", type: BIGINT }] }],
};

const compiled = await testBundle("test/operators/abi-module/assembly", [
  "ledger",
  "numbers",
  "$exchange",
]);

function entries(...rows: readonly (readonly [key: bigint, value: bigint, time?: bigint])[]) {
  const writer = new BatchWriter(ENTRY);
  for (const [key, value, eventTime] of rows) writer.append([key, value], { eventTime });
  return writer.finish();
}

function bytesOf(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values).buffer);
}

function bigints(bytes: Uint8Array): bigint[] {
  return [...new BigInt64Array(bytes.slice().buffer)];
}

/** Elements as short texts: "what k n", or "watermark t". */
function texts(elements: readonly OutputElement[]): string[] {
  return elements.map((element) => {
    if (element.type === "status") return element.idle ? "idle" : "active";
    if (element.type === "watermark") return `watermark ${element.timestamp}`;
    return Object.values(element.values).join(" ");
  });
}

describe.each(Object.entries(MODES))("a module under %s", (_, mode) => {
  const open = (setup: HarnessSetup = LEDGER, module = new HarnessModule(compiled)) =>
    new OperatorHarness(module, setup, mode);
  const out = (harness: OperatorHarness) => texts(harness.drain()[0]!);

  test("mr_abi, mr_open: answers its version, logs, refuses a wrong parameter by name", () => {
    const module = new HarnessModule(compiled);
    expect(module.call("mr_abi")).toBe(ABI_VERSION);
    expect(open(LEDGER, module).inst).toBe(0);
    expect(module.logged).toEqual(["1 ledger open"]);
    expect(() => open({ ...LEDGER, parameters: { limit: 0 } }, module)).toThrow(
      "limit: must be positive",
    );
  });

  test("mr_process, mr_state_supply: asks for the state of unknown keys, then uses it", () => {
    const ledger = open();
    const asked: bigint[][] = [];
    ledger.stateOf = (keys) => {
      asked.push(bigints(keys));
      return bytesOf(...bigints(keys).flatMap((key) => [key, key * 100n]));
    };
    ledger.process(entries([1n, 5n], [2n, 6n], [1n, 7n]));
    ledger.process(entries([2n, 1n]), 1);
    expect(asked).toEqual([[1n, 2n]]);
    expect(out(ledger)).toEqual(["sum0 1 105", "sum0 2 206", "sum0 1 112", "sum1 2 207"]);
    expect(ledger.module.counter("rowsIn")).toBe(4n);
    expect(ledger.module.counter("rowsOut")).toBe(4n);
    expect(ledger.module.counter("stateBytes")).toBe(32n);
    const told = ledger.module.call("mr_metrics", 0);
    const length = new DataView(ledger.module.buffer).getUint32(told, true);
    const text = new TextDecoder().decode(ledger.module.read(told + 4, length));
    expect(JSON.parse(text)).toEqual([{ name: "rows", counter: "4" }]);
  });

  test("ROW_FAILED names the row, and the call goes on behind it", () => {
    const ledger = open();
    ledger.process(entries([1n, 1n], [1n, -1n], [1n, 2n], [1n, -2n]));
    expect(out(ledger)).toEqual(["sum0 1 1", "sum0 1 3"]);
    const message = "v: must not be negative";
    expect(ledger.failures).toEqual([
      { row: 1, message },
      { row: 3, message },
    ]);
    expect(ledger.module.counter("rowsFailed")).toBe(2n);
    expect(ledger.module.result("code")).toBe(7);
  });

  test("mr_watermark, mr_next_timer, mr_timers: fires timers of both domains in order", () => {
    const ledger = open();
    ledger.module.clock = 1000n;
    ledger.process(entries([1n, 1n, 20n], [2n, 2n, 5n], [3n, 3n, 7n]));
    expect(ledger.nextTimer(0)).toBe(15n);
    expect(ledger.nextTimer(1)).toBe(1005n);
    ledger.drain();
    ledger.watermark(17n);
    expect(out(ledger)).toEqual(["event 2 15", "event 3 17", "watermark 17"]);
    expect(ledger.nextTimer(0)).toBe(30n);
    ledger.advanceTo(1004n);
    expect(out(ledger)).toEqual([]);
    ledger.advanceTo(2000n);
    expect(out(ledger)).toEqual(["clock 1 1005", "clock 2 1005", "clock 3 1005"]);
    expect(ledger.nextTimer(1)).toBeUndefined();
  });

  test("mr_process: a watermark within a batch fires timers between its rows", () => {
    const ledger = open();
    const writer = new BatchWriter(ENTRY).append([1n, 1n], { eventTime: 0n }).watermark(12n);
    ledger.process(writer.append([1n, 2n]).watermark(13n).finish());
    expect(out(ledger)).toEqual([
      "sum0 1 1",
      "event 1 10",
      "watermark 12",
      "sum0 1 3",
      "watermark 13",
    ]);
  });

  test("mr_complete: a request goes out in the middle of a batch, its answer comes back", () => {
    const ledger = open();
    ledger.process(entries([4n, 1n], [5n, 1000n], [4n, 2n], [6n, 1000n]));
    expect(ledger.requests.map(({ id, bytes }) => [id, ...bigints(bytes)])).toEqual([
      [1n, 5n],
      [2n, 6n],
    ]);
    expect(out(ledger)).toEqual(["sum0 4 1", "sum0 4 3"]);
    ledger.complete(2n, bytesOf(66n));
    ledger.complete(1n, bytesOf(55n));
    expect(out(ledger)).toEqual(["answer 2 66", "answer 1 55"]);
  });

  test("mr_idle, mr_end_input: it turns idle and active, each input ends by itself", () => {
    const ledger = open();
    ledger.idle(true);
    ledger.drain();
    ledger.idle(false);
    expect(out(ledger)).toEqual(["active 0 0", "active"]);
    ledger.endInput(1);
    ledger.endInput(0);
    expect(out(ledger)).toEqual(["end 1 1", "end of all 0 2"]);
  });

  test("mr_prepare_commit: hands out what is to be committed, once", () => {
    const ledger = open();
    ledger.process(entries([1n, 1n], [2n, 1n]));
    expect(ledger.prepareCommit(9n).map(({ bytes }) => bigints(bytes))).toEqual([[9n, 2n]]);
    expect(ledger.prepareCommit(10n)).toEqual([]);
  });

  test("mr_snapshot, mr_restore: state and timers move to other subtasks by key group", () => {
    const module = new HarnessModule(compiled);
    const one = open(LEDGER, module);
    const keys = [1n, 2n, 3n, 4n, 5n, 6n, 7n];
    one.process(entries(...keys.map((key) => [key, key, key] as const)));
    const chunks = one.snapshot(1n);
    const groupOf = (key: bigint) => keyGroupOf(keyHash([key], [BIGINT]), 128);
    expect(chunks.map((chunk) => chunk.keyGroup)).toEqual(
      [...new Set(keys.map(groupOf))].sort((a, b) => a - b),
    );
    const parts = [0, 1, 2].map((subtask) => open({ ...LEDGER, subtask, parallelism: 3 }, module));
    for (const chunk of chunks) parts[subtaskOf(chunk.keyGroup, 128, 3)]!.restore(chunk);
    for (const [subtask, part] of parts.entries()) {
      const own = keys.filter((key) => subtaskOf(groupOf(key), 128, 3) === subtask);
      part.watermark(100n);
      const fired = own.map((key) => `event ${key} ${key + 10n}`);
      expect(out(part)).toEqual([...fired, "watermark 100"]);
      part.process(entries(...own.map((key) => [key, 1n] as const)));
      expect(out(part)).toEqual(own.map((key) => `sum0 ${key} ${key + 1n}`));
      expect(part.nextTimer(1)).toBe(own.length === 0 ? undefined : 5n);
    }
  });

  test("mr_snapshot: of what changed since a checkpoint, behind the full one it builds on", () => {
    const module = new HarnessModule(compiled);
    const [one, two] = [open(LEDGER, module), open(LEDGER, module)];
    one.process(entries([1n, 1n], [2n, 2n], [3n, 3n]));
    const full = one.snapshot(1n);
    one.process(entries([2n, 20n]));
    const delta = one.snapshot(2n, 1n);
    const sums = (chunks: typeof delta) =>
      chunks.flatMap(({ bytes }) => bigints(bytes)).filter((_, i, all) => all[i - (i % 3)] === 0n);
    expect(sums(full)).toHaveLength(9);
    expect(sums(delta)).toEqual([0n, 2n, 22n]);
    expect(sums(one.snapshot(3n, 2n))).toEqual([]);
    for (const chunk of [...full, ...delta]) two.restore(chunk);
    two.process(entries([1n, 1n], [2n, 1n]));
    expect(out(two)).toEqual(["sum0 1 2", "sum0 2 23"]);
  });

  test("mr_source_assign, mr_source_poll: reads splits until the last is finished", () => {
    const source = open(NUMBERS);
    expect(source.poll()).toBe(false);
    expect(() => source.assign({ from: 3, to: 1 })).toThrow("split: to must not be below from");
    source.assign({ from: 1, to: 4 });
    expect(source.poll()).toBe(false);
    source.assign({ from: 10, to: 12 });
    expect(source.poll()).toBe(true);
    expect(out(source)).toEqual(["1", "2", "3", "10", "11"]);
  });

  test("mr_source_bytes: values lie across the pieces the host reads, FINISHED ends the split", () => {
    const source = open(NUMBERS);
    expect(source.bytes(Uint8Array.of(1, 2, 3, 4, 5), false)).toBe(false);
    expect(source.bytes(Uint8Array.of(6, 7, 8, 9, 10), false)).toBe(false);
    expect(source.bytes(Uint8Array.of(100), true)).toBe(true);
    expect(out(source)).toEqual(["10", "26", "119"]);
  });

  test("mr_close: state is written out, and the instance's number is free again", () => {
    const module = new HarnessModule(compiled);
    const first = open(LEDGER, module);
    const second = open(LEDGER, module);
    first.process(entries([3n, 4n]));
    first.drain();
    first.close();
    expect([...module.written.values()].map(bigints)).toEqual([[4n]]);
    expect(open(LEDGER, module).inst).toBe(first.inst);
    expect(second.inst).not.toBe(first.inst);
  });
});

test("every export of the ABI is called by these tests", () => {
  const module = new HarnessModule(compiled);
  const ledger = new OperatorHarness(module, LEDGER);
  ledger.process(entries([1n, 1n, 1n], [1n, 1000n]));
  ledger.watermark(1n);
  ledger.idle(true);
  ledger.nextTimer(0);
  ledger.timers(1, 100n);
  ledger.complete(1n, bytesOf(1n));
  ledger.prepareCommit(1n);
  for (const chunk of ledger.snapshot(1n)) ledger.restore(chunk);
  ledger.endInput(0);
  ledger.drain();
  const source = new OperatorHarness(module, NUMBERS);
  source.assign({ from: 0, to: 1 });
  source.poll();
  source.bytes(Uint8Array.of(1), true);
  source.close();
  module.call("mr_abi");
  module.call("mr_metrics", ledger.inst);
  expect([...module.called].sort()).toEqual(Object.keys(EXPORTS).sort());
});
