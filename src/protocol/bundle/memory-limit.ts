/** The memory section of a bundle: what it asks for, and imposing a maximum on it. */
import { MillraceError } from "../errors.ts";
import { readOutline, SECTION, type WasmMemory } from "./wasm-sections.ts";

const PAGE_KIB = 64;

/** Memory of a bundle, pages of 64 KiB. */
export interface BundleMemory {
  readonly initial: number;
  /** Declared by the module. */
  readonly maximum?: number;
  /** Whether the host writes `budget` into the module as its maximum, since it declares none. */
  readonly imposed: boolean;
  /** The most that an instance may use. */
  readonly budget: number;
}

/**
 * Judges the one memory a module declares.
 * @throws MillraceError BUNDLE_MEMORY_MISSING, BUNDLE_MULTI_MEMORY, BUNDLE_MEMORY64,
 *   BUNDLE_MEMORY_SHARED, BUNDLE_MEMORY_PAGE_SIZE, BUNDLE_MEMORY_ABOVE_BUDGET
 */
export function judgeMemory(memories: readonly WasmMemory[], budgetPages: number): BundleMemory {
  const [memory] = memories;
  if (memory === undefined) {
    throw refusal("BUNDLE_MEMORY_MISSING", "it declares no memory", 0, "one memory of its own");
  }
  if (memories.length > 1) {
    throw refusal("BUNDLE_MULTI_MEMORY", "it has several memories", memories.length, "one memory");
  }
  if (memory.is64) {
    throw refusal("BUNDLE_MEMORY64", "its memory is 64-bit", "i64", "a 32-bit memory");
  }
  if (memory.shared) {
    throw refusal("BUNDLE_MEMORY_SHARED", "its memory is shared", "shared", "an unshared memory");
  }
  if (memory.customPageSize) {
    const expected = "pages of 64 KiB";
    throw refusal(
      "BUNDLE_MEMORY_PAGE_SIZE",
      "its memory has its own page size",
      "custom",
      expected,
    );
  }
  const initial = Number(memory.initial);
  const maximum = memory.maximum === undefined ? undefined : Number(memory.maximum);
  if (initial > budgetPages || (maximum ?? 0) > budgetPages) {
    const asked = Math.max(initial, maximum ?? 0);
    throw refusal(
      "BUNDLE_MEMORY_ABOVE_BUDGET",
      `its ${initial > budgetPages ? "initial memory" : "memory maximum"} of ${asked} pages ` +
        `(${asked * PAGE_KIB} KiB) is above the budget`,
      `${asked} pages`,
      `at most ${budgetPages} pages (${budgetPages * PAGE_KIB} KiB)`,
    );
  }
  if (maximum === undefined) return { initial, imposed: true, budget: budgetPages };
  return { initial, maximum, imposed: false, budget: maximum };
}

/**
 * A module whose memory cannot grow past `pages`: the same bytes if it declares so itself, else a
 * copy with a rewritten memory section. What lies behind that section moves, and with it the
 * offsets in a source map.
 * @throws MillraceError as judgeMemory
 */
export function imposeMemoryMaximum(bytes: Uint8Array, pages: number): Uint8Array {
  const outline = readOutline(bytes);
  const memory = judgeMemory(outline.memories, pages);
  if (!memory.imposed) return bytes;
  const section = outline.sections.find((s) => s.id === SECTION.memory)!;
  const body = [1, 1, ...unsignedLeb(memory.initial), ...unsignedLeb(pages)];
  const head = [SECTION.memory, ...unsignedLeb(body.length)];
  const before = bytes.subarray(0, section.offset);
  const after = bytes.subarray(section.bodyEnd);
  const out = new Uint8Array(before.length + head.length + body.length + after.length);
  out.set(before);
  out.set(head, before.length);
  out.set(body, before.length + head.length);
  out.set(after, before.length + head.length + body.length);
  return out;
}

/** Unsigned LEB128 of a number below 2^32. */
export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

function refusal(code: string, state: string, value: unknown, expected: string): MillraceError {
  return new MillraceError(code, `Cannot accept bundle: ${state}`, {
    field: "memory",
    value,
    expected,
  });
}
