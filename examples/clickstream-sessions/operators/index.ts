/** Visits to a site from clicks, and statistics of visits. */
import {
  AggregateFunction,
  Collector,
  FiredBy,
  MapFunction,
  ProcessWindowFunction,
  RuntimeContext,
  Text,
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategy,
  WindowContext,
  WindowElements,
} from "millrace/sdk";
import { Click, EntryStatistics, OpenClick, Session, SessionTotals } from "./rows";

/** A watermark behind each click that is later than all before: what comes too late does not depend on how fast clicks are read. */
class BehindEachClick extends WatermarkGenerator<Click> {
  private highest: i64 = i64.MIN_VALUE;

  constructor(private outOfOrder: i64) {
    super();
  }

  onEvent(click: Click, at: i64, output: WatermarkOutput): void {
    if (at <= this.highest) return;
    this.highest = at;
    output.emitWatermark(at - this.outOfOrder - 1);
  }

  onPeriodicEmit(output: WatermarkOutput): void {}
}

/** Clicks come at most so late. */
@operator
export class ByClick extends WatermarkStrategy<Click> {
  /** How far a click may stand behind a later one, ms. */
  @parameter outOfOrder: i64 = 5000;

  createWatermarkGenerator(context: RuntimeContext): WatermarkGenerator<Click> {
    return new BehindEachClick(this.outOfOrder);
  }
}

/** How long a visit stays open behind each click: a video is watched, a page is read. */
@operator
export class KeepOpen extends MapFunction<Click, OpenClick> {
  /** Behind a page, ms. */
  @parameter page: i64 = 600000;
  /** Behind a video, ms. */
  @parameter video: i64 = 3600000;

  private readonly videos: Text = Text.of("/video/");

  map(click: Click, out: OpenClick): void {
    out.user = click.user;
    out.page = click.page;
    out.at = click.at;
    out.open_for = click.page.startsWith(this.videos) ? this.video : this.page;
  }
}

/** A visit, when it is over, and again if a click of it came late. */
@operator
export class SummarizeSession extends ProcessWindowFunction<OpenClick, Session> {
  process(context: WindowContext, clicks: WindowElements<OpenClick>, out: Collector<Session>): void {
    // Clicks stand in the order in which they came, which need not be that of their times.
    let first = 0;
    let last = 0;
    let started = clicks.at(0).at;
    let ended = started;
    for (let i = 1; i < clicks.length; i++) {
      const at = clicks.at(i).at;
      if (at < started) {
        started = at;
        first = i;
      }
      if (at >= ended) {
        ended = at;
        last = i;
      }
    }
    const session = out.row();
    session.user = clicks.key.user;
    session.entry = clicks.at(first).page;
    session.exit = clicks.at(last).page;
    session.clicks = clicks.length;
    session.started = started;
    session.seconds = (ended - started) / 1000;
    session.revised = context.firedBy == FiredBy.ELEMENT;
    out.collect();
  }
}

/** How the visits of an hour that began on a page went. Those that were given out again count once. */
@operator
export class SessionStatistics extends AggregateFunction<Session, SessionTotals, EntryStatistics> {
  add(session: Session, totals: SessionTotals): void {
    if (session.revised) return;
    totals.sessions++;
    if (session.clicks == 1) totals.bounced++;
    totals.clicks += session.clicks;
    totals.seconds += session.seconds;
  }

  merge(into: SessionTotals, from: SessionTotals): void {
    into.sessions += from.sessions;
    into.bounced += from.bounced;
    into.clicks += from.clicks;
    into.seconds += from.seconds;
  }

  getResult(totals: SessionTotals, out: EntryStatistics): void {
    const sessions = <f64>max(totals.sessions, 1);
    out.sessions = totals.sessions;
    out.bounced = <f64>totals.bounced / sessions;
    out.mean_clicks = <f64>totals.clicks / sessions;
    out.mean_seconds = <f64>totals.seconds / sessions;
  }
}
