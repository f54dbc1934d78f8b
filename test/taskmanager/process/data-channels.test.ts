import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { FRAME_KIND } from "../../../src/protocol/frame.ts";
import { FrameBuffers } from "../../../src/taskmanager/channels/frame-buffers.ts";
import { InSlotChannel } from "../../../src/taskmanager/channels/in-slot-channel.ts";
import { MessagePortChannel } from "../../../src/taskmanager/channels/message-port-channel.ts";
import { WebSocketChannel } from "../../../src/taskmanager/channels/web-socket-channel.ts";
import { DataLinks } from "../../../src/taskmanager/data-links.ts";
import { type ChannelPair, dataChannelContract } from "./data-channel-contract.ts";

/** Turns of the event loop until a condition holds; `pump` delivers by hand where needed. */
async function turnsUntil(condition: () => boolean, pump: () => void = () => undefined) {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("condition not reached within 5 s");
    await new Promise((resolve) => setImmediate(resolve));
    pump();
  }
}

dataChannelContract("in-slot", async (epochs, buffers, handlers): Promise<ChannelPair> => {
  const [left, right] = InSlotChannel.pair(epochs, buffers, handlers);
  const pump = () => {
    left.pump();
    right.pump();
  };
  return {
    left,
    right,
    until: (condition) => turnsUntil(condition, pump),
    injectRight: (bytes) => left["transmit"](bytes.buffer, bytes.byteLength),
    dispose: async () => left.close(),
  };
});

dataChannelContract("MessagePort", async (epochs, buffers, handlers): Promise<ChannelPair> => {
  const { port1, port2 } = new MessageChannel();
  const left = new MessagePortChannel(port1, epochs[0], buffers, handlers[0]);
  const right = new MessagePortChannel(port2, epochs[1], new FrameBuffers(), handlers[1]);
  return {
    left,
    right,
    until: (condition) => turnsUntil(condition),
    injectRight: (bytes) => port1.postMessage(bytes.buffer, [bytes.buffer]),
    dispose: async () => {
      left.close();
      right.close();
    },
  };
});

dataChannelContract("WebSocket", async (epochs, buffers, handlers): Promise<ChannelPair> => {
  const ends: [WebSocketChannel | undefined, WebSocketChannel | undefined] = [undefined, undefined];
  const links = async (worker: string, index: 0 | 1) =>
    DataLinks.listen({
      identity: { worker, incarnation: `${worker}-1`, token: "secret" },
      onFrame: (_peer, bytes) => ends[index]?.arrived(bytes),
      onDown: (_peer, error) => ends[index]?.linkLost(error),
    });
  const a = await links("a", 0);
  const b = await links("b", 1);
  b.connect("a", a.address);
  a.connect("b", b.address);
  const end = (own: DataLinks, peer: string, index: 0 | 1) =>
    new WebSocketChannel(
      { send: (bytes, sent) => own.send(peer, bytes, sent) },
      epochs[index],
      index === 0 ? buffers : new FrameBuffers(),
      handlers[index],
      () => undefined,
    );
  const left = end(a, "b", 0);
  const right = end(b, "a", 1);
  ends[0] = left;
  ends[1] = right;
  return {
    left,
    right,
    until: (condition) => turnsUntil(condition),
    injectRight: (bytes) => a.send("b", bytes, () => undefined),
    dispose: async () => {
      await a.close();
      await b.close();
    },
  };
});

test("MessagePort channels allocate no buffer in a steady state: they come back with the credits", async () => {
  const { port1, port2 } = new MessageChannel();
  const epoch = { job: "00112233-4455-6677-8899-aabbccddeeff", attempt: 1 };
  const sending = new FrameBuffers();
  const receiving = new FrameBuffers();
  let received = 0;
  const ignore = () => undefined;
  const right = new MessagePortChannel(port2, epoch, receiving, {
    frame: (frame) => {
      received++;
      receiving.put(frame.backing);
      right.grant(0, 1);
    },
    credit: ignore,
    closed: ignore,
  });
  const payload = new Uint8Array(60_000);
  const send = () => left.send({ channel: 0, kind: FRAME_KIND.batch, payload });
  const left = new MessagePortChannel(port1, epoch, sending, {
    frame: ignore,
    credit: (_channel, credits) => {
      for (let i = 0; i < credits; i++) send();
    },
    closed: ignore,
  });
  right.grant(0, 2);
  await turnsUntil(() => received >= 500);
  expect(sending.allocations).toBeLessThanOrEqual(4);
  left.close();
  await once(port2, "close");
});

test("a MessagePort channel may be pumped when its peer has gone: Node 24 crashes when it reads a closing port", async () => {
  const { port1, port2 } = new MessageChannel();
  const epoch = { job: "00112233-4455-6677-8899-aabbccddeeff", attempt: 1 };
  const ignore = () => undefined;
  const pumped = new Promise<boolean>((resolve) => {
    const left = new MessagePortChannel(port1, epoch, new FrameBuffers(), {
      frame: ignore,
      credit: ignore,
      closed: () => resolve(left.pump()),
    });
  });
  port2.close();
  expect(await pumped).toBe(false);
});
