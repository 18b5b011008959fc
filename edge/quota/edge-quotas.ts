/** Quotas of the edge's own settings: `STRANDLINE_QUOTA_` and the name of the quota, for everybody in every namespace. */
import { QUOTA_NAMES, type QuotaName, type Quotas } from "../../shared/api/quotas.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { isQuotaValue } from "./effective-quotas.ts";

export type QuotaSettings = Readonly<Partial<Record<`STRANDLINE_QUOTA_${Uppercase<QuotaName>}`, string>>>;

/** An isolate's settings are one object for as long as it lives. */
const known = new WeakMap<QuotaSettings, { readonly quotas: Quotas | null }>();

/** Null: none is set. Throws `NOT_CONFIGURED` for a value that is none: a limit that is misspelt must not mean no limit. */
export function edgeQuotas(settings: QuotaSettings): Quotas | null {
  const cached = known.get(settings);
  if (cached !== undefined) return cached.quotas;
  const stated = QUOTA_NAMES.flatMap((name) => {
    const setting = `STRANDLINE_QUOTA_${name.toUpperCase() as Uppercase<QuotaName>}` as const;
    const text = settings[setting];
    if (text === undefined || text === "") return [];
    const value = Number(text);
    if (!isQuotaValue(name, value))
      throw new StrandlineError("NOT_CONFIGURED", `${setting} is no ${name}`, { setting });
    return [[name, value] as const];
  });
  const quotas = stated.length === 0 ? null : Object.fromEntries(stated);
  known.set(settings, { quotas });
  return quotas;
}
