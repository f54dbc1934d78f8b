/** What all functions over windows are: they may bring their own assigner, trigger and evictor. */
import { RichFunction } from "../functions";
import { WindowAssigner } from "./assigner";
import { WindowEvictor } from "./evictor";
import { WindowTrigger } from "./trigger";

export abstract class WindowFunction extends RichFunction {
  /** The function's own assigner; null: what the job says. Asked for once, after open(). */
  assigner(): WindowAssigner | null {
    return null;
  }
  /** Its own trigger; null: what the job says, by default the assigner's. */
  trigger(): WindowTrigger | null {
    return null;
  }
  /** Its own evictor; null: what the job says, by default none. */
  evictor(): WindowEvictor | null {
    return null;
  }
}
