/**
 * Who is calling. The configuration alone says how that is found out; nothing about a request decides it. Where it says
 * nothing, nobody is served.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { systemClock } from "../system-ports.ts";
import type { Caller } from "./caller.ts";
import type { FetchKeys } from "./issuer-keys.ts";
import { anybody, demandLocalHost, isServed } from "./open-doors.ts";
import { isAnyListed, isListed } from "./origins.ts";
import { ownCaller, type OwnCheck } from "./own-check.ts";
import { Tokens } from "./tokens.ts";

/** Everything that finds out who is calling, with what it keeps. */
export interface Checks {
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly own: OwnCheck | null;
}

export function makeChecks({ own = null, fetchKeys = fetchOf, clock = systemClock }: Partial<CheckPorts> = {}): Checks {
  return { clock, tokens: new Tokens(clock, fetchKeys), own };
}

export interface CheckPorts {
  readonly own: OwnCheck | null;
  readonly fetchKeys: FetchKeys;
  readonly clock: Clock;
}

const CHECKS = makeChecks();

/** Throws or rejects with `NOT_CONFIGURED`, `FORBIDDEN_ORIGIN`, `SASL_AUTHENTICATION_FAILED`, `ISSUER_UNAVAILABLE`. */
export function authenticate(
  env: Env,
  request: Request,
  checks: Checks = CHECKS,
  originIsServed = false,
): Caller | Promise<Caller> {
  switch (env.STRANDLINE_AUTH) {
    case "none":
      return anybody(env, request, originIsServed);
    case "jwt":
      return checks.tokens.caller(env, request);
    case "hook":
      return ownCaller(checks.own, env, request, checks.clock);
    default:
      throw notConfigured();
  }
}

/** What holds for whoever is not asked for a token. Throws `NOT_CONFIGURED`, `FORBIDDEN_ORIGIN`. */
export function demandDoors(env: Env, request: Request): void {
  switch (env.STRANDLINE_AUTH) {
    case "none":
      return demandLocalHost(request);
    case "jwt":
    case "hook":
      return;
    default:
      throw notConfigured();
  }
}

function notConfigured(): StrandlineError {
  const said = "set STRANDLINE_AUTH to jwt, and to none for local development alone; docs/securing.md says more";
  return new StrandlineError("NOT_CONFIGURED", said, { setting: "STRANDLINE_AUTH" });
}

/** Whether a page of that origin may read answers. Where a token is asked for, none comes along unasked from any page. */
export function mayRead(env: Env, origin: string): boolean {
  switch (env.STRANDLINE_AUTH) {
    case "none":
      return isServed(env, origin);
    case "jwt":
    case "hook":
      return isAnyListed(env) || isListed(env, origin);
    default:
      return false;
  }
}

async function fetchOf(...[url, init]: Parameters<FetchKeys>): Promise<Response> {
  return await fetch(url, init);
}
