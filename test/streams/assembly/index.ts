/** Operators of random streams: a row's number tells which it is, whatever the key. */
import {
  CoGroupFunction,
  Collector,
  FlatJoinFunction,
  JoinContext,
  JoinFunction,
  ProcessJoinFunction,
  Text,
  WindowElements,
} from "millrace/sdk";

@row
export class Item {
  v: i64;
}

@row
export class TaggedItem {
  v: i64;
  tag!: Text;
}

@row
export class Pair {
  left: i64;
  right: i64;
}

@row
export class TaggedPair {
  left: i64;
  right: i64;
  tags!: Text;
}

@operator
export class Match extends ProcessJoinFunction<Item, Item, Pair> {
  processElement(left: Item, right: Item, context: JoinContext, out: Collector<Pair>): void {
    const pair = out.row();
    pair.left = left.v;
    pair.right = right.v;
    out.collect();
  }
}

/** Rows of any length. */
@operator
export class MatchTagged extends ProcessJoinFunction<TaggedItem, TaggedItem, TaggedPair> {
  processElement(
    left: TaggedItem,
    right: TaggedItem,
    context: JoinContext,
    out: Collector<TaggedPair>,
  ): void {
    const pair = out.row();
    pair.left = left.v;
    pair.right = right.v;
    pair.tags = Text.from(left.tag.toString() + "," + right.tag.toString());
    out.collect();
  }
}

@operator
export class Join extends JoinFunction<Item, Item, Pair> {
  join(left: Item, right: Item, out: Pair): void {
    out.left = left.v;
    out.right = right.v;
  }
}

@operator
export class FlatJoin extends FlatJoinFunction<Item, Item, Pair> {
  join(left: Item, right: Item, out: Collector<Pair>): void {
    const pair = out.row();
    pair.left = left.v;
    pair.right = right.v;
    out.collect();
  }
}

@operator
export class Group extends CoGroupFunction<Item, Item, Pair> {
  coGroup(left: WindowElements<Item>, right: WindowElements<Item>, out: Collector<Pair>): void {
    const pair = out.row();
    pair.left = sum(left);
    pair.right = sum(right);
    out.collect();
  }
}

function sum(items: WindowElements<Item>): i64 {
  let total: i64 = 0;
  for (let i = 0; i < items.length; i++) total += items.at(i).v;
  return total;
}
