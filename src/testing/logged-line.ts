/** What an operator says in a test. */

/** A line that the operator logged. */
export interface LoggedLine {
  /** How serious it is. */
  readonly level: "debug" | "info" | "warn" | "error";
  /** What the operator said. */
  readonly message: string;
}

/** Levels by the number that a module gives. */
export const LOG_LEVELS: readonly LoggedLine["level"][] = ["debug", "info", "warn", "error"];
