import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { MillraceError } from "../../../src/protocol/errors.ts";
import { FRAME_KIND, type Frame } from "../../../src/protocol/frame.ts";
import { DataRouting, slotRoutes } from "../../../src/taskmanager/core/data-routing.ts";
import { DATA_LINK_PATH, DataLinks } from "../../../src/taskmanager/data-links.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const links of opened.splice(0)) await links.close();
});

async function listen(worker: string, token = "secret", timeoutMs = 5_000) {
  const downs: [string, MillraceError][] = [];
  const frames: [string, Uint8Array][] = [];
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const links = await DataLinks.listen({
    identity: { worker, incarnation: "1", token },
    timeoutMs,
    onFrame: (peer, bytes) => {
      frames.push([peer, bytes]);
      wake();
    },
    onDown: (peer, error) => {
      downs.push([peer, error]);
      wake();
    },
  });
  opened.push(links);
  const happens = () => new Promise<void>((resolve) => waiting.push(resolve));
  return { links, downs, frames, happens };
}

async function dialByHand(address: string, authorization = "Bearer secret") {
  const socket = new WebSocket(`${address}${DATA_LINK_PATH}`, { headers: { authorization } });
  opened.push({ close: async () => socket.terminate() });
  const texts: string[] = [];
  socket.on("message", (data) => texts.push(data.toString()));
  return { socket, texts };
}

const hello = { type: "hello", protocolVersion: 1, worker: "z", incarnation: "1", token: "secret" };

describe("data links", () => {
  test("make one link for a pair, whichever asks first, and hold frames until it is up", async () => {
    const a = await listen("a");
    const b = await listen("b");
    b.links.connect("a", a.links.address);
    b.links.send("a", Uint8Array.of(1), () => undefined);
    const atA = a.happens();
    a.links.connect("b", b.links.address);
    await atA;
    expect(a.frames).toEqual([["b", Uint8Array.of(1)]]);
    const atB = b.happens();
    a.links.send("b", Uint8Array.of(2), () => undefined);
    await atB;
    expect(b.frames).toEqual([["a", Uint8Array.of(2)]]);
  });

  test("go to a peer's new address at once, though the link to its old process still stands", async () => {
    const a = await listen("a");
    const before = await listen("b");
    const after = await listen("b");
    const first = before.happens();
    a.links.connect("b", before.links.address);
    a.links.send("b", Uint8Array.of(1), () => undefined);
    await first;
    a.links.connect("b", before.links.address);
    expect(a.downs).toEqual([]);
    const second = after.happens();
    a.links.connect("b", after.links.address);
    expect(a.downs).toMatchObject([["b", { code: "DATA_LINK_LOST" }]]);
    a.links.send("b", Uint8Array.of(2), () => undefined);
    await second;
    expect(after.frames).toEqual([["a", Uint8Array.of(2)]]);
    expect(a.downs).toHaveLength(1);
  });

  test("refuse a protocol version that is not spoken, by name", async () => {
    const { links } = await listen("a");
    const { socket, texts } = await dialByHand(links.address);
    await once(socket, "open");
    socket.send(JSON.stringify({ ...hello, protocolVersion: 99 }));
    await once(socket, "close");
    const { error } = JSON.parse(texts.at(-1)!);
    expect(error).toMatchObject({ code: "PROTOCOL_VERSION_MISMATCH", value: "99", expected: "1" });
  });

  test("refuse a wrong token at the upgrade and in the hello", async () => {
    const { links } = await listen("a");
    const { socket } = await dialByHand(links.address, "Bearer wrong");
    const [error] = await once(socket, "error");
    expect(error.message).toContain("401");
    const second = await dialByHand(links.address);
    await once(second.socket, "open");
    second.socket.send(JSON.stringify({ ...hello, token: "wrong" }));
    await once(second.socket, "close");
    expect(JSON.parse(second.texts.at(-1)!).error.code).toBe("UNAUTHORIZED");
  });

  test.each(["nowhere", "ws://[::1", "ws://host:99999"])(
    "give a peer up whose address is %s, and go on",
    async (address) => {
      const a = await listen("a", "secret", 100);
      const down = a.happens();
      a.links.connect("b", address);
      await down;
      expect(a.downs).toMatchObject([["b", { code: "DATA_LINK_UNREACHABLE" }]]);
    },
  );

  test.each(['{"error":null}', '{"error":{"code":7}}', "[]", "null"])(
    "refuse a peer whose first words are %s",
    async (words) => {
      const peer = new WebSocketServer({ port: 0 });
      opened.push({ close: async () => peer.close() });
      await once(peer, "listening");
      peer.on("connection", (socket) => socket.send(words));
      const a = await listen("a");
      const down = a.happens();
      a.links.connect("b", `ws://127.0.0.1:${(peer.address() as AddressInfo).port}`);
      await down;
      expect(a.downs).toMatchObject([["b", { code: "HELLO_INVALID" }]]);
    },
  );

  test("refuse a frame before hello", async () => {
    const { links } = await listen("a");
    const { socket, texts } = await dialByHand(links.address);
    await once(socket, "open");
    socket.send(new Uint8Array(40));
    await once(socket, "close");
    expect(JSON.parse(texts.at(-1)!).error.code).toBe("HELLO_INVALID");
  });

  test("refuse a browser, which sends an Origin", async () => {
    const { links } = await listen("a");
    const headers = { authorization: "Bearer secret", origin: "http://evil.example" };
    const socket = new WebSocket(`${links.address}${DATA_LINK_PATH}`, { headers });
    const [error] = await once(socket, "error");
    expect(error.message).toContain("403");
  });

  test("tell of a peer that cannot be reached in time", async () => {
    const a = await listen("a", "secret", 150);
    const down = a.happens();
    a.links.connect("b", "ws://127.0.0.1:9");
    await down;
    expect(a.downs[0]?.[0]).toBe("b");
    expect(a.downs[0]?.[1].code).toBe("DATA_LINK_UNREACHABLE");
  });

  test("tell of a link that is lost", async () => {
    const a = await listen("a");
    const b = await listen("b");
    b.links.connect("a", a.links.address);
    a.links.connect("b", b.links.address);
    const atB = b.happens();
    a.links.send("b", Uint8Array.of(1), () => undefined);
    await atB;
    const lost = a.happens();
    await b.links.close();
    await lost;
    expect(a.downs[0]?.[1].code).toBe("DATA_LINK_LOST");
  });

  test("name the port that is in use", async () => {
    const { links } = await listen("a");
    const port = Number(new URL(links.address).port);
    const identity = { worker: "b", incarnation: "1", token: "t" };
    const ignore = () => undefined;
    const second = DataLinks.listen({ identity, port, onFrame: ignore, onDown: ignore });
    await expect(second).rejects.toMatchObject({ code: "PORT_IN_USE", value: String(port) });
  });
});

describe("DataRouting", () => {
  const job = "00112233-4455-6677-8899-aabbccddeeff";
  const frame = (attempt: number, channel: number, kind: Frame["kind"]): Frame => {
    return { job, attempt, channel, kind, sequence: 0, payload: new Uint8Array(4) };
  };
  const routes = (worker: string) => [
    {
      slot: 1,
      sends: new Map([[5, { type: "worker", worker, address: "" } as const]]),
      receives: new Map(),
    },
  ];

  test("holds an early credit until its task is deployed, by attempt", () => {
    const routing = new DataRouting();
    expect(routing.route("b", frame(2, 5, FRAME_KIND.credit))).toEqual({ type: "held" });
    expect(routing.deploy(job, 1, routes("b"))).toEqual([]);
    expect(routing.deploy(job, 2, routes("b")).map((held) => held.peer)).toEqual(["b"]);
    expect(routing.held()).toEqual([]);
  });

  test("drops frames of older attempts and refuses what a peer may not send", () => {
    const routing = new DataRouting();
    routing.deploy(job, 3, routes("b"));
    expect(routing.route("b", frame(2, 5, FRAME_KIND.batch)).type).toBe("stale");
    expect(routing.route("b", frame(3, 5, FRAME_KIND.credit))).toEqual({
      type: "deliver",
      slot: 1,
    });
    expect(routing.route("c", frame(3, 5, FRAME_KIND.credit)).type).toBe("refused");
    expect(routing.route("b", frame(4, 5, FRAME_KIND.batch)).type).toBe("refused");
    routing.release(job, 3);
    expect(routing.route("b", frame(3, 5, FRAME_KIND.batch)).type).toBe("stale");
  });

  test("tells which slots a lost peer hits", () => {
    const routing = new DataRouting();
    routing.deploy(job, 1, routes("b"));
    expect(routing.affectedBy("b")).toEqual([{ job, attempt: 1, slots: [1] }]);
    expect(routing.affectedBy("c")).toEqual([]);
  });

  test("does not count a slot as hit where all that it had from the peer has come to its end", () => {
    const routing = new DataRouting();
    const from = { type: "worker", worker: "b", address: "" } as const;
    const receives = new Map([
      [5, from],
      [6, from],
    ]);
    const sends = new Map([[7, from]]);
    const none = new Map();
    routing.deploy(job, 1, [
      { slot: 0, sends: none, receives },
      { slot: 1, sends, receives: none },
    ]);
    for (const channel of [5, 7]) routing.route("b", frame(1, channel, FRAME_KIND.end));
    expect(routing.affectedBy("b")[0]?.slots).toEqual([0, 1]);
    routing.route("b", frame(1, 6, FRAME_KIND.end));
    expect(routing.affectedBy("b")[0]?.slots, "what was sent may not have arrived").toEqual([1]);
  });

  test("finds the way of each channel: same slot, other slot, other worker", () => {
    const peer = (worker: string, slot: number) => ({ worker, slot, address: "ws://x" });
    const place = {
      vertex: "v",
      name: "v",
      subtask: 0,
      parallelism: 1,
      maxParallelism: 1,
      chain: [],
    };
    const edge = { from: 0, output: 0, partitioner: "forward" as const, keys: [] };
    const channels = [
      { channel: 1, peer: peer("a", 0) },
      { channel: 2, peer: peer("a", 1) },
      { channel: 3, peer: peer("b", 0) },
    ];
    const tasks = [{ ...place, slot: 0, gates: [], outputs: [{ ...edge, channels }] }];
    const options = { bufferTimeoutMs: 0, batchRows: 1, memoryMaxPages: 1, jobName: "" };
    const [slot] = slotRoutes({ job, attempt: 1, ...options, tasks }, "a");
    expect([...slot!.sends.values()].map((route) => route.type)).toEqual([
      "same_slot",
      "slot",
      "worker",
    ]);
  });
});
