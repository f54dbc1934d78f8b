/**
 * A state of a subtask: keyed state of a single, empty key, so that tables, codecs, versions and snapshots are the
 * same. Each has a backend of its own: one that is asked for late must not move the others.
 */
import { OpenConfig } from "./open-config";
import { SubtaskState } from "./operator-state";
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { StateSlot } from "./state/state-slot";
import { SnapshotChunk } from "./window/snapshot-chunk";

/** Key group under which the single key lies; in snapshots it stands for "operator state". */
const ONLY_GROUP: i32 = 0;

export class BackedSubtaskState extends SubtaskState {
  private backend: KeyedStateBackend;

  constructor(slot: StateSlot) {
    super(slot.name);
    const config = new OpenConfig();
    config.keyGroupStart = ONLY_GROUP;
    config.keyGroupEnd = ONLY_GROUP;
    this.backend = new KeyedStateBackend(config);
    this.backend.register(slot);
    this.backend.seal();
    this.enter();
  }

  /** Makes the only key the current one: also after it lost all its state. */
  private enter(): void {
    const backend = this.backend;
    if (backend.current != 0) return;
    const found = backend.table.find(0, 0);
    backend.current = found != 0 ? found : backend.table.add(ONLY_GROUP, 0, 0);
  }

  get bytes(): u64 {
    return this.backend.bytes;
  }

  setReadOnly(value: bool): void {
    this.backend.readOnly = value;
  }

  begin(checkpoint: i64, since: i64): void {
    this.backend.snapshots.begin(checkpoint, since);
  }

  advance(budget: i32): SnapshotChunk | null {
    return this.backend.snapshots.advance(budget);
  }

  get isDone(): bool {
    return this.backend.snapshots.isDone;
  }

  read(start: usize, length: i32): string | null {
    const restored = this.backend.restored;
    const fits = restored.read(ONLY_GROUP, start, length);
    this.enter();
    return fits ? null : restored.problem;
  }

  close(): void {
    this.backend.close();
  }
}
