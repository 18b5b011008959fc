/**
 * Who is calling. Doors are open only where the configuration says `STRANDLINE_AUTH=none`; nothing about a request
 * decides it. With open doors only this machine and configured origins are served, or any page on the web could
 * write into the log of whoever has it running.
 */
import { StrandlineError } from "../shared/strandline-error.ts";
import type { Env } from "./env.ts";

export interface Caller {
  readonly namespace: string;
  readonly principal: string;
}

const ANYBODY: Caller = { namespace: "default", principal: "anonymous" };
const LOCAL_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Throws `NOT_CONFIGURED` or `FORBIDDEN_ORIGIN`. */
export function authenticate(env: Env, request: Request): Caller {
  if (env.STRANDLINE_AUTH !== "none") throw new StrandlineError("NOT_CONFIGURED", "");
  const url = new URL(request.url);
  if (!isLocal(url.hostname))
    throw new StrandlineError("FORBIDDEN_ORIGIN", `host ${url.hostname}`, { host: url.hostname });
  const origin = request.headers.get("origin");
  if (origin !== null && !mayCall(env, origin)) {
    const shown = origin.slice(0, 200);
    throw new StrandlineError("FORBIDDEN_ORIGIN", `origin ${shown}; list it in STRANDLINE_ORIGINS`, { origin: shown });
  }
  // A page's plain GET (an image, a link) has no Origin, and may make topics: only its site is told.
  if (origin === null && request.headers.get("sec-fetch-site") === "cross-site")
    throw new StrandlineError("FORBIDDEN_ORIGIN", "a request of another site's page");
  return ANYBODY;
}

/** Whether a page of that origin may read answers. */
export function mayCall(env: Env, origin: string): boolean {
  if (env.STRANDLINE_AUTH !== "none") return false;
  const listed = (env.STRANDLINE_ORIGINS ?? "").split(",").map((one) => one.trim());
  if (listed.includes(origin)) return true;
  const url = URL.canParse(origin) ? new URL(origin) : null;
  return url !== null && isLocal(url.hostname);
}

function isLocal(hostname: string): boolean {
  return LOCAL_HOSTS.has(hostname) || hostname.endsWith(".localhost");
}
