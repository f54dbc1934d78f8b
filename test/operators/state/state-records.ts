/** Reads the records of keyed state in snapshots (operators/sdk/assembly/state/state-record.ts). */
import type { Chunk } from "../../conformance/operator-harness.ts";

const RECORD_STATE = 16;
const RECORD_BYTES = 24;

/** Every record of the chunks as text, sorted: the order of entries says nothing. */
export function recordsOf(chunks: readonly Chunk[]): string[] {
  return chunks.flatMap(readChunk).sort();
}

function readChunk({ keyGroup, bytes }: Chunk): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: string[] = [];
  const names = new Map<number, string>();
  let at = 0;
  while (at < bytes.length) {
    const kind = view.getUint32(at, true);
    const number = view.getUint32(at + 4, true);
    const time = view.getBigInt64(at + 8, true);
    const [keyLength, valueLength] = [view.getUint32(at + 16, true), view.getUint32(at + 20, true)];
    const key = bytes.subarray(at + RECORD_BYTES, at + RECORD_BYTES + keyLength);
    const start = at + RECORD_BYTES + align8(keyLength);
    const value = bytes.subarray(start, start + valueLength);
    if (kind === RECORD_STATE) names.set(number, new TextDecoder().decode(key));
    else {
      const name = names.get(number) ?? number;
      records.push(`${keyGroup} ${kind} ${name} ${time} ${hex(key)} ${hex(value)}`);
    }
    at = start + align8(valueLength);
  }
  return records;
}

function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
