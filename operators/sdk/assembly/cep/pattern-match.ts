/** The events of a match, complete or not, by the stages of its pattern. */
import { RowView } from "../row";
import { cellOf, previousOf, stageOf } from "./shared-buffer";

/**
 * The events of one stage of a match, oldest first (Flink: the List of a match's map). Valid as long as its
 * PatternMatch.
 *
 *     filter(value: Reading, context: ConditionContext<Reading>): bool {
 *       const before = context.getEventsForPattern("hot");
 *       return before.length == 0 || before.at(before.length - 1).degrees < value.degrees;
 *     }
 */
export class MatchedEvents<T extends RowView> {
  /** How many there are. */
  length: i32 = 0;
  private places: i32[] = [];

  /** @internal The runtime makes it. */
  constructor(private match: PatternMatch<T>) {}

  __clear(): void {
    this.length = 0;
    this.places.length = 0;
  }

  __add(place: i32): void {
    this.places.push(place);
    this.length++;
  }

  /**
   * The event at an index. Each event of a match has a view of its own.
   * @throws OPERATOR_FAILED outside of 0 <= index < length
   */
  at(index: i32): T {
    return this.match.__eventAt(this.places[index]);
  }
}

/**
 * A match: the events of each stage (Flink: Map<String, List<IN>>). Valid until the call that got it
 * returns: copy what is to be kept.
 *
 *     processMatch(match: PatternMatch<Line>, context: PatternContext, out: Collector<Line>): void {
 *       out.row().line = match.get("first").at(0).line;
 *       out.collect();
 *     }
 */
export class PatternMatch<T extends RowView> {
  private nodes: usize[] = [];
  /** A view for each place of a match. */
  private views: T[] = [];
  private lists: MatchedEvents<T>[] = [];
  private none!: MatchedEvents<T>;

  /** @internal The runtime makes it. */
  constructor(private stages: string[]) {
    this.none = new MatchedEvents<T>(this);
    for (let i = 0; i < stages.length; i++) this.lists.push(new MatchedEvents<T>(this));
  }

  /**
   * The events of a stage, oldest first; none where the match did without it, or no stage has that
   * name.
   */
  get(stage: string): MatchedEvents<T> {
    for (let i = 0; i < this.stages.length; i++) {
      if (this.stages[i] == stage) return this.lists[i];
    }
    return this.none;
  }

  /** The names of the pattern's stages, in their order. */
  get stageNames(): string[] {
    return this.stages;
  }

  /** Makes it the match that ends with a node of the shared buffer. */
  __walk(last: usize): void {
    const nodes = this.nodes;
    nodes.length = 0;
    for (let node = last; node != 0; node = previousOf(node)) nodes.push(node);
    nodes.reverse();
    for (let i = 0; i < this.lists.length; i++) this.lists[i].__clear();
    for (let i = 0; i < nodes.length; i++) this.lists[stageOf(nodes[i])].__add(i);
  }

  __eventAt(place: i32): T {
    while (this.views.length <= place) this.views.push(instantiate<T>());
    const view = this.views[place];
    view.__attachCell(cellOf(this.nodes[place]));
    return view;
  }
}
