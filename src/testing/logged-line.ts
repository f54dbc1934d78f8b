/** Lines that an operator under test has logged. */

/** A line that the operator logged. */
export interface LoggedLine {
  /** How serious it is. */
  readonly level: "debug" | "info" | "warn" | "error";
  /** What the operator said. */
  readonly message: string;
}

/** Levels by their number in the ABI. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
