import type { QuotaName } from "../../shared/api/quotas.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

/** `retryAfterMs` null: no time makes it good, something has to be let go of first. */
export function throttled(quota: QuotaName | "cut off", limit: number, retryAfterMs: number | null): StrandlineError {
  const wait = retryAfterMs === null ? "" : `; in ${retryAfterMs} ms`;
  const said = quota === "cut off" ? `cut off, for not waiting${wait}` : `${quota} is ${limit}${wait}`;
  return new StrandlineError("THROTTLING_QUOTA_EXCEEDED", said, {
    ...(quota === "cut off" ? {} : { quota, limit }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
