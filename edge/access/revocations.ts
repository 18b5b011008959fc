/** Which credentials have been ended before their time. */
import type { Revocation } from "../../shared/api/revocations.ts";

export interface Credential {
  readonly principal: string;
  readonly credentialId: string | null;
  readonly issuedAtMs: number | null;
}

interface Index {
  readonly credentials: ReadonlySet<string>;
  /** Time of issue below which all of a principal is ended. */
  readonly before: ReadonlyMap<string, number>;
}

const EVERYBODY = "User:*";

/** There may be thousands, and every request asks: each list is sorted out once. */
const indexes = new WeakMap<readonly Revocation[], Index>();

export function isRevoked(revocations: readonly Revocation[], credential: Credential): boolean {
  if (revocations.length === 0) return false;
  const { principal, credentialId, issuedAtMs } = credential;
  const { credentials, before } = indexOf(revocations);
  if (credentialId !== null && credentials.has(credentialId)) return true;
  const bound = Math.max(before.get(EVERYBODY) ?? -Infinity, before.get(`User:${principal}`) ?? -Infinity);
  // What does not say when it was issued cannot be shown to be newer.
  return bound > (issuedAtMs ?? -Infinity);
}

function indexOf(revocations: readonly Revocation[]): Index {
  const known = indexes.get(revocations);
  if (known !== undefined) return known;
  const credentials = new Set<string>();
  const before = new Map<string, number>();
  for (const one of revocations) {
    if (one.credentialId !== null) credentials.add(one.credentialId);
    if (one.principal !== null && one.before !== null)
      before.set(one.principal, Math.max(one.before, before.get(one.principal) ?? -Infinity));
  }
  const made = { credentials, before };
  indexes.set(revocations, made);
  return made;
}
