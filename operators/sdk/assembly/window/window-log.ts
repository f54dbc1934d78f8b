/** Versions of the windows' entries: their snapshot is taken in one go, so no image is ever kept. */
import { ChangeLog } from "../state/change-log";

export class WindowLog extends ChangeLog {
  writeImage(storeNumber: i32, entry: usize): void {
    throw new Error("windows change while their snapshot is taken");
  }

  /** Full snapshots need no tombstones. */
  bury(storeNumber: i32, entry: usize): void {}
}
