/**
 * Frames of a data channel: a 40-byte header and a payload. In-slot queues, MessagePorts and
 * WebSockets carry the same frames, so a channel is one contract.
 *
 * ```
 * 0  u16 magic 0x4d46 "FM"   2 u8 version   3 u8 kind
 * 4  u32 attempt             8 u8[16] job id (uuid bytes)
 * 24 u32 channel            28 u32 payload length
 * 32 u64 sequence number (per channel, from 0; credits have their own)
 * ```
 */
import { MillraceError } from "./errors.ts";
import { FRAME_MAX_BYTES } from "./limits.ts";
import { PROTOCOL_VERSION } from "./versions.ts";

export const FRAME_HEADER_BYTES = 40;
const FRAME_MAGIC = 0x4d46;

/** What a frame carries. Downstream kinds travel in order; credit travels upstream. */
export const FRAME_KIND = {
  /** Payload: one batch block. */
  batch: 1,
  /** Payload: i64 timestamp. */
  watermark: 2,
  /** Payload: u8, 1 idle, 0 active. */
  status: 3,
  /** Payload: i64 checkpoint, i64 timestamp, u8 type. */
  barrier: 4,
  /** End of the channel; no payload. */
  end: 5,
  /** Upstream. Payload: u32 credits granted. The first one subscribes. */
  credit: 16,
} as const;
export type FrameKind = (typeof FRAME_KIND)[keyof typeof FRAME_KIND];
const KINDS = new Set<number>(Object.values(FRAME_KIND));

/** A parsed frame; `payload` is a view into the received buffer. */
export interface Frame {
  readonly kind: FrameKind;
  readonly job: string;
  readonly attempt: number;
  readonly channel: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Writes a frame's header in front of `payloadLength` bytes at `target[0..40)`. */
export function writeFrameHeader(
  target: Uint8Array,
  frame: Omit<Frame, "payload">,
  payloadLength: number,
): void {
  const view = new DataView(target.buffer, target.byteOffset, FRAME_HEADER_BYTES);
  view.setUint16(0, FRAME_MAGIC, true);
  view.setUint8(2, PROTOCOL_VERSION);
  view.setUint8(3, frame.kind);
  view.setUint32(4, frame.attempt, true);
  writeUuid(target, 8, frame.job);
  view.setUint32(24, frame.channel, true);
  view.setUint32(28, payloadLength, true);
  view.setUint32(32, frame.sequence >>> 0, true);
  view.setUint32(36, Math.floor(frame.sequence / 0x1_0000_0000), true);
}

/** A frame as one buffer. */
export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.payload.byteLength);
  writeFrameHeader(bytes, frame, frame.payload.byteLength);
  bytes.set(frame.payload, FRAME_HEADER_BYTES);
  return bytes;
}

/**
 * Parses a received frame.
 * @throws MillraceError FRAME_INVALID naming the header field that is wrong.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < FRAME_HEADER_BYTES || bytes.byteLength > FRAME_MAX_BYTES) {
    const expected = `${FRAME_HEADER_BYTES} to ${FRAME_MAX_BYTES} bytes`;
    throw invalid("length", bytes.byteLength, expected);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  const magic = view.getUint16(0, true);
  if (magic !== FRAME_MAGIC) throw invalid("magic", magic, String(FRAME_MAGIC));
  const version = view.getUint8(2);
  if (version !== PROTOCOL_VERSION) throw invalid("version", version, String(PROTOCOL_VERSION));
  const kind = view.getUint8(3);
  if (!KINDS.has(kind)) throw invalid("kind", kind, `one of ${[...KINDS].join(", ")}`);
  const length = view.getUint32(28, true);
  const rest = bytes.byteLength - FRAME_HEADER_BYTES;
  if (length !== rest) throw invalid("payload length", length, String(rest));
  return {
    kind: kind as FrameKind,
    attempt: view.getUint32(4, true),
    job: readUuid(bytes, 8),
    channel: view.getUint32(24, true),
    sequence: view.getUint32(32, true) + view.getUint32(36, true) * 0x1_0000_0000,
    payload: bytes.subarray(FRAME_HEADER_BYTES),
  };
}

function invalid(field: string, value: unknown, expected: string): MillraceError {
  const message = `Cannot read frame: ${field} is ${value}`;
  return new MillraceError("FRAME_INVALID", message, { field, value, expected });
}

/** The job id of the frames before: an isolate sees the same one millions of times. */
let knownUuid = "";
const knownBytes = new Uint8Array(16);

function writeUuid(target: Uint8Array, at: number, uuid: string): void {
  if (uuid !== knownUuid) {
    const hex = uuid.replaceAll("-", "");
    for (let i = 0; i < 16; i++) knownBytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
    knownUuid = uuid;
  }
  target.set(knownBytes, at);
}

function readUuid(bytes: Uint8Array, at: number): string {
  for (let i = 0; i < 16; i++) {
    if (bytes[at + i] !== knownBytes[i]) return decodeUuid(bytes, at);
  }
  return knownUuid === "" ? decodeUuid(bytes, at) : knownUuid;
}

function decodeUuid(bytes: Uint8Array, at: number): string {
  let hex = "";
  for (let i = 0; i < 16; i++) hex += bytes[at + i]!.toString(16).padStart(2, "0");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  knownUuid = [...parts, hex.slice(20)].join("-");
  knownBytes.set(bytes.subarray(at, at + 16));
  return knownUuid;
}
