/**
 * Which int64 keys got an entry since the rows of a run were looked up (a Bloom filter with one hash):
 * a row whose key had none then and was not made since needs no second lookup.
 */
const BITS_LOG2: u64 = 13;
const BYTES: usize = (<usize>1) << <usize>(BITS_LOG2 - 3);
/** 2^64 by the golden ratio (Knuth: Fibonacci hashing). */
const GOLDEN: u64 = 0x9e3779b97f4a7c15;

export class MadeKeys {
  private bits: usize = 0;
  private isEmpty: bool = true;

  /** @param key an int64 as it lies in a batch */
  add(key: u64): void {
    if (this.bits == 0) {
      this.bits = heap.alloc(BYTES);
      memory.fill(this.bits, 0, BYTES);
    }
    const bit = bitOf(key);
    const at = this.bits + (bit >> 3);
    store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(bit & 7)));
    this.isEmpty = false;
  }

  /** False: the key was not added. */
  // @ts-ignore: decorator
  @inline
  mayHave(key: u64): bool {
    if (this.isEmpty) return false;
    const bit = bitOf(key);
    return ((load<u8>(this.bits + (bit >> 3)) >> <u8>(bit & 7)) & 1) != 0;
  }

  clear(): void {
    if (this.isEmpty) return;
    memory.fill(this.bits, 0, BYTES);
    this.isEmpty = true;
  }

  close(): void {
    if (this.bits != 0) heap.free(this.bits);
    this.bits = 0;
    this.isEmpty = true;
  }
}

// @ts-ignore: decorator
@inline
function bitOf(key: u64): usize {
  return <usize>(((key ^ (key >> 32)) * GOLDEN) >> (64 - BITS_LOG2));
}
