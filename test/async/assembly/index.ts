/** Asynchronous functions of the tests. */
import {
  AsyncFunction,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  HttpRequest,
  HttpResponse,
  JsonPath,
  ListStateDescriptor,
  OperatorListState,
  ResultFuture,
  Text,
} from "millrace/sdk";

@row
export class Payment {
  id: i64;
  currency!: Text;
  amount: f64;
}

@row
export class Converted {
  id: i64;
  euros: f64;
}

/** Payments in euros, by the rates of a server; euros need none, an unknown currency has no result. */
@http("rates")
@operator
export class Convert extends AsyncFunction<Payment, Converted> {
  private euro: Text = Text.of("EUR");
  private rate: JsonPath = new JsonPath("rate");

  asyncInvoke(value: Payment, request: HttpRequest, out: ResultFuture<Converted>): void {
    if (value.amount == 0) out.complete();
    else if (value.currency.equals(this.euro)) this.give(value, 1, out);
    else if (!value.currency.isEmpty()) request.get("/rates").segment(value.currency);
  }

  onResponse(value: Payment, response: HttpResponse, out: ResultFuture<Converted>): void {
    if (response.status == 404) return;
    if (!response.ok || !this.rate.find(response.body)) {
      out.completeExceptionally("no rate: status " + response.status.toString());
      return;
    }
    this.give(value, this.rate.double(), out);
  }

  private give(value: Payment, rate: f64, out: ResultFuture<Converted>): void {
    out.row().id = value.id;
    out.row().euros = value.amount * rate;
    out.collect();
  }
}

/** Doubles euros, by the same server. */
@http("rates")
@operator
export class Again extends AsyncFunction<Converted, Converted> {
  asyncInvoke(value: Converted, request: HttpRequest, out: ResultFuture<Converted>): void {
    request.get("/rates/2").query("id", Text.from(value.id.toString()));
  }

  onResponse(value: Converted, response: HttpResponse, out: ResultFuture<Converted>): void {
    out.row().id = value.id;
    out.row().euros = value.euros * 2;
    out.collect();
  }
}

@row
export class Verdict {
  id: i64;
  text!: Text;
}

/** Asks two endpoints, with all that a request can have; a row is never lost. */
@http("score", "backup")
@operator
export class Score extends AsyncFunction<Payment, Verdict> {
  private json: Text = Text.of("application/json");

  asyncInvoke(value: Payment, request: HttpRequest, out: ResultFuture<Verdict>): void {
    request
      .post("/score?v=2")
      .query("cur", value.currency)
      .header("content-type", this.json)
      .header("X-Id", Text.from(value.id.toString()))
      .body(Text.from('{"amount":'))
      .body(Text.from(value.amount.toString() + "}"));
    if (value.amount < 0) request.to("backup");
  }

  onResponse(value: Payment, response: HttpResponse, out: ResultFuture<Verdict>): void {
    const copies = response.header("x-copies").parseInt(1);
    for (let i: i64 = 0; i < copies; i++) this.give(value, response.body, out);
  }

  onError(value: Payment, error: string, out: ResultFuture<Verdict>): void {
    this.give(value, Text.from(error), out);
  }

  timeout(value: Payment, out: ResultFuture<Verdict>): void {
    this.give(value, Text.from("late"), out);
  }

  retryOnResult(value: Payment, results: i32, otherwise: bool): bool {
    return otherwise || value.id == 7;
  }

  private give(value: Payment, text: Text, out: ResultFuture<Verdict>): void {
    out.row().id = value.id;
    out.row().text = text;
    out.collect();
  }
}

/** Traps in the method that the currency names, once it has changed fields and collected; counts the calls that came to their end. */
@http("rates")
@operator
export class Fragile extends AsyncFunction<Payment, Verdict> {
  private calls: i64 = 0;
  private state!: OperatorListState<i64>;

  initializeState(context: FunctionInitializationContext): void {
    this.state = context.getOperatorStateStore().getListState(new ListStateDescriptor<i64>("calls"));
    const restored = this.state.get();
    while (restored.next()) this.calls += restored.value;
  }

  snapshotState(context: FunctionSnapshotContext): void {
    this.state.clear();
    this.state.add(this.calls);
  }

  asyncInvoke(value: Payment, request: HttpRequest, out: ResultFuture<Verdict>): void {
    request.get("/").segment(value.currency);
    this.told(this.calls > 0 ? "second asyncInvoke" : "asyncInvoke", value);
  }

  onResponse(value: Payment, response: HttpResponse, out: ResultFuture<Verdict>): void {
    this.give(value, out);
    if (response.status == 503) out.completeExceptionally("busy");
    this.told("onResponse", value);
  }

  onError(value: Payment, error: string, out: ResultFuture<Verdict>): void {
    this.give(value, out);
    this.told("onError", value);
  }

  timeout(value: Payment, out: ResultFuture<Verdict>): void {
    this.give(value, out);
    this.told("timeout", value);
  }

  retryOnException(value: Payment, error: string, otherwise: bool): bool {
    this.told("retryOnException", value);
    return otherwise;
  }

  private give(value: Payment, out: ResultFuture<Verdict>): void {
    out.row().id = value.id;
    out.row().text = Text.from(this.calls.toString());
    out.collect();
  }

  private told(method: string, value: Payment): void {
    this.calls++;
    const at = value.currency.toString();
    if (at == method || "second " + at == method) throw new Error("trapped in " + method);
  }
}
