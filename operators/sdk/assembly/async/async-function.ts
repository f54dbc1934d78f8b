/** Functions that ask the outside (Flink: AsyncFunction, RichAsyncFunction). */
import { RichFunction } from "../functions";
import { RowView } from "../row";
import { HttpRequest } from "./http-request";
import { HttpResponse } from "./http-response";
import { ResultFuture } from "./result-future";

/**
 * A row in, a request to the outside, any number of rows out when its answer has come. Many rows wait at
 * once; `AsyncDataStream.orderedWait` and `unorderedWait` place it in a job, with timeout, capacity and
 * retries.
 *
 * A module cannot call out: asyncInvoke() describes the request and returns. After a restore every row
 * whose results have not left is asked for again, so a request may be made more than once.
 *
 *     @http("dictionary")
 *     @operator
 *     class LookUp extends AsyncFunction<Word, Counted> {
 *       private uses: JsonPath = new JsonPath("uses");
 *       asyncInvoke(value: Word, request: HttpRequest, out: ResultFuture<Counted>): void {
 *         request.get("/words").segment(value.word);
 *       }
 *       onResponse(value: Word, response: HttpResponse, out: ResultFuture<Counted>): void {
 *         if (!response.ok || !this.uses.find(response.body)) {
 *           out.completeExceptionally("no entry: status " + response.status.toString());
 *           return;
 *         }
 *         out.row().n = this.uses.long();
 *         out.collect();
 *       }
 *     }
 */
export abstract class AsyncFunction<
  In extends RowView,
  Out extends RowView,
> extends RichFunction {
  /**
   * Called for each row, again for each retry, and again after a restore. Either describes `request`,
   * or gives the result at once: by collecting, or by `out.complete()` where there is none.
   */
  abstract asyncInvoke(value: In, request: HttpRequest, out: ResultFuture<Out>): void;

  /** Called with the response, whatever its status. What is collected when it returns is the result. */
  abstract onResponse(value: In, response: HttpResponse, out: ResultFuture<Out>): void;

  /**
   * Called when there was no response: `error` is `HTTP_CONNECTION: ...`, `HTTP_TIMEOUT`,
   * `HTTP_RESPONSE_TOO_LARGE` or `HTTP_REQUEST_REFUSED`. Default: completes exceptionally with it.
   */
  onError(value: In, error: string, out: ResultFuture<Out>): void {
    out.completeExceptionally(error);
  }

  /**
   * Called when the row has waited for the job's timeout, all retries included. What it gives is final.
   * Default: completes exceptionally (Flink: AsyncFunction.timeout).
   */
  timeout(value: In, out: ResultFuture<Out>): void {
    out.completeExceptionally("TimeoutException: Async function call has timed out.");
  }

  /**
   * Whether a retry strategy asks again although there is a result (Flink: AsyncRetryPredicate.resultPredicate).
   * @param results how many rows there are
   * @param otherwise what the job's strategy says: for EMPTY_RESULT_PREDICATE, whether there are none
   */
  retryOnResult(value: In, results: i32, otherwise: bool): bool {
    return otherwise;
  }

  /**
   * Whether a retry strategy asks again after `error` (Flink: AsyncRetryPredicate.exceptionPredicate).
   * @param otherwise what the job's strategy says: for HAS_EXCEPTION_PREDICATE, true
   */
  retryOnException(value: In, error: string, otherwise: bool): bool {
    return otherwise;
  }
}
