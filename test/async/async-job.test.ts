import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpEndpointsOf } from "../../src/cli/http-endpoint-options.ts";
import {
  AsyncDataStream,
  AsyncRetryStrategies,
  type Bundle,
  createLocalEnvironment,
  Duration,
  MiniCluster,
  OutputTag,
  RetryPredicates,
} from "../../src/index.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { loadTestBundle } from "../../src/testing/test-bundle.ts";
import { type RateServer, startRateServer } from "./rate-server.ts";

const SOURCES = fileURLToPath(new URL("assembly/index.ts", import.meta.url));
const PAYMENT = { id: "BIGINT NOT NULL", currency: "STRING NOT NULL", amount: "DOUBLE NOT NULL" };

let server: RateServer;
let cluster: MiniCluster;
let bytes: Uint8Array;

beforeAll(async () => {
  server = await startRateServer();
  const rates = `${server.url}/v1`;
  const score = { url: `${rates}/large`, maxResponseBytes: 4_000 };
  const httpEndpoints = { rates, score, backup: `${rates}/echo` };
  cluster = await MiniCluster.start({ slots: 2, httpEndpoints });
  bytes = (await loadTestBundle(SOURCES)).bytes!;
});
afterAll(async () => {
  await cluster?.close();
  await server?.close();
});

const payment = (id: number, currency = "USD", amount = 10) => ({ id, currency, amount });

/** A stream of payments, and the bundle of functions. */
async function payments(rows: Iterable<object>) {
  const env = createLocalEnvironment({ cluster });
  const bundle: Bundle = await env.bundle(bytes);
  return { env, bundle, stream: env.fromCollection(rows, PAYMENT) };
}

async function rowsOf(stream: { executeAndCollect(): AsyncIterable<object> }) {
  const rows: object[] = [];
  for await (const row of stream.executeAndCollect()) rows.push(row);
  return rows as { id: bigint; euros: number }[];
}

const options = { timeout: Duration.ofSeconds(20) };

describe("a job with an asynchronous function", () => {
  test("asks a server, in the order of the rows, with more rows than its queue takes", async () => {
    const given = Array.from({ length: 300 }, (_, id) => payment(id, id % 3 === 0 ? "EUR" : "USD"));
    const { bundle, stream } = await payments(given);
    const wait = { ...options, capacity: 7 };
    const converted = AsyncDataStream.orderedWait(stream, bundle.operator("Convert"), wait);
    const rows = await rowsOf(converted);
    expect(rows.map(({ id }) => Number(id))).toEqual(given.map(({ id }) => id));
    expect(rows.every(({ id, euros }) => euros === (Number(id) % 3 === 0 ? 10 : 20))).toBe(true);
    expect(server.mostOpen).toBeLessThanOrEqual(7);
    expect(server.asked.length).toBe(200);
    expect(server.asked[0]).toBe("GET /v1/rates/USD");
  });

  test("two in one chain hold each other back, and all comes out", async () => {
    const given = Array.from({ length: 60 }, (_, id) => payment(id));
    const { bundle, stream } = await payments(given);
    const first = AsyncDataStream.unorderedWait(stream, bundle.operator("Convert"), {
      ...options,
      capacity: 5,
    });
    const second = AsyncDataStream.unorderedWait(first, bundle.operator("Again"), {
      ...options,
      capacity: 2,
    });
    const rows = await rowsOf(second);
    expect(rows.map(({ id, euros }) => [Number(id), euros]).sort(([a], [b]) => a! - b!)).toEqual(
      given.map(({ id }) => [id, 40]),
    );
  });

  test("asks a failing server again", async () => {
    const before = server.asked.length;
    const env = createLocalEnvironment({ cluster });
    const bundle = await env.bundle(bytes);
    // The end of the input would make the next try the last.
    const rows = async function* () {
      yield payment(1, "FLAKY");
      await server.until(() => server.asked.length === before + 3);
    };
    const stream = env.fromAsyncIterable(rows(), PAYMENT);
    const strategy = new AsyncRetryStrategies.FixedDelayRetryStrategyBuilder(
      3,
      Duration.ofMillis(5),
    )
      .ifException(RetryPredicates.HAS_EXCEPTION_PREDICATE)
      .build();
    const converted = AsyncDataStream.unorderedWaitWithRetry(
      stream,
      bundle.operator("Convert"),
      strategy,
      options,
    );
    expect(await rowsOf(converted)).toEqual([{ id: 1n, euros: 20 }]);
    expect(server.asked.length - before).toBe(3);
  });

  test("gives a slow server up in its time, a row that gets no rate goes to the dead letters", async () => {
    const { bundle, stream } = await payments([payment(1, "../hold/x"), payment(2)]);
    const converted = AsyncDataStream.orderedWait(stream, bundle.operator("Convert"), options);
    const dead = converted.onRowError("dead-letter").getSideOutput(OutputTag.deadLetter);
    converted.discard();
    expect(await rowsOf(dead)).toEqual([
      {
        record: '{"id":1,"currency":"../hold/x","amount":10}',
        error: expect.stringMatching(/^HTTP_REQUEST_REFUSED: .*expected no/),
        position: 1n,
        operator: "Convert",
        subtask: 0,
      },
    ]);
    const { bundle: other, stream: slow } = await payments([payment(3, "SLOW")]);
    const late = AsyncDataStream.orderedWait(slow, other.operator("Convert"), { timeout: 30 });
    await expect(rowsOf(late)).rejects.toMatchObject({
      code: "ROW_FAILED",
      message: expect.stringContaining("TimeoutException"),
    });
  });

  test("a function is told of an answer that is too large, and sends bodies to where it says", async () => {
    const { bundle, stream } = await payments([payment(1), payment(2, "USD", -1)]);
    const score = AsyncDataStream.orderedWait(stream, bundle.operator("Score"), options);
    const rows = (await rowsOf(score)) as unknown as { text: string }[];
    expect(rows.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^HTTP_RESPONSE_TOO_LARGE: endpoint score .* beyond 4000 bytes/),
      '{"amount":-1.0}',
    ]);
  });

  test("is refused where the cluster does not grant what it asks for", async () => {
    const httpEndpoints = { score: server.url };
    await using env = createLocalEnvironment({ httpEndpoints });
    const bundle = await env.bundle(bytes);
    const stream = env.fromCollection([payment(1)], PAYMENT);
    const score = AsyncDataStream.orderedWait(stream, bundle.operator("Score"), options);
    await expect(rowsOf(score)).rejects.toMatchObject({
      code: "HTTP_ENDPOINT_NOT_GRANTED",
      field: "vertices[1].operator",
      value: "backup",
      expected: expect.stringMatching(/--http-endpoint backup=URL; granted are score$/),
    });
  });
});

describe("bad input", () => {
  const spec = async (parameters: object, rest: object = {}) => {
    const { bundle, env, stream } = await payments([]);
    AsyncDataStream.orderedWait(stream, bundle.operator("Convert"), options).discard();
    const made = env.toJobSpec("bad");
    const vertex = made.vertices.find(({ operator }) => operator.name === "Convert")!;
    vertex.operator = { ...vertex.operator, parameters: { ...parameters } };
    Object.assign(vertex, rest);
    return () => validateJob(made, () => bundle.manifest);
  };
  const wait = { mode: "ordered" };
  const at = (path: string) => `vertices[1].operator.parameters.async${path}`;

  test.each([
    [{ async: { ...wait, capacity: 0 } }, ".capacity"],
    [{ async: { ...wait, capacity: 1e9 } }, ".capacity"],
    [{ async: { ...wait, timeoutMs: 0 } }, ".timeoutMs"],
    [{ async: { ...wait, timeoutMs: -5 } }, ".timeoutMs"],
    [{ async: { mode: "sorted" } }, ".mode"],
    [{}, ""],
    [
      { async: { ...wait, retry: { type: "fixed_delay", maxAttempts: 0, delayMs: 1 } } },
      ".retry.maxAttempts",
    ],
    [
      { async: { ...wait, retry: { type: "fixed_delay", maxAttempts: 1, delayMs: 0 } } },
      ".retry.delayMs",
    ],
  ])(
    "an asynchronous operator's parameter is refused with its field: %j, %s",
    async (parameters, path) => {
      expect(await spec(parameters)).toThrow(expect.objectContaining({ field: at(path) }));
    },
  );

  test("an asynchronous function stands in AsyncDataStream only", async () => {
    const { bundle, stream } = await payments([]);
    expect(() => stream.process(bundle.operator("Convert"))).toThrow(
      expect.objectContaining({ code: "JOB_OPERATOR_KIND" }),
    );
    expect(bundle.manifest.capabilities).toEqual([
      "processing_time",
      "http:backup",
      "http:rates",
      "http:score",
    ]);
    expect(bundle.manifest.operators[0]).toMatchObject({ kind: "async", http: ["rates"] });
  });

  test("grants on a command line are checked there", () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-grants-"));
    const file = join(folder, "grants.json");
    writeFileSync(file, JSON.stringify({ a: { url: "http://h", timeoutMs: 5 }, b: "http://b" }));
    const flags = { httpEndpoint: { b: "http://c" }, httpEndpoints: file };
    expect(httpEndpointsOf(flags)).toEqual({
      httpEndpoints: { a: { url: "http://h", timeoutMs: 5 }, b: "http://c" },
    });
    expect(httpEndpointsOf({})).toEqual({});
    writeFileSync(file, "{");
    for (const wrong of [{ httpEndpoint: { b: "c" } }, { httpEndpoints: file }]) {
      expect(() => httpEndpointsOf(wrong)).toThrow(
        expect.objectContaining({ code: "HTTP_ENDPOINT_INVALID" }),
      );
    }
    rmSync(folder, { recursive: true });
  });
});
