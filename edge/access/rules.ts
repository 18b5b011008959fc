/** What the controller of a namespace says of who may do what, and how much: one answer, held by every isolate for seconds. */
import type { Acl } from "../../shared/api/acls.ts";
import type { EntityQuotas } from "../../shared/api/quotas.ts";
import type { Revocation } from "../../shared/api/revocations.ts";

export interface NamespaceRules {
  readonly acls: readonly Acl[];
  /** Higher after each change of them. */
  readonly aclsRevision: number;
  readonly revocations: readonly Revocation[];
  readonly quotas: readonly EntityQuotas[];
}

export const NO_RULES: NamespaceRules = { acls: [], aclsRevision: 0, revocations: [], quotas: [] };
