/** The asynchronous function of the cases: the runner answers its requests with what the case says. */
import { AsyncFunction, HttpRequest, HttpResponse, ResultFuture, RuntimeContext, Text } from "millrace/sdk";
import { AsyncEvent, AsyncResult } from "./rows";

const COMMA: u8 = 0x2c;

/** A request names its element; an answer's body is the results, joined by commas. */
export class CaseAsync extends AsyncFunction<AsyncEvent, AsyncResult> {
  private completesOnTimeout: bool = false;

  open(context: RuntimeContext): void {
    this.completesOnTimeout = context.parameters.get("onTimeout").string("") == "complete";
  }

  asyncInvoke(value: AsyncEvent, request: HttpRequest, out: ResultFuture<AsyncResult>): void {
    request.get("/").segment(Text.from(value.e.toString()));
  }

  onResponse(value: AsyncEvent, response: HttpResponse, out: ResultFuture<AsyncResult>): void {
    const body = response.body;
    if (body.isEmpty()) return;
    const parts = body.split(COMMA);
    while (parts.next()) this.give(value, parts.value.parseInt(), out);
  }

  timeout(value: AsyncEvent, out: ResultFuture<AsyncResult>): void {
    if (this.completesOnTimeout) this.give(value, -1, out);
    else super.timeout(value, out);
  }

  private give(value: AsyncEvent, result: i64, out: ResultFuture<AsyncResult>): void {
    out.row().e = value.e;
    out.row().v = result;
    out.collect();
  }
}
