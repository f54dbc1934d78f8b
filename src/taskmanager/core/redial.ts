/** When a worker dials its JobManager again, and what of that is news. Pure. */
import { JOB_MANAGER_REDIAL_MAX_MS, REDIAL_FIRST_MS } from "../../protocol/limits.ts";

/** Pauses that double, so that a JobManager that is away for hours costs next to nothing. */
export class Redial {
  #pauseMs = REDIAL_FIRST_MS;
  #told: string | undefined;

  /**
   * A dial has failed, or the link closed.
   * @param jitter in [0, 1): a JobManager that comes back is not dialed by all workers at once
   * @returns ms until the next dial, at least half of the full pause
   */
  pauseMs(jitter: number): number {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, JOB_MANAGER_REDIAL_MAX_MS);
    return pauseMs * (0.5 + jitter / 2);
  }

  /** Whether this is to be told: the link has been up, or fails for another reason than before. */
  isNews(reason: string): boolean {
    if (reason === this.#told) return false;
    this.#told = reason;
    return true;
  }

  /** The JobManager has taken the worker. @returns whether it had been told that it is away */
  registered(): boolean {
    const wasAway = this.#told !== undefined;
    this.#told = undefined;
    this.#pauseMs = REDIAL_FIRST_MS;
    return wasAway;
  }
}
