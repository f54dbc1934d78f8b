/**
 * State of a subtask that belongs to no key (Flink: OperatorStateBackend). It is keyed state of a
 * single, empty key, so tables, codecs, versions and snapshots are the same.
 */
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { OpenConfig } from "./open-config";

/** Key group under which the single key lies; in snapshots it stands for "operator state". */
const ONLY_GROUP: i32 = 0;

export class OperatorState {
  readonly backend: KeyedStateBackend;

  constructor() {
    const config = new OpenConfig();
    config.keyGroupStart = ONLY_GROUP;
    config.keyGroupEnd = ONLY_GROUP;
    this.backend = new KeyedStateBackend(config);
  }

  /** Whether any state was asked for. */
  get isUsed(): bool {
    return this.backend.slots.length > 0;
  }

  seal(): void {
    this.backend.seal();
    this.enter();
  }

  /** Makes the only key the current one: also after it lost all its state. */
  enter(): void {
    const backend = this.backend;
    if (backend.current != 0) return;
    const found = backend.table.find(0, 0);
    backend.current = found != 0 ? found : backend.table.add(ONLY_GROUP, 0, 0);
  }
}
