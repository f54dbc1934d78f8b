/** Rows of the functions that trap, and what they draw by lot. */
import { Text } from "millrace/sdk";

@row
export class Deed {
  user: i64;
  /** What it does follows from this. */
  seed: i64;
  /** How many things it does. */
  steps: i32;
  /** It traps behind the last of them. */
  poison: bool;
}

@row
export class User {
  user: i64;
}

@row
export class Told {
  user: i64;
  what!: Text;
  n: i64;
}

/** Numbers that follow from a seed. */
export class Dice {
  constructor(private state: u64) {}

  below(limit: i32): i32 {
    this.state = this.state * 6364136223846793005 + 1442695040888963407;
    return <i32>((this.state >> 33) % <u64>limit);
  }
}

/** A text of up to 63 letters, made in the row. */
export function textOf(dice: Dice): Text {
  let text = "";
  for (let i = dice.below(8); i >= 0; i--) text += "abcdefgh".slice(dice.below(8));
  return Text.of(text);
}
