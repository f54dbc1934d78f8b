/** The function of pattern cases: the pattern of the spec, through the SDK's public classes. */
import {
  AfterMatchSkipStrategy,
  Collector,
  Condition,
  ConditionContext,
  IterativeCondition,
  JsonValue,
  Pattern,
  PatternContext,
  PatternMatch,
  PatternProcessFunction,
  RuntimeContext,
  SimpleCondition,
  Text,
  WithinType,
} from "millrace/sdk";
import { CaseEvent, MatchResult } from "./rows";

export class MatchPattern extends PatternProcessFunction<CaseEvent, MatchResult> {
  private spec: JsonValue = JsonValue.NULL;
  private timeouts: Collector<MatchResult> | null = null;

  open(context: RuntimeContext): void {
    this.spec = context.parameters.get("spec");
  }

  openProcess(context: PatternContext): void {
    if (this.spec.get("timeouts").bool(false)) this.timeouts = context.sideOutput<MatchResult>(1);
  }

  inProcessingTime(): bool {
    return this.spec.get("time").string("event") == "processing";
  }

  /** Behind that of timeouts, if there is one. */
  lateOutput(): i32 {
    if (!this.spec.get("late_output").bool(false)) return 0;
    return this.spec.get("timeouts").bool(false) ? 2 : 1;
  }

  pattern(): Pattern<CaseEvent> {
    const spec = this.spec;
    const stages = spec.get("stages").items;
    let pattern = Pattern.begin<CaseEvent>(nameOf(stages[0]), readSkip(spec.get("skip")));
    readStage(pattern, stages[0]);
    for (let i = 1; i < stages.length; i++) {
      pattern = link(pattern, stages[i]);
      readStage(pattern, stages[i]);
    }
    const within = spec.get("within");
    if (within.isNull()) return pattern;
    const isWhole = spec.get("within_type").string("first_and_last") == "first_and_last";
    const type = isWhole ? WithinType.FIRST_AND_LAST : WithinType.PREVIOUS_AND_CURRENT;
    return pattern.within(within.long(0), type);
  }

  processMatch(
    match: PatternMatch<CaseEvent>,
    context: PatternContext,
    out: Collector<MatchResult>,
  ): void {
    emit(match, out);
  }

  processTimedOutMatch(match: PatternMatch<CaseEvent>, context: PatternContext): void {
    const timeouts = this.timeouts;
    if (timeouts !== null) emit(match, timeouts);
  }
}

function emit(match: PatternMatch<CaseEvent>, out: Collector<MatchResult>): void {
  const row = out.row();
  let text = "";
  for (let i = 0; i < match.stageNames.length; i++) {
    const name = match.stageNames[i];
    const events = match.get(name);
    if (events.length == 0) continue;
    row.k = events.at(0).k;
    let list = "";
    for (let e = 0; e < events.length; e++) list += (e == 0 ? "" : ",") + events.at(e).i.toString();
    text += (text.length == 0 ? "" : ",") + '"' + name + '":[' + list + "]";
  }
  row.m = Text.from("{" + text + "}");
  out.collect();
}

function nameOf(stage: JsonValue): string {
  return stage.get("name").string("");
}

function readSkip(json: JsonValue): AfterMatchSkipStrategy {
  const type = json.get("type").string("no_skip");
  const stage = json.get("stage").string("");
  if (type == "to_next") return AfterMatchSkipStrategy.skipToNext();
  if (type == "past_last") return AfterMatchSkipStrategy.skipPastLastEvent();
  if (type == "to_first") return AfterMatchSkipStrategy.skipToFirst(stage);
  if (type == "to_last") return AfterMatchSkipStrategy.skipToLast(stage);
  assert(type == "no_skip", "unknown skip strategy " + type);
  return AfterMatchSkipStrategy.noSkip();
}

function link(pattern: Pattern<CaseEvent>, stage: JsonValue): Pattern<CaseEvent> {
  const link = stage.get("link").string("");
  const name = nameOf(stage);
  if (link == "next") return pattern.next(name);
  if (link == "followed_by") return pattern.followedBy(name);
  if (link == "followed_by_any") return pattern.followedByAny(name);
  if (link == "not_next") return pattern.notNext(name);
  assert(link == "not_followed_by", "unknown link " + link);
  return pattern.notFollowedBy(name);
}

/** Condition and quantifiers of a stage. */
function readStage(pattern: Pattern<CaseEvent>, stage: JsonValue): void {
  const where = stage.get("where");
  if (!where.isNull()) pattern.where(readCondition(where));
  const times = stage.get("times").items;
  if (times.length > 0) {
    const from = times[0].int(1);
    if (!times[1].isNull()) pattern.times(from, times[1].int(from));
    else if (from == 1) pattern.oneOrMore();
    else pattern.timesOrMore(from);
  }
  const inner = stage.get("inner").string("");
  if (inner == "consecutive") pattern.consecutive();
  else if (inner == "allow_combinations") pattern.allowCombinations();
  if (stage.get("greedy").bool(false)) pattern.greedy();
  if (!stage.get("until").isNull()) pattern.until(readCondition(stage.get("until")));
  if (stage.get("optional").bool(false)) pattern.optional();
}

function readCondition(json: JsonValue): Condition<CaseEvent> {
  const name = json.names[0];
  const argument = json.items[0];
  if (name == "gt_last") return new GreaterThanLast(argument.string(""));
  if (name == "ge_sum") return new AtLeastSum(argument.string(""));
  return new Compared(name, argument.long(0));
}

class Compared extends SimpleCondition<CaseEvent> {
  constructor(
    private how: string,
    private n: i64,
  ) {
    super();
    assert(how == "eq" || how == "lt" || how == "gt" || how == "any", "unknown condition " + how);
  }

  filter(value: CaseEvent): bool {
    if (this.how == "eq") return value.v == this.n;
    if (this.how == "lt") return value.v < this.n;
    return this.how == "any" || value.v > this.n;
  }
}

class GreaterThanLast extends IterativeCondition<CaseEvent> {
  constructor(private stage: string) {
    super();
  }

  filter(value: CaseEvent, context: ConditionContext<CaseEvent>): bool {
    const events = context.getEventsForPattern(this.stage);
    return events.length == 0 || value.v > events.at(events.length - 1).v;
  }
}

class AtLeastSum extends IterativeCondition<CaseEvent> {
  constructor(private stage: string) {
    super();
  }

  filter(value: CaseEvent, context: ConditionContext<CaseEvent>): bool {
    const events = context.getEventsForPattern(this.stage);
    let sum: i64 = 0;
    for (let i = 0; i < events.length; i++) sum += events.at(i).v;
    return value.v >= sum;
  }
}
