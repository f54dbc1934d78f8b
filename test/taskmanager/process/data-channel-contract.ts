/** The contract of a data channel, run on each of its implementations. */
import { afterEach, describe, expect, test } from "vitest";
import type { MillraceError } from "../../../src/protocol/errors.ts";
import { encodeFrame, FRAME_KIND } from "../../../src/protocol/frame.ts";
import type {
  ChannelHandlers,
  DataChannel,
  Epoch,
  ReceivedFrame,
} from "../../../src/taskmanager/channels/data-channel.ts";
import { FrameBuffers } from "../../../src/taskmanager/channels/frame-buffers.ts";

/** Two joined endpoints and a way to let everything sent arrive. */
export interface ChannelPair {
  readonly left: DataChannel;
  readonly right: DataChannel;
  /** Resolves when `condition` holds; delivers what waits meanwhile. */
  until(condition: () => boolean): Promise<void>;
  /** Puts raw bytes into right's way in, past left's books. */
  injectRight(bytes: Uint8Array<ArrayBuffer>): void;
  dispose(): Promise<void>;
}

export type PairMaker = (
  epochs: readonly [Epoch, Epoch],
  buffers: FrameBuffers,
  handlers: readonly [ChannelHandlers, ChannelHandlers],
) => Promise<ChannelPair>;

class Recorder implements ChannelHandlers {
  readonly frames: ReceivedFrame[] = [];
  readonly credits: [number, number][] = [];
  readonly closes: (MillraceError | undefined)[] = [];
  frame(frame: ReceivedFrame): void {
    this.frames.push(frame);
  }
  credit(channel: number, credits: number): void {
    this.credits.push([channel, credits]);
  }
  closed(error?: MillraceError): void {
    this.closes.push(error);
  }
}

const JOB = "00112233-4455-6677-8899-aabbccddeeff";
const EPOCH: Epoch = { job: JOB, attempt: 3 };
const batch = (channel: number, ...bytes: number[]) => ({
  channel,
  kind: FRAME_KIND.batch,
  payload: Uint8Array.from(bytes),
});

export function dataChannelContract(name: string, makePair: PairMaker): void {
  describe(`${name} data channel`, () => {
    const pairs: ChannelPair[] = [];
    afterEach(async () => {
      for (const pair of pairs.splice(0)) await pair.dispose();
    });
    async function open(rightEpoch: Epoch = EPOCH) {
      const left = new Recorder();
      const right = new Recorder();
      const buffers = new FrameBuffers();
      const pair = await makePair([EPOCH, rightEpoch], buffers, [left, right]);
      pairs.push(pair);
      return { pair, atLeft: left, atRight: right, buffers };
    }

    test("delivers batches, watermarks and end of a channel in the order they were sent", async () => {
      const { pair, atLeft, atRight } = await open();
      pair.right.grant(7, 4);
      await pair.until(() => atLeft.credits.length === 1);
      pair.left.send(batch(7, 1));
      pair.left.send({ channel: 7, kind: FRAME_KIND.watermark, payload: new Uint8Array(8) });
      pair.left.send(batch(7, 2));
      pair.left.send(batch(7, 3));
      pair.left.send({ channel: 7, kind: FRAME_KIND.end, payload: new Uint8Array(0) });
      await pair.until(() => atRight.frames.length === 5);
      expect(atRight.frames.map((frame) => frame.kind)).toEqual([1, 2, 1, 1, 5]);
      expect(atRight.frames.map((frame) => frame.sequence)).toEqual([0, 1, 2, 3, 4]);
      expect([...atRight.frames[3]!.payload]).toEqual([3]);
    });

    test("keeps the channels of one endpoint apart", async () => {
      const { pair, atLeft, atRight } = await open();
      pair.right.grant(1, 1);
      pair.right.grant(2, 1);
      await pair.until(() => atLeft.credits.length === 2);
      pair.left.send(batch(2, 22));
      pair.left.send(batch(1, 11));
      await pair.until(() => atRight.frames.length === 2);
      const seen = atRight.frames.map((frame) => [frame.channel, frame.sequence, frame.payload[0]]);
      expect(seen).toEqual([
        [2, 0, 22],
        [1, 0, 11],
      ]);
    });

    test("refuses to send a watermark or status without a credit, but not the end", async () => {
      const { pair, atLeft, atRight } = await open();
      const watermark = { channel: 7, kind: FRAME_KIND.watermark, payload: new Uint8Array(8) };
      const status = { channel: 7, kind: FRAME_KIND.status, payload: new Uint8Array(1) };
      pair.right.grant(7, 2);
      await pair.until(() => atLeft.credits.length === 1);
      pair.left.send(watermark);
      pair.left.send(status);
      expect(() => pair.left.send(watermark)).toThrow("without a credit");
      pair.left.send({ channel: 7, kind: FRAME_KIND.end, payload: new Uint8Array(0) });
      await pair.until(() => atRight.frames.length === 3);
      expect(pair.left.underWay().map((frame) => frame.kind)).toEqual([2, 3, 5]);
    });

    test("refuses to send a batch without a credit", async () => {
      const { pair, atLeft } = await open();
      expect(() => pair.left.send(batch(7, 1))).toThrow("without a credit");
      pair.right.grant(7, 1);
      await pair.until(() => atLeft.credits.length === 1);
      pair.left.send(batch(7, 1));
      expect(pair.left.credits(7)).toBe(0);
      expect(() => pair.left.send(batch(7, 2))).toThrow("without a credit");
    });

    test("never holds more batches than were granted, over a thousand of them", async () => {
      const { pair, atLeft, atRight } = await open();
      let mostUnderWay = 0;
      let sent = 0;
      let granted = 2;
      pair.right.grant(4, granted);
      await pair.until(() => atLeft.credits.length === 1);
      while (atRight.frames.length < 1000) {
        while (pair.left.credits(4) > 0 && sent < 1000) pair.left.send(batch(4, sent++ & 255));
        mostUnderWay = Math.max(mostUnderWay, pair.left.underWay().length);
        await pair.until(() => atRight.frames.length === sent);
        const grants = atLeft.credits.length;
        pair.right.grant(4, sent + 2 - granted);
        granted = sent + 2;
        await pair.until(() => atLeft.credits.length > grants);
      }
      expect(mostUnderWay).toBeLessThanOrEqual(2);
      expect(atRight.frames.every((frame, i) => frame.payload[0] === (i & 255))).toBe(true);
    });

    test("lists the frames under way until a credit acknowledges them", async () => {
      const { pair, atLeft, atRight } = await open();
      pair.right.grant(9, 2);
      await pair.until(() => atLeft.credits.length === 1);
      pair.left.send(batch(9, 1, 2, 3));
      pair.left.send(batch(9, 4));
      expect(pair.left.underWay()).toEqual([
        { channel: 9, sequence: 0, kind: FRAME_KIND.batch, bytes: 43 },
        { channel: 9, sequence: 1, kind: FRAME_KIND.batch, bytes: 41 },
      ]);
      await pair.until(() => atRight.frames.length === 2);
      pair.right.grant(9, 1);
      await pair.until(() => atLeft.credits.length === 2);
      expect(pair.left.underWay().map((frame) => frame.sequence)).toEqual([1]);
    });

    test("drops and counts frames of another attempt", async () => {
      const { pair, atLeft, atRight } = await open({ job: JOB, attempt: 4 });
      pair.left.grant(1, 1);
      pair.left.send({ channel: 1, kind: FRAME_KIND.end, payload: new Uint8Array(0) });
      await pair.until(() => pair.right.dropped === 2);
      pair.right.grant(1, 1);
      await pair.until(() => pair.left.dropped === 1);
      expect([atLeft.frames, atLeft.credits, atRight.frames, atRight.credits]).toEqual([
        [],
        [],
        [],
        [],
      ]);
      expect(atRight.closes).toEqual([]);
    });

    test("breaks off with CREDIT_EXCEEDED when the other side sends beyond its credits", async () => {
      const { pair, atRight } = await open();
      const frame = { ...EPOCH, kind: FRAME_KIND.batch, channel: 7, sequence: 0 };
      const bytes = encodeFrame({ ...frame, payload: new Uint8Array(1) });
      pair.injectRight(bytes as Uint8Array<ArrayBuffer>);
      await pair.until(() => atRight.closes.length === 1);
      expect(atRight.closes[0]?.code).toBe("CREDIT_EXCEEDED");
      expect(atRight.frames).toEqual([]);
    });

    test("breaks off with FRAME_OUT_OF_ORDER at a gap in the sequence", async () => {
      const { pair, atRight } = await open();
      const frame = { ...EPOCH, kind: FRAME_KIND.end, channel: 7, sequence: 5 };
      const bytes = encodeFrame({ ...frame, payload: new Uint8Array(0) });
      pair.injectRight(bytes as Uint8Array<ArrayBuffer>);
      await pair.until(() => atRight.closes.length === 1);
      expect(atRight.closes[0]).toMatchObject({ code: "FRAME_OUT_OF_ORDER", expected: "0" });
    });

    test("breaks off with FRAME_INVALID at bytes that are no frame", async () => {
      const { pair, atRight } = await open();
      // Right job, attempt and channel, so that it is routed; the magic number is wrong.
      const frame = { ...EPOCH, kind: FRAME_KIND.end, channel: 7, sequence: 0 };
      const bytes = encodeFrame({ ...frame, payload: new Uint8Array(0) });
      bytes[0] = 0;
      pair.injectRight(bytes as Uint8Array<ArrayBuffer>);
      await pair.until(() => atRight.closes.length === 1);
      expect(atRight.closes[0]?.code).toBe("FRAME_INVALID");
    });

    test("carries a frame of a mebibyte unchanged", async () => {
      const { pair, atLeft, atRight } = await open();
      const payload = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31) & 255);
      pair.right.grant(0, 1);
      await pair.until(() => atLeft.credits.length === 1);
      pair.left.send({ channel: 0, kind: FRAME_KIND.batch, payload });
      await pair.until(() => atRight.frames.length === 1);
      expect(Buffer.compare(atRight.frames[0]!.payload, payload)).toBe(0);
    });

    test("sends nothing and delivers nothing after close", async () => {
      const { pair, atLeft, atRight } = await open();
      pair.right.grant(1, 1);
      await pair.until(() => atLeft.credits.length === 1);
      pair.left.close();
      pair.left.send(batch(1, 1));
      pair.left.close();
      expect(atLeft.closes).toEqual([]);
      expect(atRight.frames).toEqual([]);
    });
  });
}
