/** `STRANDLINE_AUTH=hook`: callers by a check of one's own, whose answers are not taken on trust. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { log, thrownFields } from "../log.ts";
import type { Caller } from "./caller.ts";
import { isCredentialId, isNamespace, isPrincipal } from "./names.ts";
import { refused } from "./refusal.ts";
import { grantsOf } from "./scopes.ts";

/** Who it is, as the check has found out. */
export interface OwnCaller {
  /** Tenant: at most 128 characters, none of them a control character. */
  readonly namespace: string;
  /** At most 255 characters, none of them a control character. */
  readonly principal: string;
  /** As in tokens: `admin`, `topic:orders:read`, `topic:app-*:all`, `cluster:create`. */
  readonly scopes: readonly string[];
  /** Milliseconds since 1970 from which nothing more is done for it, sockets included; null: it does not expire. */
  readonly expiresAtMs: number | null;
  /** By which it can be revoked alone. */
  readonly credentialId?: string;
  /** When the credential was issued, milliseconds since 1970. */
  readonly issuedAtMs?: number;
}

/** Null: nobody that is known, which answers 401. It is asked at every request, so it keeps what it found out. */
export type OwnCheck = (request: Request, env: Env) => OwnCaller | null | Promise<OwnCaller | null>;

/** Rejects with `NOT_CONFIGURED`, `SASL_AUTHENTICATION_FAILED`; `UNKNOWN_SERVER_ERROR` where the check has thrown. */
export async function ownCaller(check: OwnCheck | null, env: Env, request: Request, clock: Clock): Promise<Caller> {
  if (check === null) throw wrong("STRANDLINE_AUTH is hook, and this Worker was made without one");
  const answer: unknown = await asked(check, request, env);
  if (answer === null) throw refused(request.headers.has("authorization") ? "own" : "missing");
  const caller = callerIn(answer);
  if (caller.expiresAtMs !== null && caller.expiresAtMs <= clock.now()) throw refused("expired");
  return caller;
}

/** What it throws may quote the credential that it could not read: of that only the class and the frames are told. */
async function asked(check: OwnCheck, request: Request, env: Env): Promise<unknown> {
  try {
    return await check(request, env);
  } catch (thrown) {
    if (thrown instanceof StrandlineError) throw thrown;
    const { error, stack } = thrownFields(thrown);
    log.error("the hook has thrown", {
      ...(error === undefined ? {} : { error }),
      ...(stack === undefined ? {} : { stack }),
    });
    throw new StrandlineError("UNKNOWN_SERVER_ERROR", "");
  }
}

function callerIn(answer: unknown): Caller {
  const { namespace, principal, scopes, expiresAtMs, credentialId, issuedAtMs } = Object(answer) as Partial<
    Record<keyof OwnCaller, unknown>
  >;
  if (!isNamespace(namespace)) throw wrongAnswer("namespace");
  if (!isPrincipal(principal)) throw wrongAnswer("principal");
  if (!Array.isArray(scopes) || !scopes.every((one): one is string => typeof one === "string"))
    throw wrongAnswer("scopes");
  if (expiresAtMs !== null && !isTime(expiresAtMs)) throw wrongAnswer("expiresAtMs");
  if (credentialId !== undefined && !isCredentialId(credentialId)) throw wrongAnswer("credentialId");
  if (issuedAtMs !== undefined && !isTime(issuedAtMs)) throw wrongAnswer("issuedAtMs");
  return {
    namespace,
    principal,
    grants: grantsOf(scopes),
    expiresAtMs,
    credentialId: credentialId ?? null,
    issuedAtMs: issuedAtMs ?? null,
  };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function wrongAnswer(field: keyof OwnCaller): StrandlineError {
  return wrong(`the hook's answer has no legal ${field}`);
}

function wrong(said: string): StrandlineError {
  return new StrandlineError("NOT_CONFIGURED", said, { setting: "STRANDLINE_AUTH" });
}
