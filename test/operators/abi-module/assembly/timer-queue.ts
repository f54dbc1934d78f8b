/** Timers of one domain: (time, key), each once, due in order of time, then key. */
export class TimerQueue {
  private times: i64[] = [];
  private keys: i64[] = [];

  get length(): i32 {
    return this.times.length;
  }

  get earliest(): i64 {
    return this.times.length == 0 ? i64.MAX_VALUE : this.times[0];
  }

  timeAt(i: i32): i64 {
    return this.times[i];
  }

  keyAt(i: i32): i64 {
    return this.keys[i];
  }

  add(time: i64, key: i64): void {
    let i = 0;
    while (i < this.times.length && this.before(i, time, key)) i++;
    if (i < this.times.length && this.times[i] == time && this.keys[i] == key) return;
    this.times.push(0);
    this.keys.push(0);
    for (let j = this.times.length - 1; j > i; j--) {
      this.times[j] = this.times[j - 1];
      this.keys[j] = this.keys[j - 1];
    }
    this.times[i] = time;
    this.keys[i] = key;
  }

  /** Removes the earliest and answers its key. */
  pop(): i64 {
    this.times.shift();
    return this.keys.shift();
  }

  private before(i: i32, time: i64, key: i64): bool {
    return this.times[i] < time || (this.times[i] == time && this.keys[i] < key);
  }
}
