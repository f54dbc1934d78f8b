/** The rows of the fraud detection. */
import { Text } from "millrace/sdk";

/** A payment by card. */
@row
export class Transaction {
  account!: Text;
  amount: f64;
}

/** What transactions are told apart by. */
@row
export class Account {
  account!: Text;
}

/** A payment that looks like fraud: large, soon after a small one that tried the card. */
@row
export class Alert {
  account!: Text;
  amount: f64;
  /** The amount of the small payment before. */
  tried: f64;
  @timestamp(3) at: i64;
}
