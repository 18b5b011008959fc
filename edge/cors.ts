/** What every answer carries besides its own headers, and who may read it. */
import { OWNER_HEADER } from "../shared/api/owner.ts";
import { mayRead } from "./auth/authenticate.ts";
import type { Env } from "./env.ts";
import { SECURE_HEADERS } from "./secure-headers.ts";

/** Asked with `rows`, answered with the rows that were written. */
export const COST_HEADER = "x-strandline-cost";

/** Milliseconds to wait before the next request, where a quota was exceeded by this one. */
export const THROTTLE_HEADER = "strandline-throttle-ms";
const ANSWER_HEADERS = ["etag", "retry-after", "www-authenticate", THROTTLE_HEADER, COST_HEADER];
const REQUEST_HEADERS = [
  "content-type",
  "accept",
  "authorization",
  "if-none-match",
  "last-event-id",
  COST_HEADER,
  OWNER_HEADER,
  "idempotency-key",
  // Of CloudEvents whose attributes are headers; what else they may have goes in the structured form.
  ...["id", "source", "specversion", "type", "time", "subject", "dataschema", "partitionkey"].map(
    (name) => `ce-${name}`,
  ),
];

/**
 * Only origins that may call may read; the others get the same answer without leave to look at it. `isLeft`: by what was
 * asked for, whatever is listed for the whole.
 */
export function finished(env: Env, request: Request, response: Response, isLeft = false): Response {
  // Its headers are the handshake's, and cannot be changed.
  if (response.webSocket !== null) return response;
  const origin = request.headers.get("origin");
  if (origin === null || !(isLeft || mayRead(env, origin))) return response;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-expose-headers", ANSWER_HEADERS.join(", "));
  return response;
}

/** What a page may send that is not served as such, but is left in by what it asks for. */
export interface Leave {
  readonly methods: readonly string[];
  readonly headers: readonly string[];
}

export const TOPIC_LEAVE: Leave = { methods: ["GET", "POST"], headers: REQUEST_HEADERS };
export const INGEST_LEAVE: Leave = { methods: ["POST"], headers: ["content-type"] };
/** Lists of a topic and of a key change; those of the whole with the Worker. */
const LEAVE_SECONDS = 60;
const SECONDS = 7_200;

export function preflight(env: Env, request: Request, methods: readonly string[], leave: Leave | null): Response {
  const response = finished(
    env,
    request,
    new Response(null, { status: 204, headers: { ...SECURE_HEADERS, vary: "Origin" } }),
    leave !== null,
  );
  if (!response.headers.has("access-control-allow-origin")) return response;
  response.headers.set("access-control-allow-methods", (leave?.methods ?? methods).join(", "));
  response.headers.set("access-control-allow-headers", (leave?.headers ?? REQUEST_HEADERS).join(", "));
  response.headers.set("access-control-max-age", String(leave === null ? SECONDS : LEAVE_SECONDS));
  return response;
}
