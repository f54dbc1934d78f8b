/** Lines of a function in the worker's log. */

// @ts-ignore: decorator
@external("millrace", "log")
declare function hostLog(level: i32, text: usize, length: i32): void;

/**
 * Writes lines that name the operator to the worker's log, and to the job's (`millrace logs`). A slot sends 50 a second after a burst of 200;
 * what is beyond that is dropped, and how much it was is told.
 *
 *     open(context: RuntimeContext): void {
 *       context.getLogger().info("subtask " + context.subtask.toString() + " begins");
 *     }
 */
export class Logger {
  /** What helps in search of an error. */
  debug(message: string): void {
    say(0, message);
  }

  /** What is as it should be. */
  info(message: string): void {
    say(1, message);
  }

  /** What somebody should look at. */
  warn(message: string): void {
    say(2, message);
  }

  /** What went wrong. */
  error(message: string): void {
    say(3, message);
  }
}

function say(level: i32, message: string): void {
  const bytes = String.UTF8.encode(message);
  hostLog(level, changetype<usize>(bytes), bytes.byteLength);
}
