/** The routes in one table. Each is a caller of its operation; what it adds is HTTP. */
import { Hono, type Context } from "hono";
import { StrandlineError } from "../shared/strandline-error.ts";
import { authenticate, mayCall, type Caller } from "./auth.ts";
import type { Env } from "./env.ts";
import { asStrandlineError, errorResponse } from "./http-error.ts";
import { requestPorts } from "./request-ports.ts";
import { deleteRecordsRoute } from "./routes/delete-records.ts";
import { fetchRoute } from "./routes/fetch.ts";
import { listOffsetsRoute } from "./routes/list-offsets.ts";
import { metadataRoute } from "./routes/metadata.ts";
import { produceRoute } from "./routes/produce.ts";
import { reconcileRoute } from "./routes/reconcile.ts";
import { recordsRoute } from "./routes/records.ts";
import type { Route } from "./routes/route.ts";
import {
  alterTopicRoute,
  createTopicRoute,
  deleteTopicRoute,
  describeTopicRoute,
  growTopicRoute,
  listTopicsRoute,
} from "./routes/topics.ts";

const PARTITION = "/v1/topics/:topic/partitions/:partition";

type Method = "GET" | "POST" | "PATCH" | "DELETE";

export const ROUTES: readonly (readonly [method: Method, path: string, route: Route])[] = [
  ["POST", "/v1/produce", produceRoute],
  ["POST", "/v1/fetch", fetchRoute],
  ["GET", "/v1/metadata", metadataRoute],
  ["GET", "/v1/topics", listTopicsRoute],
  ["POST", "/v1/topics", createTopicRoute],
  ["GET", "/v1/topics/:topic", describeTopicRoute],
  ["PATCH", "/v1/topics/:topic", alterTopicRoute],
  ["DELETE", "/v1/topics/:topic", deleteTopicRoute],
  ["POST", "/v1/topics/:topic/partitions", growTopicRoute],
  ["GET", `${PARTITION}/records`, recordsRoute],
  ["DELETE", `${PARTITION}/records`, deleteRecordsRoute],
  ["GET", `${PARTITION}/offsets`, listOffsetsRoute],
  ["POST", `${PARTITION}/reconcile`, reconcileRoute],
];

type AppContext = Context<{ Bindings: Env }>;

export function createApp(): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.options("/v1/*", (context) => preflight(context));
  for (const [method, path, route] of ROUTES) app.on(method, path, async (context) => await answer(context, route));
  for (const path of new Set(ROUTES.map(([, one]) => one))) {
    const refuse = wrongMethod(methodsOf(path));
    app.all(path, async (context) => await answer(context, refuse));
  }
  app.notFound(async (context) => await answer(context, nothingHere));
  return app;
}

async function answer(context: AppContext, route: Route): Promise<Response> {
  const request = context.req.raw;
  let response: Response;
  try {
    const caller: Caller = authenticate(context.env, request);
    const params = context.req.param() as Record<string, string>;
    const ports = requestPorts(context.env, caller, (work) => inBackground(context, work));
    response = await route({ request, url: new URL(request.url), params, ports });
  } catch (thrown) {
    response = errorResponse(asStrandlineError(thrown));
  }
  return allowOrigin(context, response);
}

/** Keeps the invocation up until the work is done. */
function inBackground(context: AppContext, work: Promise<void>): void {
  try {
    context.executionCtx.waitUntil(work);
  } catch {
    // A request that was not made by the runtime has no context: nothing ends its work early.
  }
}

function nothingHere({ url }: { readonly url: URL }): Promise<Response> {
  throw new StrandlineError("NOT_FOUND", url.pathname.slice(0, 200));
}

function wrongMethod(allow: string): (route: { readonly request: Request; readonly url: URL }) => Promise<Response> {
  return ({ request, url }) => {
    const said = `${request.method} ${url.pathname.slice(0, 200)}`;
    const response = errorResponse(new StrandlineError("METHOD_NOT_ALLOWED", said, { allow }));
    response.headers.set("allow", allow);
    return Promise.resolve(response);
  };
}

function methodsOf(path: string): string {
  return ROUTES.flatMap(([method, one]) => (one === path ? [method] : [])).join(", ");
}

/** Only origins that may call may read; the others get the same answer without leave to look at it. */
function allowOrigin(context: AppContext, response: Response): Response {
  const origin = context.req.header("origin");
  response.headers.append("vary", "Origin");
  if (origin !== undefined && mayCall(context.env, origin)) response.headers.set("access-control-allow-origin", origin);
  return response;
}

function preflight(context: AppContext): Response {
  const response = allowOrigin(context, new Response(null, { status: 204 }));
  if (!response.headers.has("access-control-allow-origin")) return response;
  response.headers.set("access-control-allow-methods", [...new Set(ROUTES.map(([method]) => method))].join(", "));
  response.headers.set("access-control-allow-headers", "content-type, accept, authorization");
  response.headers.set("access-control-max-age", "7200");
  return response;
}
