/**
 * What travels in a channel, in its order: batches and, between them, watermarks, statuses,
 * barriers and the end (Flink: StreamElement and the events of a channel).
 */
import { checkBlockHeader } from "../../protocol/batch/block-header.ts";
import { MillraceError } from "../../protocol/errors.ts";
import { FRAME_HEADER_BYTES, FRAME_KIND, type FrameKind } from "../../protocol/frame.ts";

/** Largest watermark: the end of event time (Flink: Watermark.MAX_WATERMARK). */
export const WATERMARK_MAX = 0x7fff_ffff_ffff_ffffn;
/** The watermark before the first one. */
export const WATERMARK_MIN = -0x8000_0000_0000_0000n;

/** A frame in a buffer of its own, header included; whoever holds it owns `backing`. */
export interface OwnedFrame {
  readonly channel: number;
  readonly kind: FrameKind;
  readonly sequence: number;
  /** View into `backing`, behind the header. */
  readonly payload: Uint8Array;
  readonly backing: ArrayBuffer;
}

/** A parsed frame. */
export type StreamElement =
  | { readonly type: "batch"; readonly block: Uint8Array; readonly backing: ArrayBuffer }
  | { readonly type: "watermark"; readonly timestamp: bigint }
  | { readonly type: "status"; readonly idle: boolean }
  | { readonly type: "barrier"; readonly checkpoint: bigint }
  | { readonly type: "end" };

/** Gives the buffer of a frame: at least `bytes` long, its content undefined. */
export type FrameAllocator = (bytes: number) => ArrayBuffer;

/**
 * Parses the payload of a frame that goes downstream.
 * @throws MillraceError FRAME_INVALID, BATCH_INVALID naming the field.
 */
export function elementOf(frame: OwnedFrame): StreamElement {
  const { kind, payload } = frame;
  switch (kind) {
    case FRAME_KIND.batch:
      checkBlockHeader(payload);
      return { type: "batch", block: payload, backing: frame.backing };
    case FRAME_KIND.watermark:
      return { type: "watermark", timestamp: readInt64(frame, 8) };
    case FRAME_KIND.status:
      checkLength(frame, 1);
      return { type: "status", idle: payload[0] === 1 };
    case FRAME_KIND.barrier:
      return { type: "barrier", checkpoint: readInt64(frame, 17) };
    case FRAME_KIND.end:
      checkLength(frame, 0);
      return { type: "end" };
    case FRAME_KIND.credit: {
      const message = `Cannot take frame of channel ${frame.channel}: credits go upstream`;
      throw new MillraceError("FRAME_INVALID", message, { field: "kind", value: kind });
    }
  }
}

/** Frame of a batch: the block is copied behind room for the header. */
export function batchFrame(
  channel: number,
  sequence: number,
  block: Uint8Array,
  allocate: FrameAllocator,
): OwnedFrame {
  return frameOf(FRAME_KIND.batch, channel, sequence, block, allocate);
}

/** Frame of a watermark. */
export function watermarkFrame(
  channel: number,
  sequence: number,
  timestamp: bigint,
  allocate: FrameAllocator,
): OwnedFrame {
  const payload = new Uint8Array(8);
  new DataView(payload.buffer).setBigInt64(0, timestamp, true);
  return frameOf(FRAME_KIND.watermark, channel, sequence, payload, allocate);
}

/** Frame that says idle or active (Flink: WatermarkStatus). */
export function statusFrame(
  channel: number,
  sequence: number,
  idle: boolean,
  allocate: FrameAllocator,
): OwnedFrame {
  return frameOf(FRAME_KIND.status, channel, sequence, Uint8Array.of(idle ? 1 : 0), allocate);
}

/** Frame that ends a channel. */
export function endFrame(channel: number, sequence: number, allocate: FrameAllocator): OwnedFrame {
  return frameOf(FRAME_KIND.end, channel, sequence, new Uint8Array(0), allocate);
}

function frameOf(
  kind: FrameKind,
  channel: number,
  sequence: number,
  payload: Uint8Array,
  allocate: FrameAllocator,
): OwnedFrame {
  const backing = allocate(FRAME_HEADER_BYTES + payload.byteLength);
  const target = new Uint8Array(backing, FRAME_HEADER_BYTES, payload.byteLength);
  target.set(payload);
  return { channel, kind, sequence, payload: target, backing };
}

function readInt64(frame: OwnedFrame, length: number): bigint {
  checkLength(frame, length);
  const { buffer, byteOffset } = frame.payload;
  return new DataView(buffer, byteOffset, 8).getBigInt64(0, true);
}

function checkLength(frame: OwnedFrame, expected: number): void {
  const value = frame.payload.byteLength;
  if (value === expected) return;
  const message = `Cannot take frame of channel ${frame.channel}: payload has ${value} bytes`;
  const detail = { field: "payload length", value, expected: String(expected) };
  throw new MillraceError("FRAME_INVALID", message, detail);
}
