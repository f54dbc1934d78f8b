/** `/v1/jobs`: submit, list, details, plan, vertices, exceptions, cancel. */
import { z } from "@hono/zod-openapi";
import { errorFromBody, MillraceError } from "../../protocol/errors.ts";
import type { App, AppContext } from "../app-context.ts";
import { jobNotFound } from "../core/job-manager.ts";
import type { JobMaster } from "../core/job-master.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { exceptionsOf, jobDetails, jobOverview, planOf, vertexDetails } from "../job-view.ts";
import { jobSpecBody, readJsonBody } from "../json-body.ts";
import {
  exceptionsSchema,
  jobDetailsSchema,
  jobOverviewSchema,
  jobStatusSchema,
  planSchema,
  submittedSchema,
  vertexSchema,
} from "../rest-schemas.ts";
import { answer, jobParams, roleRoute } from "./route.ts";

export function addJobRoutes(app: App, context: AppContext): void {
  addSubmit(app, context);
  addLists(app, context);
  addDetails(app, context);
  addCancel(app, context);
}

/** @throws MillraceError JOB_NOT_FOUND */
export function findJob(dispatcher: Dispatcher, id: string): JobMaster {
  const job = dispatcher.core.job(id);
  if (job === undefined) throw errorFromBody(jobNotFound(id));
  return job;
}

function addSubmit(app: App, { dispatcher, planJob }: AppContext): void {
  const route = roleRoute("client", [400, 409, 413, 429], {
    method: "post",
    path: "/v1/jobs",
    summary: "Submits a job",
    request: { body: jobSpecBody },
    responses: { 202: answer("Accepted", submittedSchema) },
  });
  app.openapi(route, async (c) => {
    const planned = planJob(await readJsonBody(c.req.raw));
    return c.json({ jobid: dispatcher.submit(planned) }, 202);
  });
}

function addLists(app: App, { dispatcher }: AppContext): void {
  const ids = roleRoute("read-only", [], {
    method: "get",
    path: "/v1/jobs",
    summary: "Ids and states of the jobs",
    responses: {
      200: answer(
        "Jobs, in order of submission",
        z.object({ jobs: z.array(z.object({ id: z.string(), status: jobStatusSchema })) }),
      ),
    },
  });
  app.openapi(ids, (c) => {
    const jobs = [...dispatcher.core.jobs].map(({ id, status }) => ({ id, status }));
    return c.json({ jobs }, 200);
  });

  const overview = roleRoute("read-only", [], {
    method: "get",
    path: "/v1/jobs/overview",
    summary: "The jobs with names, times and task counts",
    responses: { 200: answer("Jobs", z.object({ jobs: z.array(jobOverviewSchema) })) },
  });
  app.openapi(overview, (c) => {
    const jobs = [...dispatcher.core.jobs].map((job) => jobOverview(job, dispatcher));
    return c.json({ jobs }, 200);
  });
}

function addDetails(app: App, { dispatcher }: AppContext): void {
  const details = roleRoute("read-only", [404], {
    method: "get",
    path: "/v1/jobs/{jobid}",
    summary: "One job",
    request: { params: jobParams },
    responses: { 200: answer("The job", jobDetailsSchema) },
  });
  app.openapi(details, (c) => {
    const job = findJob(dispatcher, c.req.valid("param").jobid);
    return c.json(jobDetails(job, dispatcher), 200);
  });

  const plan = roleRoute("read-only", [404], {
    method: "get",
    path: "/v1/jobs/{jobid}/plan",
    summary: "Its job graph",
    request: { params: jobParams },
    responses: { 200: answer("The plan", planSchema) },
  });
  app.openapi(plan, (c) => {
    const job = findJob(dispatcher, c.req.valid("param").jobid);
    return c.json({ plan: planOf(job) }, 200);
  });

  const exceptions = roleRoute("read-only", [404], {
    method: "get",
    path: "/v1/jobs/{jobid}/exceptions",
    summary: "What failed, newest first",
    request: { params: jobParams },
    responses: { 200: answer("The exceptions", exceptionsSchema) },
  });
  app.openapi(exceptions, (c) => {
    const job = findJob(dispatcher, c.req.valid("param").jobid);
    return c.json(exceptionsOf(job, dispatcher), 200);
  });

  addVertex(app, dispatcher);
}

function addVertex(app: App, dispatcher: Dispatcher): void {
  const vertexId = z.string().openapi({ param: { name: "vertexid", in: "path" } });
  const route = roleRoute("read-only", [404], {
    method: "get",
    path: "/v1/jobs/{jobid}/vertices/{vertexid}",
    summary: "One vertex and its subtasks",
    request: { params: jobParams.extend({ vertexid: vertexId }) },
    responses: { 200: answer("The vertex", vertexSchema) },
  });
  app.openapi(route, (c) => {
    const { jobid, vertexid } = c.req.valid("param");
    const job = findJob(dispatcher, jobid);
    const vertex = job.planned.vertices.find(({ id }) => id === vertexid);
    if (vertex === undefined) {
      throw new MillraceError("VERTEX_NOT_FOUND", `Cannot find vertex ${vertexid} of the job`, {
        field: "vertexid",
        value: vertexid,
        expected: "a vertex id of GET /v1/jobs/:jobid",
      });
    }
    return c.json(vertexDetails(job, vertex, dispatcher), 200);
  });
}

function addCancel(app: App, { dispatcher }: AppContext): void {
  const patch = roleRoute("client", [400, 404, 409], {
    method: "patch",
    path: "/v1/jobs/{jobid}",
    summary: "Cancels a job (Flink's way)",
    request: { params: jobParams, query: z.object({ mode: z.literal("cancel") }) },
    responses: { 202: answer("Cancelling", z.object({})) },
  });
  app.openapi(patch, (c) => {
    dispatcher.cancel(c.req.valid("param").jobid);
    return c.json({}, 202);
  });

  const post = roleRoute("client", [404, 409], {
    method: "post",
    path: "/v1/jobs/{jobid}/cancel",
    summary: "Cancels a job",
    request: { params: jobParams },
    responses: { 202: answer("Cancelling", z.object({})) },
  });
  app.openapi(post, (c) => {
    dispatcher.cancel(c.req.valid("param").jobid);
    return c.json({}, 202);
  });
}
