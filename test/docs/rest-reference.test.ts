/** docs/rest.md is written from the OpenAPI document, and its curl lines reach the routes. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApi, restReference } from "../../packaging/reference/rest-reference.ts";
import { jobSpec, type RestHarness, restHarness, wasmBytes } from "../jobmanager/rest-harness.ts";

const page = readFileSync(new URL("../../docs/rest.md", import.meta.url), "utf8");
let rest: RestHarness;
beforeAll(async () => {
  rest = await restHarness();
  rest.worker("a", 64);
});
afterAll(() => rest.close());

test("docs/rest.md is what `npm run docs:rest` writes", () => {
  expect(restReference(openApi())).toBe(page);
});

test("docs/rest.md tells every route of the OpenAPI document", () => {
  const routes = Object.entries(openApi().paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `\`${method.toUpperCase()} ${path}\``),
  );
  expect(routes.length).toBeGreaterThan(20);
  expect(routes.filter((route) => !page.includes(route))).toEqual([]);
});

const examples = [...page.matchAll(/^mill .*$/gm)].map(([line]) => line);

test("docs/rest.md has a curl line for every route", () => {
  const methods = Object.values(openApi().paths).flatMap((path) => Object.keys(path));
  expect(examples.length).toBe(methods.length);
});

/** A job, and a bundle, of its own for each line: some lines end them. */
async function identifiers(): Promise<Record<string, string>> {
  const upload = { method: "POST", body: wasmBytes(String(Math.random())) };
  const bundle = (await (await rest.request("/v1/bundles/upload", upload)).json()) as {
    id: string;
  };
  const submit = { method: "POST", body: JSON.stringify(jobSpec("words", "builtin")) };
  const job = (await (await rest.request("/v1/jobs", submit)).json()) as { jobid: string };
  return { HASH: bundle.id, JOBID: job.jobid, TASKMANAGERID: "a", VERTEXID: "source" };
}

test.each(examples)("%s", async (line) => {
  const ids = await identifiers();
  const url = line.match(/\$URL(\S+)/)![1]!.replaceAll(/\$([A-Z]+)/g, (_, name) => ids[name] ?? "");
  const data = line.match(/--data-binary @(\S+)/)?.[1];
  const posted = data === undefined ? "GET" : "POST";
  const spec = url.endsWith("/run") ? jobSpec() : jobSpec("words", "builtin");
  const body = data === "job.json" ? JSON.stringify(spec) : wasmBytes();
  const response = await rest.request(url, {
    method: line.match(/-X (\w+)/)?.[1] ?? posted,
    role: url.endsWith("/download") ? "worker" : "client",
    ...(data === undefined ? {} : { body }),
  });
  expect([200, 202]).toContain(response.status);
  await response.body?.cancel();
});
