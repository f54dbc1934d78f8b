import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openApiDocument } from "../../src/jobmanager/app.ts";
import { HTTP_BODY_MAX_BYTES } from "../../src/protocol/limits.ts";
import {
  jobSpec,
  type RestHarness,
  restHarness,
  type TestRole,
  wasmBytes,
} from "./rest-harness.ts";

let rest: RestHarness;
beforeEach(async () => {
  rest = await restHarness();
});
afterEach(() => rest.close());

// biome-ignore lint/suspicious/noExplicitAny: JSON of any route
const json = async (response: Response | Promise<Response>): Promise<any> =>
  (await response).json();
const post = (path: string, body: unknown, role?: TestRole) =>
  rest.request(path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(role === undefined ? {} : { role }),
  });
const upload = (bytes = wasmBytes()) =>
  rest.request("/v1/bundles/upload", { method: "POST", body: bytes });
const submit = async (): Promise<string> => {
  rest.worker("a", 2);
  return (await json(post("/v1/jobs", jobSpec("words", "builtin")))).jobid;
};
const task = (job: string, vertex: string, state: "RUNNING" | "FINISHED" | "FAILED") =>
  rest.dispatcher.handle({
    type: "link_message",
    link: "a",
    message: { type: "task_state", job, attempt: 1, vertex, subtask: 0, state },
  });
const end = (job: string) => {
  task(job, "source", "FINISHED");
  task(job, "sink", "FINISHED");
  const message = { type: "committed" as const, job, attempt: 1 };
  rest.dispatcher.handle({ type: "link_message", link: "a", message });
};

/** Every route with the role it takes. */
const ROUTES: [TestRole, string, string][] = [
  ["read-only", "GET", "/v1/overview"],
  ["read-only", "GET", "/v1/config"],
  ["read-only", "GET", "/v1/taskmanagers"],
  ["read-only", "GET", "/v1/taskmanagers/a"],
  ["read-only", "GET", "/v1/bundles"],
  ["read-only", "GET", "/v1/jobs"],
  ["read-only", "GET", "/v1/jobs/overview"],
  ["read-only", "GET", "/v1/jobs/x"],
  ["read-only", "GET", "/v1/jobs/x/plan"],
  ["read-only", "GET", "/v1/jobs/x/vertices/y"],
  ["read-only", "GET", "/v1/jobs/x/exceptions"],
  ["read-only", "GET", "/v1/jobs/x/events"],
  ["read-only", "GET", "/v1/events"],
  ["read-only", "GET", "/v1/logs?follow=false"],
  ["read-only", "GET", "/v1/openapi.json"],
  ["client", "GET", "/v1/jobs/x/rows"],
  ["client", "POST", "/v1/bundles/upload"],
  ["client", "DELETE", "/v1/bundles/x"],
  ["client", "POST", "/v1/bundles/x/run"],
  ["client", "POST", "/v1/jobs"],
  ["client", "PATCH", "/v1/jobs/x?mode=cancel"],
  ["client", "POST", "/v1/jobs/x/cancel"],
  ["worker", "GET", "/v1/bundles/x/download"],
];

describe("the cluster", () => {
  test("GET /v1/overview counts workers, slots and jobs", async () => {
    await submit();
    expect(await json(rest.request("/v1/overview"))).toMatchObject({
      taskmanagers: 1,
      "slots-total": 2,
      "slots-available": 1,
      "jobs-running": 1,
    });
  });

  test("GET /v1/config names versions and limits", async () => {
    const config = await json(rest.request("/v1/config"));
    expect(config).toMatchObject({ "protocol-version": 1, "heartbeat-timeout": 10_000 });
  });

  test("GET /v1/taskmanagers lists the workers, and one of them with what its slots hold", async () => {
    const job = await submit();
    const { taskmanagers } = await json(rest.request("/v1/taskmanagers"));
    expect(taskmanagers).toMatchObject([{ id: "a", path: "ws://a", slotsNumber: 2, freeSlots: 1 }]);
    const details = await json(rest.request("/v1/taskmanagers/a"));
    expect(details.allocatedSlots).toEqual([{ index: 0, jobId: job, attempt: 1 }]);
    const missing = await rest.request("/v1/taskmanagers/b");
    expect(missing.status).toBe(404);
    expect((await json(missing)).errors[0].code).toBe("TASKMANAGER_NOT_FOUND");
  });
});

describe("bundles", () => {
  test("POST /v1/bundles/upload keeps a bundle by its hash; the same bytes twice are one", async () => {
    const first = await json(upload());
    expect(first).toMatchObject({ status: "success", memory: { imposed: true } });
    expect(first.id).toMatch(/^[0-9a-f]{64}$/);
    expect((await json(upload())).id).toBe(first.id);
    const { files } = await json(rest.request("/v1/bundles"));
    expect(files).toMatchObject([{ id: first.id, name: "word-count" }]);
  });

  test("a refused upload leaves nothing behind", async () => {
    const response = await rest.request("/v1/bundles/upload", { method: "POST", body: "PK.." });
    expect(response.status).toBe(400);
    expect((await json(response)).errors[0].code).toBe("BUNDLE_NOT_WASM");
    expect((await json(rest.request("/v1/bundles"))).files).toEqual([]);
  });

  test("an upload past the limit is refused, by its length and by its bytes", async () => {
    const headers = { "content-length": String(2 ** 30) };
    const body = wasmBytes();
    const declared = await rest.request("/v1/bundles/upload", { method: "POST", body, headers });
    expect(declared.status).toBe(413);
    const chunk = new Uint8Array(8 * 1024 * 1024);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(chunk);
      },
    });
    const init = { method: "POST", body: endless, duplex: "half" } as RequestInit;
    const streamed = await rest.request("/v1/bundles/upload", init);
    expect(streamed.status).toBe(413);
    expect((await json(streamed)).errors[0].code).toBe("BUNDLE_TOO_LARGE");
    expect(sent).toBeLessThan(10);
  });

  test("GET /v1/bundles/:hash/download gives a worker the bytes", async () => {
    const { id } = await json(upload());
    const response = await rest.request(`/v1/bundles/${id}/download`, { role: "worker" });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(wasmBytes());
    for (const path of ["x", "..%2F..%2Ftokens", "0".repeat(64)]) {
      const missing = await rest.request(`/v1/bundles/${path}/download`, { role: "worker" });
      expect(missing.status).toBe(404);
    }
  });

  test("POST /v1/bundles/:hash/run fills the bundle in; DELETE is refused while a job uses it", async () => {
    rest.worker("a", 2);
    const { id } = await json(upload());
    const run = await post(`/v1/bundles/${id}/run`, jobSpec());
    expect(run.status).toBe(202);
    const { jobid } = await json(run);
    const refused = await rest.request(`/v1/bundles/${id}`, { method: "DELETE" });
    expect(refused.status).toBe(409);
    expect((await json(refused)).errors[0].code).toBe("BUNDLE_IN_USE");
    end(jobid);
    expect((await rest.request(`/v1/bundles/${id}`, { method: "DELETE" })).status).toBe(200);
    expect((await rest.request(`/v1/bundles/${id}`, { method: "DELETE" })).status).toBe(404);
  });
});

describe("submitting", () => {
  test("a spec that is wrong names the field", async () => {
    const response = await post("/v1/jobs", { ...jobSpec("words", "builtin"), parallelism: 0 });
    expect(response.status).toBe(400);
    const { errors } = await json(response);
    expect(errors[0]).toMatchObject({ code: "JOB_SPEC_INVALID", field: "parallelism" });
  });

  test("a body that is no JSON, or too large, is refused", async () => {
    const broken = await post("/v1/jobs", "{");
    expect([broken.status, (await json(broken)).errors[0].code]).toEqual([400, "JSON_INVALID"]);
    const large = await post("/v1/jobs", " ".repeat(HTTP_BODY_MAX_BYTES + 1));
    expect([large.status, (await json(large)).errors[0].code]).toEqual([413, "BODY_TOO_LARGE"]);
  });

  test.each([
    ["in a field", (deep: string) => `{"version":${deep}}`],
    ["behind a text with brackets and escapes", (deep: string) => `["\\"]]]\\\\",${deep}]`],
    ["cut off", (deep: string) => deep.slice(0, deep.length / 2)],
  ])("JSON nested too deep is refused before anything recurses over it: %s", async (_, body) => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const response = await post("/v1/jobs", body(deep));
    expect([response.status, (await json(response)).errors[0].code]).toEqual([
      400,
      "JSON_TOO_DEEP",
    ]);
  });

  test("more slots than the cluster has are refused with both numbers", async () => {
    const response = await post("/v1/jobs", jobSpec("words", "builtin"));
    expect(response.status).toBe(409);
    expect((await json(response)).errors[0]).toMatchObject({
      code: "SLOTS_INSUFFICIENT",
      value: "1",
    });
  });
});

describe("a job", () => {
  test("is listed, shown, planned, with its vertices and subtasks", async () => {
    const job = await submit();
    task(job, "source", "RUNNING");
    expect((await json(rest.request("/v1/jobs"))).jobs).toEqual([{ id: job, status: "RUNNING" }]);
    const { jobs } = await json(rest.request("/v1/jobs/overview"));
    expect(jobs).toMatchObject([
      { jid: job, name: "words", tasks: { total: 2, running: 1, deploying: 1 }, "end-time": -1 },
    ]);
    const details = await json(rest.request(`/v1/jobs/${job}`));
    expect(details).toMatchObject({ jid: job, state: "RUNNING", attempt: 1 });
    expect(details.vertices[0]).toMatchObject({ id: "source", status: "RUNNING" });
    const { plan } = await json(rest.request(`/v1/jobs/${job}/plan`));
    expect(plan).toMatchObject({ jid: job, name: "words", nodes: [{ id: "source" }, {}] });
    const vertex = await json(rest.request(`/v1/jobs/${job}/vertices/source`));
    expect(vertex.subtasks).toMatchObject([{ subtask: 0, "taskmanager-id": "a" }]);
    expect((await rest.request(`/v1/jobs/${job}/vertices/none`)).status).toBe(404);
    expect((await rest.request("/v1/jobs/none")).status).toBe(404);
  });

  test("GET /v1/jobs/:id/exceptions says what failed where", async () => {
    const job = await submit();
    task(job, "source", "FAILED");
    const { exceptionHistory } = await json(rest.request(`/v1/jobs/${job}/exceptions`));
    expect(exceptionHistory.entries).toMatchObject([
      { exceptionName: "TASK_FAILED", taskName: "source (1/1)", taskManagerId: "a", attempt: 1 },
    ]);
  });

  test("is cancelled in Flink's way and by POST, once", async () => {
    const job = await submit();
    const wrongMode = await rest.request(`/v1/jobs/${job}?mode=stop`, { method: "PATCH" });
    expect([wrongMode.status, (await json(wrongMode)).errors[0].field]).toEqual([
      400,
      "query.mode",
    ]);
    const cancelled = await rest.request(`/v1/jobs/${job}?mode=cancel`, { method: "PATCH" });
    expect(cancelled.status).toBe(202);
    expect((await post(`/v1/jobs/${job}/cancel`, "")).status).toBe(202);
    expect(rest.dispatcher.core.job(job)?.status).toBe("CANCELLING");
    const message = { type: "attempt_released" as const, job, attempt: 1 };
    rest.dispatcher.handle({ type: "link_message", link: "a", message });
    const again = await post(`/v1/jobs/${job}/cancel`, "");
    expect([again.status, (await json(again)).errors[0].code]).toEqual([
      409,
      "JOB_NOT_CANCELLABLE",
    ]);
  });

  test("GET /v1/jobs/:id/events begins with the status now and ends with the job", async () => {
    const job = await submit();
    const response = await rest.request(`/v1/jobs/${job}/events`);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    task(job, "source", "RUNNING");
    end(job);
    const text = await response.text();
    const statuses = [...text.matchAll(/"status":"([A-Z]+)"/g)].map((match) => match[1]);
    expect(statuses).toEqual(["RUNNING", "FINISHED"]);
    expect(text).toContain("event: task_state");
    const late = await (await rest.request(`/v1/jobs/${job}/events`)).text();
    expect(late).toContain('"status":"FINISHED"');
  });

  test("GET /v1/jobs/:id/rows streams rows up to the end, to one reader", async () => {
    const job = await submit();
    task(job, "sink", "RUNNING");
    const rows = {
      type: "rows" as const,
      job,
      attempt: 1,
      vertex: "sink",
      subtask: 0,
      sink: "sink",
    };
    rest.dispatcher.handle({ type: "link_message", link: "a", message: { ...rows, lines: "1\n" } });
    const response = await rest.request(`/v1/jobs/${job}/rows`);
    const second = await rest.request(`/v1/jobs/${job}/rows`);
    expect([second.status, (await json(second)).errors[0].code]).toEqual([409, "ROWS_TAKEN"]);
    end(job);
    const lines = (await response.text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { ...rows, job: undefined, lines: "1\n" },
      { type: "end", status: "FINISHED" },
    ]);
  });

  test("GET /v1/events and /v1/logs stream what happens", async () => {
    const events = await rest.request("/v1/events");
    const job = await submit();
    rest.dispatcher.events.close();
    expect(await events.text()).toContain(job);
    const logs = await (await rest.request("/v1/logs?follow=false")).text();
    expect(logs).toContain("worker a registered");
  });
});

describe("the OpenAPI document", () => {
  test("lists every route, each with its role", () => {
    const { paths } = openApiDocument(rest.app) as {
      paths: Record<string, Record<string, { security: Record<string, unknown>[] }>>;
    };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const served = rest.app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(documented.sort()).toEqual([...new Set(served)].sort());
    const matrix = ROUTES.map(([, method, path]) => `${method.toLowerCase()} ${path}`);
    expect(matrix.length, "the test of roles below covers every route").toBe(documented.length);
    for (const methods of Object.values(paths)) {
      for (const route of Object.values(methods)) expect(route.security.length).toBe(1);
    }
  });

  test("is served, and its references lead somewhere", async () => {
    const response = await rest.request("/v1/openapi.json");
    const text = await response.text();
    const document = JSON.parse(text);
    for (const [, reference] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let at = document;
      for (const part of (reference ?? "").split("/")) at = at?.[part];
      expect(at, reference).toBeDefined();
    }
  });
});

describe("who may do what", () => {
  test.each(ROUTES)("a %s token opens %s %s, and others do not", async (needed, method, path) => {
    for (const role of ["client", "worker", "read-only"] as const) {
      const response = await rest.request(path, { method, role });
      const open = role === needed || (role === "client" && needed === "read-only");
      expect(response.status === 403, `${role} token`).toBe(!open);
      await response.body?.cancel();
    }
    for (const authorization of ["", "Bearer ", "Bearer wrong", "Basic Y2xpZW50"]) {
      const response = await rest.request(path, { method, headers: { authorization } });
      expect(response.status).toBe(401);
      expect((await json(response)).errors[0].code).toBe("UNAUTHORIZED");
    }
  });

  test("a path that is not there is 404, but only for somebody with a token", async () => {
    const unknown = await rest.request("/v1/nothing");
    expect([unknown.status, (await json(unknown)).errors[0].code]).toEqual([
      404,
      "ROUTE_NOT_FOUND",
    ]);
    const headers = { authorization: "" };
    expect((await rest.request("/v1/nothing", { headers })).status).toBe(401);
  });

  test.each([["evil.example:8081"], ["127.0.0.1:9999"], ["127.0.0.1.evil.example"], [""]])(
    "Host %j is refused",
    async (host) => {
      const response = await rest.request("/v1/overview", { headers: { host } });
      expect(response.status).toBe(403);
      expect((await json(response)).errors[0].code).toBe("HOST_NOT_ALLOWED");
    },
  );

  test.each([
    ["http://evil.example"],
    ["https://127.0.0.1:8081"],
    ["http://127.0.0.1:3000"],
    ["null"],
  ])("Origin %j is refused", async (origin) => {
    const response = await rest.request("/v1/overview", { headers: { origin } });
    expect(response.status).toBe(403);
    expect((await json(response)).errors[0].code).toBe("ORIGIN_NOT_ALLOWED");
    expect(response.headers.get("access-control-allow-origin")).toBe(null);
  });

  test.each([["localhost:8081"], ["[::1]:8081"], ["127.0.0.1:8081"]])(
    "Host %j and its own Origin are served",
    async (host) => {
      const headers = { host, origin: `http://${host}` };
      expect((await rest.request("/v1/overview", { headers })).status).toBe(200);
    },
  );
});
