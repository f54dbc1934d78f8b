/** Operators of a bundle and their open instances. */
import { Operator } from "./operator";

/** Factories in the order of the self-description; the number is what mr_open takes. */
export const factories: (() => Operator)[] = [];

/** Open instances by number; slots of closed ones are null. */
export const instances: (Operator | null)[] = [];

/** Adds an operator; the generated entry calls it once for each. */
export function registerOperator(factory: () => Operator): void {
  factories.push(factory);
}
