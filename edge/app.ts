/** The routes in one table. Each is a caller of its operation; what it adds is HTTP. */
import { Hono, type Context } from "hono";
import type { ErrorCode } from "../shared/error-table.ts";
import { StrandlineError } from "../shared/strandline-error.ts";
import { authenticate, makeChecks, type Checks } from "./auth/authenticate.ts";
import type { Caller } from "./auth/caller.ts";
import { finished, INGEST_LEAVE, preflight, THROTTLE_HEADER, TOPIC_LEAVE } from "./cors.ts";
import type { FetchKeys } from "./auth/issuer-keys.ts";
import type { OwnCheck } from "./auth/own-check.ts";
import { demandOwner } from "./auth/owner.ts";
import { callerOfSocket } from "./auth/socket.ts";
import type { Env } from "./env.ts";
import { faceAt } from "./faces.ts";
import { asStrandlineError } from "./http-error.ts";
import { mayIngest } from "./ingest-door.ts";
import { KAFKA_REST_ROUTES } from "./kafka-rest/routes.ts";
import { requestAnswered } from "./request-log.ts";
import { addressOf, checkRequest } from "./request-limits.ts";
import { requestPorts } from "./request-ports.ts";
import { createAclsRoute, deleteAclsRoute, describeAclsRoute } from "./routes/acls.ts";
import { announceDeviceRoute } from "./routes/devices.ts";
import { deleteRecordsRoute } from "./routes/delete-records.ts";
import { eraseRoute } from "./routes/erase.ts";
import { fetchRoute } from "./routes/fetch.ts";
import { commitOffsetsRoute, fetchGroupOffsetsRoute, resetOffsetsRoute } from "./routes/group-offsets.ts";
import {
  deleteGroupRoute,
  describeGroupRoute,
  groupLagRoute,
  heartbeatRoute,
  leaveGroupRoute,
  listGroupsRoute,
} from "./routes/groups.ts";
import { ingestRoute } from "./routes/ingest.ts";
import {
  alterIngestKeyRoute,
  createIngestKeyRoute,
  deleteIngestKeyRoute,
  listIngestKeysRoute,
} from "./routes/ingest-keys.ts";
import { listOffsetsRoute } from "./routes/list-offsets.ts";
import { metadataRoute } from "./routes/metadata.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { openApiRoute } from "./routes/openapi.ts";
import { produceRoute } from "./routes/produce.ts";
import { alterQuotasRoute, describeQuotasRoute } from "./routes/quotas.ts";
import { reconcileRoute } from "./routes/reconcile.ts";
import { recordsRoute } from "./routes/records.ts";
import { sendRecordsRoute } from "./routes/send-records.ts";
import { deleteRevocationRoute, listRevocationsRoute, revokeRoute } from "./routes/revocations.ts";
import type { AdmissionRequest, Route } from "./routes/route.ts";
import { tailRoute } from "./routes/tail.ts";
import { ticketRoute } from "./routes/tickets.ts";
import {
  alterTopicRoute,
  createTopicRoute,
  deleteTopicRoute,
  describeTopicRoute,
  growTopicRoute,
  listTopicsRoute,
} from "./routes/topics.ts";
import { SECURE_HEADERS } from "./secure-headers.ts";
import { systemClock } from "./system-ports.ts";
import { demandLeave, isLeftInEarly, leaveAsked, mayAsk } from "./topic-cors.ts";

const INGEST = "/v1/ingest/:key";
const GROUP = "/v1/groups/:group";
const PARTITION = "/v1/topics/:topic/partitions/:partition";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export const ROUTES: readonly (readonly [method: Method, path: string, route: Route])[] = [
  ["POST", "/v1/produce", produceRoute],
  ["POST", "/v1/fetch", fetchRoute],
  ["GET", "/v1/tail", tailRoute],
  ["POST", "/v1/tickets", ticketRoute],
  ["POST", "/v1/devices", announceDeviceRoute],
  ["GET", "/v1/revocations", listRevocationsRoute],
  ["POST", "/v1/revocations", revokeRoute],
  ["DELETE", "/v1/revocations/:revocation", deleteRevocationRoute],
  ["GET", "/v1/metadata", metadataRoute],
  ["GET", "/v1/topics", listTopicsRoute],
  ["POST", "/v1/topics", createTopicRoute],
  ["GET", "/v1/topics/:topic", describeTopicRoute],
  ["PATCH", "/v1/topics/:topic", alterTopicRoute],
  ["DELETE", "/v1/topics/:topic", deleteTopicRoute],
  ["POST", "/v1/topics/:topic/partitions", growTopicRoute],
  ["POST", "/v1/topics/:topic/records", sendRecordsRoute],
  ["DELETE", "/v1/topics/:topic/records", eraseRoute],
  ["GET", `${PARTITION}/records`, recordsRoute],
  ["DELETE", `${PARTITION}/records`, deleteRecordsRoute],
  ["GET", `${PARTITION}/offsets`, listOffsetsRoute],
  ["POST", `${PARTITION}/reconcile`, reconcileRoute],
  ["GET", "/v1/groups", listGroupsRoute],
  ["GET", GROUP, describeGroupRoute],
  ["DELETE", GROUP, deleteGroupRoute],
  ["GET", `${GROUP}/lag`, groupLagRoute],
  ["POST", `${GROUP}/heartbeat`, heartbeatRoute],
  ["POST", `${GROUP}/leave`, leaveGroupRoute],
  ["GET", `${GROUP}/offsets`, fetchGroupOffsetsRoute],
  ["POST", `${GROUP}/offsets`, commitOffsetsRoute],
  ["POST", `${GROUP}/offsets/reset`, resetOffsetsRoute],
  ["POST", "/v1/ingest-keys", createIngestKeyRoute],
  ["GET", "/v1/ingest-keys", listIngestKeysRoute],
  ["PATCH", "/v1/ingest-keys/:id", alterIngestKeyRoute],
  ["DELETE", "/v1/ingest-keys/:id", deleteIngestKeyRoute],
  ["POST", INGEST, ingestRoute],
  ["GET", "/v1/acls", describeAclsRoute],
  ["POST", "/v1/acls", createAclsRoute],
  ["DELETE", "/v1/acls", deleteAclsRoute],
  ...KAFKA_REST_ROUTES,
  ["GET", "/v1/quotas", describeQuotasRoute],
  ["PUT", "/v1/quotas", alterQuotasRoute],
  ["GET", "/metrics", metricsRoute],
  ["GET", "/openapi.json", openApiRoute(() => ROUTES.map(([method, path, { doc }]) => ({ method, path, doc })))],
];

/** A ticket opens these, and nothing else. */
const SOCKETS: ReadonlySet<string> = new Set(
  ROUTES.flatMap(([, path, { doc }]) => (doc.answer.status === 101 ? [path] : [])),
);

type AppContext = Context<{ Bindings: Env }>;
type Handle = Route["handle"];

export interface AppOptions {
  /** Finds out who is calling, where `STRANDLINE_AUTH=hook` says so; without that it is never asked. */
  readonly authenticate?: OwnCheck;
  /** How the issuer's keys are fetched; `fetch`. */
  readonly fetchKeys?: FetchKeys;
}

export function createApp({ authenticate: own, fetchKeys }: AppOptions = {}): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  const checks = makeChecks({
    ...(own === undefined ? {} : { own }),
    ...(fetchKeys === undefined ? {} : { fetchKeys }),
  });
  app.get("/healthz", ({ env, req }) =>
    finished(env, req.raw, Response.json({ status: "ok" }, { headers: { ...SECURE_HEADERS, vary: "Origin" } })),
  );
  const methods = [...new Set(ROUTES.map(([method]) => method))];
  app.options(INGEST, async (context) => {
    const isLeft = await mayIngest(admissionOf(context));
    return preflight(context.env, context.req.raw, methods, isLeft ? INGEST_LEAVE : null);
  });
  for (const path of ["/v1/*", "/kafka-rest/*"])
    app.options(path, async (context) => {
      const { env, request, background } = admissionOf(context);
      return preflight(env, request, methods, (await mayAsk(env, request, background)) ? TOPIC_LEAVE : null);
    });
  for (const [method, path, route] of ROUTES)
    app.on(method, path, async (context) => await answer(context, checks, path, route));
  for (const path of new Set(ROUTES.map(([, one]) => one))) {
    const refuse = wrongMethod(methodsOf(path));
    app.all(path, async (context) => await answer(context, checks, path, { handle: refuse }));
  }
  app.notFound(async (context) => await answer(context, checks, "none", { handle: nothingHere }));
  return app;
}

type Answering = Pick<Route, "handle" | "admit">;

async function answer(context: AppContext, checks: Checks, pattern: string, route: Answering): Promise<Response> {
  const admission = admissionOf(context);
  const { env, request, params, background } = admission;
  const startedAtMs = systemClock.now();
  let caller: Caller | null = null;
  let code: ErrorCode | null = null;
  let throttleMs = 0;
  let isLeft = false;
  let response: Response;
  try {
    let { handle } = route;
    const leave = route.admit === undefined ? leaveAsked(env, request) : null;
    if (route.admit === undefined) {
      isLeft = leave !== null && (await isLeftInEarly(env, request, leave, background));
      const byCredential = (): Caller | Promise<Caller> => authenticate(env, request, checks, isLeft);
      caller = await (SOCKETS.has(pattern) ? callerOfSocket(env, request, byCredential) : byCredential());
    } else {
      ({ caller, handle } = await route.admit(admission));
      isLeft = true;
    }
    const url = addressOf(request);
    checkRequest(request, url);
    demandOwner(request, caller);
    const ports = await requestPorts(env, caller, background);
    if (leave !== null && !isLeft) isLeft = await demandLeave(ports, request, leave);
    response = await handle({ request, url, params, ports });
    ({ throttleMs } = ports.quota);
    if (throttleMs > 0 && response.webSocket === null) response.headers.set(THROTTLE_HEADER, String(throttleMs));
  } catch (thrown) {
    const error = asStrandlineError(thrown);
    code = error.code;
    response = faceAt(context.req.path).errorResponse(error);
  }
  const { status } = response;
  const answered = { method: request.method, route: pattern, status, code, throttleMs, startedAtMs, caller };
  requestAnswered(env, answered, background);
  return finished(env, request, response, isLeft);
}

function admissionOf(context: AppContext): AdmissionRequest {
  return {
    env: context.env,
    request: context.req.raw,
    params: context.req.param() as Record<string, string>,
    background: (work) => inBackground(context, work),
  };
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

function wrongMethod(allow: string): Handle {
  return ({ request, url }) => {
    throw new StrandlineError("METHOD_NOT_ALLOWED", `${request.method} ${url.pathname.slice(0, 200)}`, { allow });
  };
}

function methodsOf(path: string): string {
  return ROUTES.flatMap(([method, one]) => (one === path ? [method] : [])).join(", ");
}
