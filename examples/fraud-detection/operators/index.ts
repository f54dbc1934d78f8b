/** The operator of the fraud detection, after the walkthrough of Flink's documentation. */
import {
  Collector,
  KeyedContext,
  KeyedProcessFunction,
  ValueState,
} from "millrace/sdk";
import { Account, Alert, Transaction } from "./rows";

/** Raises an alert for a large payment within a minute of a small one of the same account. */
@operator
@sideOutput("suspicions", Alert)
export class FraudDetector extends KeyedProcessFunction<Account, Transaction, Alert> {
  /** Below this a payment may be one that tries a stolen card. */
  @parameter small: f64 = 1;
  /** Above this a payment behind such a one is fraud; above half of it, a suspicion. */
  @parameter large: f64 = 500;
  /** How long a small payment counts, ms of event time. */
  @parameter within: i64 = 60000;

  /** The amount of a small payment, until it is too long ago. */
  @state tried!: ValueState<f64>;
  /** When that is: the time of the timer that clears both. */
  @state until!: ValueState<i64>;
  private suspicions!: Collector<Alert>;

  openProcess(context: KeyedContext<Account>): void {
    this.suspicions = context.sideOutput<Alert>(1);
  }

  processElement(payment: Transaction, context: KeyedContext<Account>, out: Collector<Alert>): void {
    // A timer fires with the watermark, which may be behind this payment: so its time is compared.
    if (!this.tried.isEmpty() && context.timestamp < this.until.value()) {
      if (payment.amount > this.large) this.raise(payment, context, out);
      else if (payment.amount > this.large / 2) this.raise(payment, context, this.suspicions);
    }
    this.forget(context);
    if (payment.amount < this.small) {
      const until = context.timestamp + this.within;
      this.tried.update(payment.amount);
      this.until.update(until);
      context.timerService().registerEventTimeTimer(until);
    }
  }

  onTimer(timestamp: i64, context: KeyedContext<Account>, out: Collector<Alert>): void {
    this.tried.clear();
    this.until.clear();
  }

  private raise(
    payment: Transaction,
    context: KeyedContext<Account>,
    out: Collector<Alert>,
  ): void {
    const alert = out.row();
    alert.account = payment.account;
    alert.amount = payment.amount;
    alert.tried = this.tried.value();
    alert.at = context.timestamp;
    out.collect();
  }

  private forget(context: KeyedContext<Account>): void {
    if (this.tried.isEmpty()) return;
    context.timerService().deleteEventTimeTimer(this.until.value());
    this.tried.clear();
    this.until.clear();
  }
}
