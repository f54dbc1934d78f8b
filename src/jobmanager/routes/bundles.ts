/** `/v1/bundles`: upload, list, delete, download, run (Flink's `/jars`). */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { z } from "@hono/zod-openapi";
import { MillraceError } from "../../protocol/errors.ts";
import { BUNDLE_MAX_BYTES } from "../../protocol/limits.ts";
import type { App, AppContext } from "../app-context.ts";
import { type StoredBundle, tooLarge } from "../bundle-store.ts";
import { isTerminal } from "../core/inputs-and-actions.ts";
import { jobSpecBody, readJsonBody } from "../json-body.ts";
import { bundleSchema, submittedSchema, uploadSchema } from "../rest-schemas.ts";
import { answer, hashParams, roleRoute } from "./route.ts";

export function addBundleRoutes(app: App, context: AppContext): void {
  addUpload(app, context);
  addList(app, context);
  addDelete(app, context);
  addDownload(app, context);
  addRun(app, context);
}

function addUpload(app: App, { bundles, log }: AppContext): void {
  const route = roleRoute("client", [400, 413, 422, 429], {
    method: "post",
    path: "/v1/bundles/upload",
    summary: "Uploads a bundle",
    description: "The body is the file: curl --data-binary @bundle.wasm. Nothing of it is run.",
    request: {
      body: {
        required: true,
        content: { "application/wasm": { schema: { type: "string", format: "binary" } } },
      },
    },
    responses: { 200: answer("Stored, or there already", uploadSchema) },
  });
  app.openapi(route, async (c) => {
    const declared = Number(c.req.header("content-length") ?? "0");
    if (declared > BUNDLE_MAX_BYTES) throw tooLarge();
    const body = c.req.raw.body;
    if (body === null) {
      throw new MillraceError("BUNDLE_NOT_WASM", "Cannot take bundle: the body is empty", {
        field: "body",
        expected: "the bytes of a .wasm file",
      });
    }
    const { hash, info } = await bundles.store(body);
    log.log("info", `bundle ${info.manifest.name} ${hash} uploaded, ${info.size} bytes`);
    const { size, manifest, imports, exports, memory, warnings } = info;
    const summary = { imports: [...imports], exports: [...exports], warnings: [...warnings] };
    const stored = { filename: hash, id: hash, size, manifest, memory: { ...memory } };
    return c.json({ status: "success" as const, ...stored, ...summary }, 200);
  });
}

function addList(app: App, { bundles }: AppContext): void {
  const route = roleRoute("read-only", [], {
    method: "get",
    path: "/v1/bundles",
    summary: "The uploaded bundles, oldest first",
    responses: { 200: answer("Bundles", z.object({ files: z.array(bundleSchema) })) },
  });
  app.openapi(route, (c) => c.json({ files: bundles.list().map(bundleView) }, 200));
}

function bundleView({ hash, uploadedAt, info }: StoredBundle) {
  const entry = info.manifest.operators.map(({ name, kind, doc }) => ({
    name,
    kind,
    description: doc ?? "",
  }));
  const uploaded = Math.round(uploadedAt);
  return { id: hash, name: info.manifest.name, uploaded, size: info.size, entry };
}

function addDelete(app: App, { bundles, dispatcher, log }: AppContext): void {
  const route = roleRoute("client", [404, 409], {
    method: "delete",
    path: "/v1/bundles/{hash}",
    summary: "Deletes a bundle that no job uses",
    request: { params: hashParams },
    responses: { 200: answer("Deleted", z.object({})) },
  });
  app.openapi(route, async (c) => {
    const { hash } = c.req.valid("param");
    bundles.get(hash);
    for (const job of dispatcher.core.jobs) {
      if (isTerminal(job.status) || !job.planned.bundles.includes(hash)) continue;
      throw new MillraceError("BUNDLE_IN_USE", `Cannot delete bundle: job ${job.id} uses it`, {
        field: "bundle",
        value: hash,
        expected: "a bundle that no live job uses",
      });
    }
    await bundles.delete(hash);
    log.log("info", `bundle ${hash} deleted`);
    return c.json({}, 200);
  });
}

function addDownload(app: App, { bundles }: AppContext): void {
  const route = roleRoute("worker", [404], {
    method: "get",
    path: "/v1/bundles/{hash}/download",
    summary: "The file, for workers",
    request: { params: hashParams },
    responses: {
      200: {
        description: "The bytes; their SHA-256 is the hash",
        content: { "application/wasm": { schema: { type: "string", format: "binary" } } },
      },
    },
  });
  app.openapi(route, (c) => {
    const { hash } = c.req.valid("param");
    const { size } = bundles.get(hash).info;
    const file = Readable.toWeb(createReadStream(bundles.pathOf(hash)));
    return c.body(file as ReadableStream, 200, {
      "content-type": "application/wasm",
      "content-length": String(size),
    });
  });
}

function addRun(app: App, { bundles, dispatcher, planJob }: AppContext): void {
  const route = roleRoute("client", [400, 404, 409, 413, 429], {
    method: "post",
    path: "/v1/bundles/{hash}/run",
    summary: "Submits a job that uses this bundle",
    description: 'Operators without a "bundle" (or with "self") are taken from this one.',
    request: { params: hashParams, body: jobSpecBody },
    responses: { 202: answer("Accepted", submittedSchema) },
  });
  app.openapi(route, async (c) => {
    const { hash } = bundles.get(c.req.valid("param").hash);
    const spec = await readJsonBody(c.req.raw);
    return c.json({ jobid: dispatcher.submit(planJob(withBundle(spec, hash))) }, 202);
  });
}

/** Fills the bundle in where the template leaves it open. Wrong shapes are left to the validator. */
function withBundle(spec: unknown, hash: string): unknown {
  if (!isRecord(spec)) return spec;
  const fill = (holder: unknown, key: string) => {
    if (!isRecord(holder) || !isRecord(holder[key])) return holder;
    const { bundle, ...rest } = holder[key];
    const open = bundle === undefined || bundle === "self";
    return open ? { ...holder, [key]: { bundle: hash, ...rest } } : holder;
  };
  const each = (list: unknown, key: string) =>
    Array.isArray(list) ? list.map((holder: unknown) => fill(holder, key)) : list;
  const vertices = each(spec.vertices, "operator");
  const edges = spec.edges === undefined ? {} : { edges: each(spec.edges, "partitionerOperator") };
  return { ...spec, vertices, ...edges };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
