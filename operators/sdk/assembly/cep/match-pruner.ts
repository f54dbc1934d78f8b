/**
 * Takes out the matches that a skip strategy leaves nothing of (Flink:
 * AfterMatchSkipStrategy.prune).
 */
import { RowView } from "../row";
import {
  compareEvents,
  ComputationQueue,
  nodeIn,
  startSequenceIn,
  startTimeIn,
} from "./computation-state";
import {
  eventOf,
  previousOf,
  sequenceOf,
  SharedBuffer,
  stageOf,
  timestampOf,
} from "./shared-buffer";
import { AfterMatchSkipStrategy, SkipKind } from "./skip-strategy";

export class MatchPruner<T extends RowView> {
  private flags: u8[] = [];

  constructor(
    private skip: AfterMatchSkipStrategy,
    /** Index of the stage that it skips to. */
    private skipStage: i32,
    private buffer: SharedBuffer<T>,
  ) {}

  /** Takes out of a queue what must go because of a match, named by its last node. */
  prune(queue: ComputationQueue, match: usize): void {
    const event = this.pruningEvent(match);
    if (event == 0) return;
    const time = timestampOf(event);
    const sequence = sequenceOf(event);
    const limit = this.skip.__hasStage ? 0 : 1;
    const flags = this.flags;
    flags.length = 0;
    for (let i = 0; i < queue.count; i++) {
      const computation = queue.at(i);
      const node = nodeIn(computation);
      const order = compareEvents(
        startTimeIn(computation),
        startSequenceIn(computation),
        time,
        sequence,
      );
      const goes = node != 0 && order < limit;
      if (goes) this.buffer.release(node);
      flags.push(goes ? 1 : 0);
    }
    queue.removeFlagged(flags);
  }

  /** The event of a match that others must not have begun before; 0: the strategy finds none. */
  private pruningEvent(match: usize): usize {
    const kind = this.skip.kind;
    let found: usize = 0;
    for (let node = match; node != 0; node = previousOf(node)) {
      const event = eventOf(node);
      if (kind == SkipKind.SKIP_PAST_LAST_EVENT) {
        if (found == 0 || isBefore(found, event)) found = event;
      } else if (kind == SkipKind.SKIP_TO_NEXT) {
        if (found == 0 || isBefore(event, found)) found = event;
      } else if (stageOf(node) == this.skipStage) {
        found = event;
        if (kind == SkipKind.SKIP_TO_LAST) return found;
      }
    }
    return found;
  }
}

function isBefore(left: usize, right: usize): bool {
  return (
    compareEvents(timestampOf(left), sequenceOf(left), timestampOf(right), sequenceOf(right)) < 0
  );
}
