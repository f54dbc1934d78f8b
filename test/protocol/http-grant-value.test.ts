/** What an error of a grant tells of the value that is wrong. */
import { expect, test } from "vitest";
import { parseHttpEndpoints } from "../../src/protocol/http-endpoint.ts";

test.each([
  [5, "httpEndpoints.a", "5"],
  [{ url: "http://h", timeoutMs: -1 }, "httpEndpoints.a.timeoutMs", "-1"],
  [{ url: "http://h", headers: { k: "secret\n" } }, "httpEndpoints.a.headers.k", undefined],
])("%j is refused at %s with its value, but for headers", (grant, field, value) => {
  let refusal: unknown;
  try {
    parseHttpEndpoints({ a: grant });
  } catch (thrown) {
    refusal = thrown;
  }
  expect(refusal).toMatchObject({ code: "HTTP_ENDPOINT_INVALID", field });
  expect((refusal as { value?: unknown }).value).toEqual(value);
});
