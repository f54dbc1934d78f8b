import { BroadcastChannel } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import {
  type CollectionRequest,
  CollectionSourceReader,
  collectionChannel,
} from "../../src/connectors/collection-source.ts";
import { COLLECTION_OPEN_TIMEOUT_MS } from "../../src/protocol/limits.ts";

const context = { job: "j", attempt: 1, vertex: "v", operator: "o", parallelism: 2 };
const reader = (subtask: number) =>
  new CollectionSourceReader({ type: "collection", id: "numbers" }, { ...context, subtask });

afterEach(() => vi.useRealTimers());

test("says that no application offers the collection", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const lost = reader(0);
  const piece = lost.next();
  piece.catch(() => undefined);
  vi.advanceTimersByTime(COLLECTION_OPEN_TIMEOUT_MS);
  await expect(piece).rejects.toMatchObject({ code: "COLLECTION_MISSING", value: "numbers" });
  await lost.close();
});

test("asks for one piece at a time, and gives the end with the last", async () => {
  const channel = new BroadcastChannel(collectionChannel("numbers"));
  const asked: string[] = [];
  const pieces = ["1\n", "2\n"];
  channel.onmessage = (event) => {
    const { type, reader } = (event as { data: CollectionRequest }).data;
    asked.push(type);
    if (type === "open") channel.postMessage({ type: "opened", reader });
    if (type !== "next") return;
    // What is meant for another reader is passed over.
    channel.postMessage({ type: "piece", reader: "other", bytes: new Uint8Array(9), last: true });
    const bytes = new TextEncoder().encode(pieces.shift());
    channel.postMessage({ type: "piece", reader, bytes, last: pieces.length === 0 });
  };
  const source = reader(0);
  expect((await source.next()).type).toBe("split");
  expect(await source.next()).toMatchObject({ type: "bytes", last: false });
  expect(asked).toEqual(["open", "next"]);
  expect(await source.next()).toMatchObject({ type: "bytes", last: true });
  expect(await source.next()).toEqual({ type: "finished" });
  await source.close();
  channel.close();
});

test("is read by the first subtask only", async () => {
  expect(await reader(1).next()).toEqual({ type: "finished" });
});
