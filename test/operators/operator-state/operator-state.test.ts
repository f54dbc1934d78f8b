/** State of subtasks: kept over snapshots, dealt out anew over another parallelism. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { redistributeOperatorState } from "../../../src/state/operator-state.ts";
import {
  type HarnessOptions,
  type OperatorSnapshot,
  OperatorTestHarness,
} from "../../../src/testing/index.ts";

const SOURCES = fileURLToPath(new URL("assembly/index.ts", import.meta.url));
const open = (operator: string, options?: HarnessOptions) =>
  OperatorTestHarness.open(SOURCES, operator, options);
const texts = (harness: OperatorTestHarness) =>
  harness.extractOutputValues().map(({ text }) => String(text));

/** Snapshots of `words.length` subtasks, each after its words. */
async function snapshots(operator: string, words: readonly (readonly string[])[]) {
  const taken: OperatorSnapshot[] = [];
  for (const [subtask, list] of words.entries()) {
    using harness = await open(operator, { subtask, parallelism: words.length });
    for (const word of list) harness.processElement({ word });
    taken.push(harness.snapshot());
  }
  return taken;
}

/** What each of `parallelism` subtasks tells of its state. */
async function tell(state: readonly OperatorSnapshot[], parallelism: number) {
  const told: string[] = [];
  for (let subtask = 0; subtask < parallelism; subtask++) {
    using harness = await open("Lists", { subtask, parallelism });
    harness.initializeState(...state);
    harness.processElement({ word: "" });
    told.push(texts(harness)[0]!);
  }
  return told;
}

describe("CheckpointedFunction", () => {
  test.each([{}, { snapshotAfterEveryInput: true, budget: 0 }])(
    "keeps in state what snapshotState puts there: %o",
    async (options) => {
      using harness = await open("Buffering", options);
      for (const word of ["a", "b", "c", "d", "e"]) harness.processElement({ word });
      expect(texts(harness)).toEqual(["a b c"]);
      using next = await open("Buffering", options);
      next.initializeState(harness.snapshot());
      next.processElement({ word: "f" });
      expect(texts(next)).toEqual(["d e f"]);
      expect(next.stateBytes).toBeGreaterThan(0);
    },
  );

  test("a source goes on where it stood", async () => {
    using harness = await open("Numbers");
    harness.poll(2);
    using next = await open("Numbers");
    next.initializeState(harness.snapshot());
    while (next.poll()) {}
    expect([...texts(harness), ...texts(next)]).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("no key is current in snapshotState", async () => {
    using harness = await open("Both", { snapshotAfterEveryInput: true });
    for (const word of ["a", "a", "b"]) harness.processElement({ word });
    expect(texts(harness)).toEqual(["a 1:", "a 2: 100", "b 1: 100 200"]);
    using writing = await open("Both", { parameters: { writes: true } });
    writing.processElement({ word: "a" });
    expect(() => writing.snapshot()).toThrow(/there is no current key/);
  });
});

describe("a list over another parallelism", () => {
  const words = [["a", "bb", "ccc"], ["dddd"], [], ["eeeee", "ffffff"]];

  test("is split in even shares, a union list goes to all", async () => {
    const state = await snapshots("Lists", words);
    const all = " a bb ccc dddd eeeee ffffff";
    const union = (own: string) => `${own}|${all}`;
    expect(await tell(state, 1)).toEqual([union("1 2 3 4 5 6 ")]);
    expect(await tell(state, 3)).toEqual(["1 2 ", "3 4 ", "5 6 "].map(union));
    expect(await tell(state, 5)).toEqual(["1 2 ", "3 ", "4 ", "5 ", "6 "].map(union));
    // Nothing moves but the union.
    expect(await tell(state, 4)).toEqual(["1 2 3 ", "4 ", "", "5 6 "].map(union));
  });

  test("the odd elements of the next state begin where those of the last one ended", () => {
    const record = (kind: number, key: string, value: string) => {
      const valueAt = 24 + (key === "" ? 0 : 8);
      const bytes = new Uint8Array(valueAt + (value === "" ? 0 : 24));
      const view = new DataView(bytes.buffer);
      view.setUint32(0, kind, true);
      view.setUint32(16, key.length, true);
      view.setUint32(20, value.length, true);
      bytes.set(new TextEncoder().encode(key), 24);
      bytes.set(new TextEncoder().encode(value), valueAt);
      return bytes;
    };
    const chunk = (name: string, elements: number) =>
      Buffer.concat([
        record(16, name, "OperatorListState<INT>".padEnd(22)),
        ...Array.from({ length: elements }, () => record(24, "", "")),
      ]);
    const dealt = redistributeOperatorState([[chunk("x", 4), chunk("y", 2)]], 3);
    const counts = dealt.map((chunks) => chunks.map((one) => (one.length - 24 - 8 - 24) / 24));
    expect(counts).toEqual([[2], [1, 1], [1, 1]]);
    expect(() => redistributeOperatorState([[chunk("x", 1).subarray(0, 40)]], 2)).toThrow(
      expect.objectContaining({ code: "STATE_INVALID" }),
    );
  });
});

describe("what is wrong", () => {
  test("two states of one name, keyed state without a key: the operator does not open", async () => {
    const wrong = (what: string) => open("Wrong", { parameters: { what } });
    await expect(wrong("twice")).rejects.toMatchObject({
      code: "OPERATOR_OPEN_FAILED",
      message: expect.stringContaining("two operator states are named twice!"),
    });
    await expect(wrong("keyed")).rejects.toThrow("state keyed! needs a keyed stream");
  });

  test("a snapshot's state that nobody asks for ends the operator, and says so", async () => {
    const state = await snapshots("Lists", [["a"]]);
    using harness = await open("Other");
    harness.initializeState(...state);
    expect(() => harness.processElement({ word: "x" })).toThrow(
      /the snapshot has an operator state own that the operator has not/,
    );
  });
});
