/**
 * Doors are open only where the configuration says `STRANDLINE_AUTH=none`. Then only this machine and configured origins
 * are served, or any page on the web could write into the log of whoever has it running; and only under a name of this
 * machine, or a name that is made to point here would do for such a page.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { ANYBODY, type Caller } from "./caller.ts";
import { isListed } from "./origins.ts";

const LOCAL_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Throws `FORBIDDEN_ORIGIN`. */
export function demandLocalHost(request: Request): void {
  const { hostname } = new URL(request.url);
  if (!isLocal(hostname)) throw new StrandlineError("FORBIDDEN_ORIGIN", `host ${hostname}`, { host: hostname });
}

/** `originIsServed`: by what it asks for, whatever is listed for the whole. Throws `FORBIDDEN_ORIGIN`. */
export function anybody(env: Env, request: Request, originIsServed = false): Caller {
  demandLocalHost(request);
  const origin = request.headers.get("origin");
  if (origin !== null && !originIsServed && !isServed(env, origin)) {
    const shown = origin.slice(0, 200);
    throw new StrandlineError("FORBIDDEN_ORIGIN", `origin ${shown}; list it in STRANDLINE_ORIGINS`, { origin: shown });
  }
  // A page's plain GET (an image, a link) has no Origin, and may make topics: only its site is told.
  if (origin === null && request.headers.get("sec-fetch-site") === "cross-site")
    throw new StrandlineError("FORBIDDEN_ORIGIN", "a request of another site's page");
  return ANYBODY;
}

/** Of this machine, or listed. */
export function isServed(env: Env, origin: string): boolean {
  if (isListed(env, origin)) return true;
  const url = URL.canParse(origin) ? new URL(origin) : null;
  return url !== null && isLocal(url.hostname);
}

export function isLocal(hostname: string): boolean {
  return LOCAL_HOSTS.has(hostname) || hostname.endsWith(".localhost");
}
