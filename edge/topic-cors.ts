/**
 * Leave for pages of one topic's origins (`cors.origins`), for the paths of its records alone. Who is calling says whose
 * topic it is; a preflight comes from nobody. Where a token is asked for, it is therefore let through whatever topic it
 * names, without a look at anything, and the request itself is refused where the topic lists another origin.
 */
import { StrandlineError } from "../shared/strandline-error.ts";
import { isPermitted } from "./access/access.ts";
import { demandDoors, mayRead } from "./auth/authenticate.ts";
import { ANYBODY } from "./auth/caller.ts";
import type { Env } from "./env.ts";
import type { EdgePorts } from "./operations/ports.ts";
import { originsIn } from "./origin-list.ts";
import { requestPorts } from "./request-ports.ts";

const DATA_PATH = /^\/v1\/topics\/(?<topic>[^/]+)\/(?:records|partitions\/[^/]+\/(?:records|offsets|reconcile))$/;
const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "OPTIONS"]);

/** A page that is not served as such asks for something of a topic that may list it. */
export interface LeaveAsked {
  readonly origin: string;
  readonly topic: string;
}

/** Null: no leave is needed, or none is to be had. */
export function leaveAsked(env: Env, request: Request): LeaveAsked | null {
  const origin = request.headers.get("origin");
  if (origin === null || mayRead(env, origin) || !METHODS.has(request.method)) return null;
  const topic = DATA_PATH.exec(new URL(request.url).pathname)?.groups?.["topic"];
  if (topic === undefined) return null;
  try {
    return { origin, topic: decodeURIComponent(topic) };
  } catch {
    return null;
  }
}

/** Where the doors are open: before anybody is let in. */
export async function isLeftInEarly(
  env: Env,
  request: Request,
  asked: LeaveAsked,
  background: EdgePorts["background"],
): Promise<boolean> {
  if (env.STRANDLINE_AUTH !== "none") return false;
  demandDoors(env, request);
  return await isListedBy(await requestPorts(env, ANYBODY, background), asked, false);
}

/** Of a caller that is known. Throws `FORBIDDEN_ORIGIN`, in the same words whether or not there is such a topic. */
export async function demandLeave(ports: EdgePorts, request: Request, asked: LeaveAsked): Promise<boolean> {
  if (await isListedBy(ports, asked, true)) return true;
  // A page of the same origin sends it as well, and needs no leave.
  const site = request.headers.get("sec-fetch-site");
  if (asked.origin === new URL(request.url).origin || site === "same-origin") return false;
  const shown = asked.origin.slice(0, 200);
  const said = `origin ${shown}; list it in STRANDLINE_ORIGINS or in cors.origins of the topic`;
  throw new StrandlineError("FORBIDDEN_ORIGIN", said, { origin: shown });
}

/** Whether the preflight is let through. What cannot be looked up is no leave. */
export async function mayAsk(env: Env, request: Request, background: EdgePorts["background"]): Promise<boolean> {
  const asked = leaveAsked(env, request);
  if (asked === null) return false;
  if (env.STRANDLINE_AUTH === "jwt" || env.STRANDLINE_AUTH === "hook") return true;
  try {
    return await isLeftInEarly(env, request, asked, background);
  } catch {
    return false;
  }
}

async function isListedBy(
  { access, topics }: EdgePorts,
  { origin, topic }: LeaveAsked,
  anyOrigin: boolean,
): Promise<boolean> {
  if (!isPermitted(access, "describeTopic", topic)) return false;
  const listed = originsIn((await topics.byName(topic))?.config["cors.origins"] ?? "");
  return listed.includes(origin) || (anyOrigin && listed.includes("*"));
}
