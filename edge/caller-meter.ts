/** Whose use is metered, and by which quotas. */
import type { NamespaceRules } from "./access/rules.ts";
import type { Caller } from "./auth/caller.ts";
import type { Env } from "./env.ts";
import { edgeQuotas } from "./quota/edge-quotas.ts";
import { effectiveQuotas } from "./quota/effective-quotas.ts";
import type { PrincipalMeter } from "./quota/principal-meter.ts";
import { PrincipalMeters } from "./quota/principal-meters.ts";
import { systemClock } from "./system-ports.ts";

const meters = new PrincipalMeters(systemClock);

/** Administrators are free. Where the doors are open everybody could do everything, and the edge's own settings bind all. */
export function isBound({ grants, expiresAtMs }: Caller): boolean {
  return grants !== "all" || expiresAtMs === null;
}

/** Null: no quota binds the caller. Throws `NOT_CONFIGURED` where a quota of the edge's settings is none. */
export function meterOf(env: Env, caller: Caller, rules: NamespaceRules): PrincipalMeter | null {
  if (!isBound(caller)) return null;
  const quotas = effectiveQuotas(caller.principal, rules.quotas, edgeQuotas(env));
  return quotas === null ? null : meters.meterOf(caller, quotas);
}
