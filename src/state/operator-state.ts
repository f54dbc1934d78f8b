/**
 * State of subtasks that belongs to no key, dealt out anew when an operator comes back with another parallelism
 * (Flink: RoundRobinOperatorStateRepartitioner). Pure: chunks in, chunks out (docs/state-format.md).
 */
import { MillraceError } from "../protocol/errors.ts";

/** u32 kind, u32 number, i64, u32 bytes of the key, u32 bytes of the value; both padded to 8. */
const RECORD_BYTES = 24;
const RECORD_STATE = 16;

/** How a state's contents go to the subtasks. */
export type Redistribution = "split" | "union" | "broadcast";

/** What of one state one subtask had: the record that names it, and the records of its contents. */
interface StatePart {
  readonly head: Uint8Array;
  readonly records: readonly Uint8Array[];
}

/**
 * Gives each new subtask its chunks.
 *
 * Elements of lists are dealt out in even shares, in their order, the odd ones one by one from where the state before
 * ended; union lists go whole to every subtask; broadcast state, being the same in all, goes from old subtask i mod
 * their number to new subtask i. With the parallelism unchanged only union lists move.
 * @param chunks of the old subtasks' whole snapshots, in the order of their numbers
 * @throws MillraceError STATE_INVALID
 */
export function redistributeOperatorState(
  chunks: readonly (readonly Uint8Array[])[],
  parallelism: number,
): Uint8Array[][] {
  const unchanged = chunks.length === parallelism;
  const result: Uint8Array[][] = Array.from({ length: parallelism }, () => []);
  let start = 0;
  for (const parts of statesOf(chunks).values()) {
    const head = parts.find((part) => part !== undefined)!.head;
    const give = (subtask: number, records: readonly Uint8Array[]): void => {
      if (records.length > 0) result[subtask]!.push(concat([head, ...records]));
    };
    const of = (subtask: number): readonly Uint8Array[] => parts[subtask]?.records ?? [];
    const all = Array.from(chunks, (_, subtask) => of(subtask)).flat();
    const how = redistributionOf(head);
    if (how === "union") for (let i = 0; i < parallelism; i++) give(i, all);
    else if (unchanged) for (let i = 0; i < parallelism; i++) give(i, of(i));
    else if (how === "broadcast") {
      for (let i = 0; i < parallelism; i++) give(i, of(i % chunks.length));
    } else start = split(all, parallelism, start, give);
  }
  return result;
}

/** Deals elements out in even shares; answers which subtask the next state begins with. */
function split(
  elements: readonly Uint8Array[],
  parallelism: number,
  start: number,
  give: (subtask: number, elements: readonly Uint8Array[]) => void,
): number {
  const share = Math.floor(elements.length / parallelism);
  const odd = elements.length % parallelism;
  let from = 0;
  for (let i = 0; i < parallelism; i++) {
    const to = from + share + (i < odd ? 1 : 0);
    give((start + i) % parallelism, elements.slice(from, to));
    from = to;
  }
  return (start + odd) % parallelism;
}

/** States by name, each with its part of every subtask that has one. */
function statesOf(
  chunks: readonly (readonly Uint8Array[])[],
): Map<string, (StatePart | undefined)[]> {
  const states = new Map<string, (StatePart | undefined)[]>();
  for (const [subtask, list] of chunks.entries()) {
    for (const chunk of list) {
      const [head, ...records] = recordsOf(chunk);
      if (head === undefined) continue;
      if (kindOf(head) !== RECORD_STATE) throw invalid("it does not begin with its name");
      const name = textOf(head).name;
      const parts = states.get(name) ?? [];
      states.set(name, parts);
      const before = parts[subtask]?.records ?? [];
      parts[subtask] = { head, records: [...before, ...records] };
    }
  }
  return states;
}

function recordsOf(chunk: Uint8Array): Uint8Array[] {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at < chunk.length; ) {
    if (at + RECORD_BYTES > chunk.length) throw invalid("it ends within a record");
    const key = view.getUint32(at + 16, true);
    const value = view.getUint32(at + 20, true);
    const end = at + RECORD_BYTES + align8(key) + align8(value);
    if (end > chunk.length) throw invalid("it ends within a record");
    records.push(chunk.subarray(at, end));
    at = end;
  }
  return records;
}

function kindOf(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(0, true);
}

/** Name and type of a state, of the record that tells them. */
function textOf(head: Uint8Array): { readonly name: string; readonly type: string } {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const nameBytes = view.getUint32(16, true);
  const typeBytes = view.getUint32(20, true);
  const decoder = new TextDecoder();
  const type = RECORD_BYTES + align8(nameBytes);
  return {
    name: decoder.decode(head.subarray(RECORD_BYTES, RECORD_BYTES + nameBytes)),
    type: decoder.decode(head.subarray(type, type + typeBytes)),
  };
}

function redistributionOf(head: Uint8Array): Redistribution {
  const { name, type } = textOf(head);
  if (type.startsWith("OperatorListState<")) return "split";
  if (type.startsWith("UnionListState<")) return "union";
  // Broadcast state is a map of the subtask.
  if (type.startsWith("MapState<") || type.startsWith("BroadcastState<")) return "broadcast";
  throw invalid(`state ${name} is of type ${type}, which belongs to a key`);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}

function invalid(state: string): MillraceError {
  return new MillraceError("STATE_INVALID", `Cannot read a chunk of operator state: ${state}`);
}
