/**
 * Who is calling. The configuration alone says how that is found out; nothing about a request decides it. Where it says
 * nothing, nobody is served.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import type { Caller } from "./caller.ts";
import { anybody, isServed } from "./open-doors.ts";
import { isListed } from "./origins.ts";

/** Throws `NOT_CONFIGURED`, `FORBIDDEN_ORIGIN`. */
export function authenticate(env: Env, request: Request): Caller | Promise<Caller> {
  switch (env.STRANDLINE_AUTH) {
    case "none":
      return anybody(env, request);
    default:
      throw new StrandlineError("NOT_CONFIGURED", "");
  }
}

/** Whether a page of that origin may read answers. */
export function mayRead(env: Env, origin: string): boolean {
  switch (env.STRANDLINE_AUTH) {
    case "none":
      return isServed(env, origin);
    case "jwt":
      return isListed(env, origin);
    default:
      return false;
  }
}
