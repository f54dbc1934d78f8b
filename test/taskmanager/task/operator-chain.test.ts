import { beforeAll, describe, expect, test } from "vitest";
import type { Deployment, TaskDescriptor } from "../../../src/protocol/deployment.ts";
import { FRAME_KIND } from "../../../src/protocol/frame.ts";
import { ABI_VERSION } from "../../../src/protocol/versions.ts";
import { MemoryCount } from "../../../src/taskmanager/module-instance.ts";
import { OperatorHost } from "../../../src/taskmanager/operator-host.ts";
import type { SliceRule } from "../../../src/taskmanager/slice-budget.ts";
import { compileAssembly } from "../../operators/compile-assembly.ts";
import { type ChainSpec, peer, SlotHarness, taskOf } from "./slot-harness.ts";

const OPERATORS = ["count", "bytes", "repeat", "faulty", "hold", "format", "$exchange"];
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileAssembly("test/taskmanager/task/assembly/chain-module.ts");
});

function hostOf(slice: SliceRule, memories = new MemoryCount()): OperatorHost {
  const manifest = {
    manifestVersion: 1,
    abiVersion: ABI_VERSION,
    sdkVersion: "1",
    name: "test",
    capabilities: [],
    operators: OPERATORS.map((name) => ({
      name,
      kind: "generic" as const,
      inputs: [],
      outputs: [],
      parameters: [],
      states: [],
      source: { file: "chain-module.ts", line: 1 },
    })),
  };
  return new OperatorHost({
    moduleOf: (bundle) => ({ hash: bundle, module, manifest }),
    host: { processingTimeMs: () => 0, log: () => undefined, metric: () => undefined },
    slice,
    memories,
  });
}

interface RunOptions extends Partial<Deployment> {
  readonly slice?: SliceRule;
}

function harnessOf(tasks: TaskDescriptor[], options: RunOptions = {}): SlotHarness {
  const { slice = { type: "rows", rows: 100 }, ...deployment } = options;
  const host = hostOf(slice);
  return new SlotHarness(tasks, (task, d) => host.openChain(task, d), deployment);
}

const sink: ChainSpec = { operator: "format", connector: { type: "test" }, outputs: [] };
const count = (n: number): ChainSpec => ({
  operator: "count",
  connector: { type: "test" },
  inputs: [],
  parameters: { count: n },
});

function lines(text: string | undefined): number[] {
  return (text ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("OperatorChain", () => {
  const shapes: [string, RunOptions][] = [
    ["usual room", {}],
    ["one-row room", { batchRows: 1 }],
    ["one-row slices", { slice: { type: "rows", rows: 1 } }],
    ["one-row room and slices", { batchRows: 1, slice: { type: "rows", rows: 1 } }],
    ["a measured slice", { slice: { type: "time", clock: () => performance.now(), sliceMs: 0 } }],
  ];
  for (const [name, options] of shapes) {
    for (const bundle of ["test", "other"]) {
      test(`runs source, flatMap and sink in one chain: ${name}, flatMap in bundle ${bundle}`, () => {
        const repeat = { operator: "repeat", bundle, parameters: { times: 3 } };
        const slots = harnessOf([taskOf("a", [count(50), repeat, sink])], options).deploy();
        slots.settle();
        expect(slots.states.get("a.0")).toBe("FINISHED");
        expect(lines(slots.written.get("a.0"))).toEqual(upTo(50).flatMap((n) => [n, n, n]));
      });
    }
  }

  for (const [name, options] of shapes) {
    test(`spreads rows by key over two slots and ends: ${name}`, () => {
      const channels = [0, 1].map((slot) => ({ channel: slot, peer: peer(slot + 1) }));
      const edge = { from: 0, output: 0, partitioner: "key_by" as const, keys: ["n"], channels };
      const sinks = [0, 1].map((subtask) =>
        taskOf("b", [sink], {
          subtask,
          parallelism: 2,
          slot: subtask + 1,
          gates: [{ input: 0, channels: [{ channel: subtask, peer: peer(0) }] }],
        }),
      );
      const tasks = [taskOf("a", [count(200)], { outputs: [edge] }), ...sinks];
      const slots = harnessOf(tasks, options).deploy().settle();
      expect([...slots.states.values()]).toEqual(["FINISHED", "FINISHED", "FINISHED"]);
      const parts = [0, 1].map((i) => lines(slots.written.get(`b.${i}`)));
      expect(parts[0]!.length).toBeGreaterThan(50);
      expect(parts.flat().sort((x, y) => x - y)).toEqual(upTo(200));
      const metrics = slots.slots[0]!.metrics()[0]!;
      expect(metrics.recordsOut).toBe(200);
      expect(metrics.watermark).toBe("9223372036854775807");
    });
  }

  test("hands bytes to a source and asks for more", () => {
    const source: ChainSpec = { operator: "bytes", connector: { type: "test" }, inputs: [] };
    const slots = harnessOf([taskOf("a", [source, sink])]);
    const data = [
      { type: "split" as const, split: new TextEncoder().encode("{}") },
      {
        type: "bytes" as const,
        bytes: new Uint8Array(new BigInt64Array([7n, 8n]).buffer),
        last: false,
      },
      { type: "bytes" as const, bytes: new Uint8Array(new BigInt64Array([9n]).buffer), last: true },
      { type: "finished" as const },
    ];
    slots.source = () => data.shift();
    slots.deploy().settle();
    expect(lines(slots.written.get("a.0"))).toEqual([7, 8, 9]);
    expect(slots.states.get("a.0")).toBe("FINISHED");
  });

  test("polls no more rows than the connector allows, and sends them at the buffer timeout", () => {
    const slots = harnessOf([taskOf("a", [count(100), sink])]);
    const data = [{ type: "poll" as const, rows: 5 }];
    slots.source = () => data.shift();
    slots.deploy().settle();
    expect(slots.written.get("a.0")).toBeUndefined();
    expect(slots.slots[0]!.nextDeadlineMs()).toBe(slots.nowMs + 10);
    slots.advance(10);
    expect(lines(slots.written.get("a.0"))).toEqual(upTo(5));
  });

  test("fires a processing-time timer when it is due", () => {
    const slots = harnessOf([taskOf("a", [count(7), { operator: "hold" }, sink])]);
    const data = [{ type: "poll" as const, rows: 7 }];
    slots.source = () => data.shift();
    slots.deploy().settle();
    slots.advance(3_000);
    expect(slots.written.get("a.0")).toBeUndefined();
    slots.advance(1_000).advance(10);
    expect(lines(slots.written.get("a.0"))).toEqual([7]);
  });

  test("stops at a channel without credit and loses nothing", () => {
    const channel = { channel: 9, peer: peer(1) };
    const edge = {
      from: 0,
      output: 0,
      partitioner: "forward" as const,
      keys: [],
      channels: [channel],
    };
    const slots = harnessOf([taskOf("a", [count(200)], { outputs: [edge] })])
      .deploy()
      .settle();
    expect(slots.frames).toEqual([]);
    slots.step(0, { type: "credit", channel: 9, credits: 2 });
    slots.settle();
    expect(slots.frames.filter((f) => f.kind === FRAME_KIND.batch).length).toBe(2);
    slots.step(0, { type: "credit", channel: 9, credits: 100 });
    slots.settle();
    expect(slots.frames.at(-1)).toEqual({ channel: 9, kind: FRAME_KIND.end });
    expect(slots.slots[0]!.metrics()[0]!.recordsOut).toBe(200);
    expect(slots.states.get("a.0")).toBe("FINISHED");
  });

  test("waits for a sink that does not keep up", () => {
    const slots = harnessOf([taskOf("a", [count(200), sink])]);
    slots.answerSinks = false;
    slots.deploy().settle();
    expect(lines(slots.written.get("a.0")).length).toBe(32);
    expect(slots.states.get("a.0")).toBe("RUNNING");
    while (slots.states.get("a.0") === "RUNNING") {
      slots.step(0, { type: "sink_done", task: { vertex: "a", subtask: 0 }, operator: 1 });
      slots.settle();
    }
    expect(slots.states.get("a.0")).toBe("FINISHED");
    expect(lines(slots.written.get("a.0"))).toEqual(upTo(200));
  });

  test("cancels in the middle of a job", () => {
    const slots = harnessOf([taskOf("a", [count(1_000_000_000), sink])]).deploy();
    for (let i = 0; i < 20; i++) slots.step(0, { type: "run" });
    slots.step(0, { type: "cancel" });
    expect(slots.states.get("a.0")).toBe("CANCELED");
    expect(slots.slots[0]!.runnable(slots.nowMs)).toBe(false);
  });
});

describe("an operator that fails", () => {
  const faulty = (parameters: object, rest: Partial<ChainSpec> = {}): ChainSpec => ({
    operator: "faulty",
    parameters: { ...parameters },
    ...rest,
  });

  test("fails its task with its name, the source line and the record", () => {
    const slots = harnessOf([taskOf("a", [count(50), faulty({ trapAt: 13 }), sink])]);
    slots.deploy().settle();
    expect(slots.states.get("a.0")).toBe("FAILED");
    const error = slots.errors.get("a.0")!;
    expect(error.code).toBe("OPERATOR_FAILED");
    expect(error.message).toMatch(/Operator faulty failed at .*chain-module\.ts:\d+: thirteen/);
    expect(error.message).toMatch(/, record 14 of its input\)/);
    expect(error).toMatchObject({ field: "faulty", value: '{"n":13}' });
  });

  test.each([100, 7, 5, 3, 1])("names its record where a call takes %i rows", (rows) => {
    const slice = { type: "rows" as const, rows };
    const slots = harnessOf([taskOf("a", [count(50), faulty({ trapAt: 13 }), sink])], { slice });
    slots.deploy().settle();
    const { message } = slots.errors.get("a.0")!;
    expect(message).toContain(", record 14 of its input)");
  });

  test("is named when the machine traps", () => {
    const slots = harnessOf([taskOf("a", [count(50), faulty({ divideAt: 3 }), sink])]);
    slots.deploy().settle();
    const error = slots.errors.get("a.0")!;
    expect(error.code).toBe("OPERATOR_FAILED");
    expect(error.message).toMatch(/faulty failed at chain-module\.ts:1: .*(divide|zero)/i);
  });

  test("has its message cut before it outgrows a control message", () => {
    const wordy = { operator: "$exchange", parameters: { partitioner: "x".repeat(1_000_000) } };
    const slots = harnessOf([taskOf("a", [count(5), wordy, sink])]);
    slots.deploy().settle();
    const error = slots.errors.get("a.0")!;
    expect(error.message).toMatch(/unknown partitioner xxx/);
    expect(error.message.length).toBeLessThan(5_000);
  });

  test("has its row refused: fail, drop or dead-letter, as chosen", () => {
    const run = (rest: Partial<ChainSpec>, chain: ChainSpec[] = [sink]) =>
      harnessOf([taskOf("a", [count(30), faulty({ refuse: 3 }, rest), ...chain])])
        .deploy()
        .settle();
    const failed = run({});
    expect(failed.errors.get("a.0")).toMatchObject({ code: "ROW_FAILED", value: '{"n":3}' });
    expect(failed.errors.get("a.0")!.message).toMatch(/: record 4 of its input is refused: no 3$/);
    const dropped = run({ onRowError: "drop" });
    expect(lines(dropped.written.get("a.0"))).toEqual(upTo(30).filter((n) => n % 10 !== 3));
    expect(dropped.slots[0]!.metrics()[0]!.recordsFailed).toBe(3);
    const main = { name: "main", schema: sinkSchema, changeMode, keys: [] };
    const outputs = [main, { ...main, name: "dead_letter" }];
    const letters = run({ onRowError: "dead-letter", outputs }, [
      { ...sink, input: { from: 1, output: 1 } },
    ]);
    expect(lines(letters.written.get("a.0"))).toEqual([3, 13, 23]);
  });

  test("that cannot be opened fails its task alone", () => {
    const slots = harnessOf([taskOf("a", [{ operator: "absent" }]), taskOf("b", [count(3), sink])]);
    slots.deploy().settle();
    expect(slots.errors.get("a.0")).toMatchObject({ code: "OPERATOR_UNKNOWN", value: "absent" });
    expect(slots.states.get("b.0")).toBe("FINISHED");
  });
});

const sinkSchema = [{ name: "n", type: { type: "BIGINT" as const, nullable: false } }];
const changeMode = { mode: "insert-only" as const };

describe("OperatorHost", () => {
  test("shares one instance among the operators of a bundle and drops it at the end", () => {
    const memories = new MemoryCount();
    const host = hostOf({ type: "rows", rows: 100 }, memories);
    const tasks = [taskOf("a", [count(3), sink]), taskOf("b", [count(3), sink])];
    const slots = new SlotHarness(tasks, (task, d) => host.openChain(task, d)).deploy();
    expect(memories.live).toBe(1);
    slots.settle();
    expect(memories.live).toBe(0);
  });

  test("says so when the process has no room for another memory", () => {
    const full = new Int32Array([256]);
    const host = hostOf({ type: "rows", rows: 100 }, new MemoryCount(full.buffer));
    const tasks = [taskOf("a", [count(3), sink])];
    const slots = new SlotHarness(tasks, (task, d) => host.openChain(task, d)).deploy();
    expect(slots.errors.get("a.0")).toMatchObject({ code: "MEMORY_EXHAUSTED" });
  });
});
