/** Who is calling by an ingest key: nobody but the key, which may write to its topic. */
import { StrandlineError } from "../shared/strandline-error.ts";
import { demandDoors } from "./auth/authenticate.ts";
import type { Caller } from "./auth/caller.ts";
import { readIngestKey, type NamedIngestKey } from "./auth/ingest-key.ts";
import { refused } from "./auth/refusal.ts";
import { IngestMeters } from "./ingest/ingest-meters.ts";
import { isOriginOf, type IngestRule } from "./ingest/ingest-rule.ts";
import { ingestRuleOf } from "./ingest-key-port.ts";
import type { AdmissionRequest } from "./routes/route.ts";
import { systemClock } from "./system-ports.ts";

const meters = new IngestMeters(systemClock);

/** Throws `SASL_AUTHENTICATION_FAILED` without a call where the key was made up; `FORBIDDEN_ORIGIN`, `NOT_CONFIGURED`. */
export async function admitIngest({ env, request, params, background }: AdmissionRequest): Promise<AdmittedIngest> {
  demandDoors(env, request);
  const named = await readIngestKey(env, params["key"] ?? "");
  const rule = await ingestRuleOf(env, named, background);
  if (rule === null || rule.disabled) throw refused("ingest-key");
  const origin = request.headers.get("origin");
  if (!isOriginOf(rule, origin)) {
    const shown = origin?.slice(0, 200) ?? null;
    const said = shown === null ? "the key is for pages of its origins" : `origin ${shown}; the key lists others`;
    throw new StrandlineError("FORBIDDEN_ORIGIN", said, { origin: shown });
  }
  return { caller: callerOf(named, rule), rule };
}

export interface AdmittedIngest {
  readonly caller: Caller;
  readonly rule: IngestRule;
}

/** Whether a page of that origin may send under the key. What the rules cannot be asked for is no leave. */
export async function mayIngest({ env, request, params, background }: AdmissionRequest): Promise<boolean> {
  try {
    demandDoors(env, request);
    const rule = await ingestRuleOf(env, await readIngestKey(env, params["key"] ?? ""), background);
    return rule !== null && !rule.disabled && isOriginOf(rule, request.headers.get("origin"));
  } catch {
    return false;
  }
}

/** Throws `THROTTLING_QUOTA_EXCEEDED`. */
export function takeIngested(
  { namespace }: Pick<Caller, "namespace">,
  { id, quota }: IngestRule,
  name: keyof NonNullable<IngestRule["quota"]>,
  amount: number,
): void {
  meters.take(JSON.stringify([namespace, id]), name, quota, amount);
}

function callerOf({ namespace, id }: NamedIngestKey, { topic }: IngestRule): Caller {
  return {
    namespace,
    principal: `ingest:${id}`,
    grants: [{ resourceType: "TOPIC", resourceName: topic, patternType: "LITERAL", operation: "WRITE" }],
    expiresAtMs: null,
    credentialId: null,
    issuedAtMs: null,
  };
}
