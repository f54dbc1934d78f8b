/** Bytes that grow: keys and cells while they are made. */
export class ByteBuffer {
  start: usize = heap.alloc(64);
  length: i32 = 0;
  private capacity: i32 = 64;

  clear(): void {
    this.length = 0;
  }

  /** Address at which `bytes` more may be written; the caller adds them to `length`. */
  room(bytes: i32): usize {
    if (this.length + bytes > this.capacity) {
      this.capacity = max(this.capacity * 2, this.length + bytes);
      this.start = heap.realloc(this.start, this.capacity);
    }
    return this.start + <usize>this.length;
  }

  push(byte: u8): void {
    store<u8>(this.room(1), byte);
    this.length += 1;
  }

  append(source: usize, bytes: i32): void {
    memory.copy(this.room(bytes), source, bytes);
    this.length += bytes;
  }
}
