/** The rows of the clickstream. */
import { Text } from "millrace/sdk";

/** A page that a user opened. */
@row
export class Click {
  user!: Text;
  page!: Text;
  /** ms since 1970. */
  at: i64;
}

/** The same, with how long the visit goes on without another click, ms. */
@row
export class OpenClick {
  user!: Text;
  page!: Text;
  at: i64;
  open_for: i64;
}

/** A user's visit. */
@row
export class Session {
  user!: Text;
  /** Its first and last page. */
  entry!: Text;
  exit!: Text;
  clicks: i32;
  started: i64;
  seconds: i64;
  /** It was given out before, without clicks that came late. */
  revised: bool;
}

/** Visits that began on the same page. */
@row
export class EntryStatistics {
  sessions: i64;
  /** Share of those that ended on the page on which they began, with its one click. */
  bounced: f64;
  mean_clicks: f64;
  mean_seconds: f64;
}

@accumulator
export class SessionTotals {
  sessions: i64;
  bounced: i64;
  clicks: i64;
  seconds: i64;
}
