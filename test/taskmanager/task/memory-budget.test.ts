import { main as asc } from "assemblyscript/asc";
import { expect, test } from "vitest";
import { ABI_VERSION } from "../../../src/protocol/versions.ts";
import { OperatorHost } from "../../../src/taskmanager/operator-host.ts";
import { SlotHarness, taskOf } from "./slot-harness.ts";

const MAXIMUM_PAGES = 48;

async function compileWithMaximum(): Promise<WebAssembly.Module> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const entry = "test/taskmanager/task/assembly/chain-module.ts";
  const limit = ["--maximumMemory", String(MAXIMUM_PAGES)];
  const flags = [
    "--runtime",
    "minimal",
    "--exportStart",
    "_initialize",
    "--enable",
    "simd",
    ...limit,
  ];
  const { error } = await asc([entry, "--outFile", "out.wasm", ...flags], {
    writeFile: (_: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") binary = new Uint8Array(contents);
    },
  });
  if (error !== null || binary === undefined) throw error ?? new Error("nothing compiled");
  return new WebAssembly.Module(binary);
}

test("names the budget when an operator grows its memory past it, and spares the neighbours", async () => {
  const module = await compileWithMaximum();
  const operators = ["count", "bytes", "repeat", "faulty", "hold", "format", "$exchange"];
  const manifest = {
    manifestVersion: 1,
    abiVersion: ABI_VERSION,
    sdkVersion: "1",
    name: "test",
    capabilities: [],
    operators: operators.map((name) => ({
      name,
      kind: "generic" as const,
      inputs: [],
      outputs: [],
      parameters: [],
      states: [],
    })),
  };
  const host = new OperatorHost({
    moduleOf: (hash) => ({ hash, module, manifest }),
    host: { processingTimeMs: () => 0, log: () => undefined, metric: () => undefined },
    slice: { type: "rows", rows: 100 },
  });
  const source = {
    operator: "count",
    connector: { type: "test" },
    inputs: [],
    parameters: { count: 9 },
  };
  const sink = { operator: "format", connector: { type: "test" }, outputs: [] };
  const hog = { operator: "faulty", parameters: { hogAt: 4 } };
  const other = { bundle: "other" };
  const tasks = [
    taskOf("hog", [source, hog, sink]),
    taskOf("neighbour", [
      { ...source, ...other },
      { ...sink, ...other },
    ]),
  ];
  const openChain = host.openChain.bind(host);
  const options = { memoryMaxPages: MAXIMUM_PAGES };
  const slots = new SlotHarness(tasks, openChain, options).deploy().settle();
  const error = slots.errors.get("hog.0")!;
  expect(error.code).toBe("MEMORY_BUDGET_EXCEEDED");
  expect(error.message).toMatch(/Operator faulty failed: its memory has \d+ pages and may have 48/);
  expect(slots.states.get("neighbour.0")).toBe("FINISHED");
  expect(slots.written.get("neighbour.0")).toBe("0\n1\n2\n3\n4\n5\n6\n7\n8\n");
});
