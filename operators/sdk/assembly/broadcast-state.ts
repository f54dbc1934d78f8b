/** State that one side writes and both read, the same in every subtask (Flink: BroadcastState). */
import { MapEntries, MapState, MapStateDescriptor } from "./state/map-state";

/**
 * A map kept in each subtask, which a broadcast stream writes and both sides read (Flink: BroadcastState). It
 * belongs to no key and has no time to live. Every subtask must make the same of the same rows: what a
 * function writes may depend on the broadcast row and on broadcast state, not on the subtask or the clock.
 *
 *     // In processBroadcastElement():
 *     this.limits.put(word, 40);
 *     // In processElement(), where it is read only:
 *     const limit = this.limits.contains(word) ? this.limits.get(word) : 100;
 *
 * @throws OPERATOR_FAILED where the side that is not broadcast, or a timer, changes it
 */
export class BroadcastState<K, V> extends MapState<K, V> {
  /** @internal The runtime makes it. */
  constructor(descriptor: MapStateDescriptor<K, V>) {
    super(descriptor);
  }

  /** Gives a key of the map its value. */
  put(key: K, value: V): void {
    this.mustBeWritable();
    super.put(key, value);
  }

  /** Takes a key out of the map, if it is there. */
  remove(key: K): void {
    this.mustBeWritable();
    super.remove(key);
  }

  /** Leaves the map without entries. */
  clear(): void {
    this.mustBeWritable();
    super.clear();
  }

  /** A walk over the entries, in the order in which their keys came. */
  entries(): MapEntries<K, V> {
    return super.entries();
  }

  private mustBeWritable(): void {
    if (!this.backend.readOnly) return;
    throw new Error("broadcast state " + this.name + " may be changed by the broadcast side only");
  }
}
