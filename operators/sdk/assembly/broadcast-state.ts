/** State that one side writes and both read, the same in every subtask (Flink: BroadcastState). */
import { MapEntries, MapState, MapStateDescriptor } from "./state/map-state";

/**
 * A map kept in each subtask. Only the broadcast side may change it: a change on the other side would
 * make subtasks differ, so it fails.
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
