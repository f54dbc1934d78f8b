/**
 * What an event must fulfil to belong to a stage of a pattern (Flink:
 * org.apache.flink.cep.pattern.conditions).
 */
import { RowView } from "../row";
import { ConditionContext } from "./condition-context";

/**
 * Base of all conditions: extend SimpleCondition or IterativeCondition. Conditions of a stage are joined by
 * Pattern.where() and Pattern.or().
 *
 *     Pattern.begin<Reading>("hot").where(new IsHot()).or(new IsHotter());
 */
export abstract class Condition<T extends RowView> {
  abstract __holds(value: T, context: ConditionContext<T>): bool;
}

/**
 * A condition on the event alone (Flink: SimpleCondition).
 *
 *     class IsHot extends SimpleCondition<Reading> {
 *       filter(value: Reading): bool {
 *         return value.degrees > 40;
 *       }
 *     }
 *
 *     class IsCold extends SimpleCondition<Reading> {
 *       filter(value: Reading): bool {
 *         return value.degrees < 0;
 *       }
 *     }
 */
export abstract class SimpleCondition<T extends RowView> extends Condition<T> {
  /** Whether the event fulfils it. It must depend on nothing but the event. */
  abstract filter(value: T): bool;

  __holds(value: T, context: ConditionContext<T>): bool {
    return this.filter(value);
  }
}

/**
 * A condition that may look at the events which the partial match has so far (Flink:
 * IterativeCondition). It is asked for each partial match; looking back costs a walk along the
 * match.
 *
 *     class IsHotter extends IterativeCondition<Reading> {
 *       filter(value: Reading, context: ConditionContext<Reading>): bool {
 *         const before = context.getEventsForPattern("hot");
 *         return before.length == 0 || value.degrees > before.at(before.length - 1).degrees;
 *       }
 *     }
 */
export abstract class IterativeCondition<T extends RowView> extends Condition<T> {
  /** Whether the event fulfils it, given the partial match that it would continue. */
  abstract filter(value: T, context: ConditionContext<T>): bool;

  __holds(value: T, context: ConditionContext<T>): bool {
    return this.filter(value, context);
  }
}

/** Holds always. */
export class TrueCondition<T extends RowView> extends Condition<T> {
  __holds(value: T, context: ConditionContext<T>): bool {
    return true;
  }
}

/** Holds where both hold. */
export class AndCondition<T extends RowView> extends Condition<T> {
  constructor(
    private left: Condition<T>,
    private right: Condition<T>,
  ) {
    super();
  }

  __holds(value: T, context: ConditionContext<T>): bool {
    return this.left.__holds(value, context) && this.right.__holds(value, context);
  }
}

/** Holds where one of the two holds. */
export class OrCondition<T extends RowView> extends Condition<T> {
  constructor(
    private left: Condition<T>,
    private right: Condition<T>,
  ) {
    super();
  }

  __holds(value: T, context: ConditionContext<T>): bool {
    return this.left.__holds(value, context) || this.right.__holds(value, context);
  }
}

/** Holds where the other does not. */
export class NotCondition<T extends RowView> extends Condition<T> {
  constructor(private inner: Condition<T>) {
    super();
  }

  __holds(value: T, context: ConditionContext<T>): bool {
    return !this.inner.__holds(value, context);
  }
}
