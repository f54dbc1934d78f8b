/**
 * Recycled buffers for frames: allocating 64 KiB for each batch costs more than moving it.
 *
 * One pool per isolate. A buffer that arrives by transfer belongs to the isolate until it is put
 * back here or sent upstream with a credit.
 */
import { FRAME_POOL_BUFFERS, FRAME_POOL_BYTES } from "../../protocol/limits.ts";

/** Frames up to this size are allocated exactly: watermarks, credits, small rests of batches. */
const SMALL_BYTES = 4 * 1024;
/** Sizes are rounded up to this, so that a buffer fits the next batch too. */
const GRAIN_BYTES = 64 * 1024;

/** A bounded stock of ArrayBuffers. */
export class FrameBuffers {
  readonly #free: ArrayBuffer[] = [];
  #bytes = 0;
  #allocations = 0;

  /** A buffer of at least `bytes`; its content is undefined. */
  take(bytes: number): ArrayBuffer {
    if (bytes <= SMALL_BYTES) return new ArrayBuffer(bytes);
    for (let i = this.#free.length - 1; i >= 0; i--) {
      const candidate = this.#free[i]!;
      if (candidate.byteLength < bytes) continue;
      this.#remove(i);
      return candidate;
    }
    this.#allocations++;
    return new ArrayBuffer(Math.ceil(bytes / GRAIN_BYTES) * GRAIN_BYTES);
  }

  /** Gives a buffer back. Small, detached and surplus ones are left to the garbage collector. */
  put(buffer: ArrayBuffer): void {
    const bytes = buffer.byteLength;
    if (bytes < GRAIN_BYTES || buffer.detached) return;
    if (this.#free.length >= FRAME_POOL_BUFFERS || this.#bytes + bytes > FRAME_POOL_BYTES) return;
    this.#free.push(buffer);
    this.#bytes += bytes;
  }

  /** Up to `count` buffers to send upstream, where they are needed next. */
  release(count: number): ArrayBuffer[] {
    const released: ArrayBuffer[] = [];
    while (released.length < count && this.#free.length > 0) {
      released.push(this.#free.at(-1)!);
      this.#remove(this.#free.length - 1);
    }
    return released;
  }

  /** For metrics and tests: a steady state allocates nothing. */
  get allocations(): number {
    return this.#allocations;
  }

  #remove(index: number): void {
    this.#bytes -= this.#free[index]!.byteLength;
    const last = this.#free.pop()!;
    if (index < this.#free.length) this.#free[index] = last;
  }
}
