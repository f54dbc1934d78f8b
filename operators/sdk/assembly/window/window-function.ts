/** What all functions over windows are. */
import { RichFunction } from "../functions";
import { WindowAssigner } from "./assigner";
import { WindowEvictor } from "./evictor";
import { WindowTrigger } from "./trigger";

/**
 * Base of the functions over windows: extend AggregateFunction or ProcessWindowFunction. Each may bring its
 * own assigner, trigger and evictor instead of those that the job names; they are asked for once, after
 * open(), so they may depend on parameters.
 *
 *     @operator
 *     class HotSpells extends ProcessWindowFunction<Reading, Counted> {
 *       assigner(): WindowAssigner | null {
 *         return new QuietTime(true);
 *       }
 *       trigger(): WindowTrigger | null {
 *         return new OnHotReading();
 *       }
 *       process(
 *         context: WindowContext,
 *         elements: WindowElements<Reading>,
 *         out: Collector<Counted>,
 *       ): void {
 *         out.row().n = elements.length;
 *         out.collect();
 *       }
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED with what they refuse, or for a trigger that cannot merge where windows do
 */
export abstract class WindowFunction extends RichFunction {
  /** The function's own assigner; null: what the job says. */
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
