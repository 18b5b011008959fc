/** What the caller of one request may do. Operations ask it, so that every face of the edge is guarded by the same words. */
import type { AclOperation } from "../../shared/api/acls.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { CLUSTER, Decisions, type Grant, type Resource } from "./acl.ts";
import { NEEDS, type Need } from "./needs.ts";
import type { NamespaceRules } from "./rules.ts";

export interface Access {
  allows(operation: AclOperation, resource: Resource): boolean;
}

/** Of whoever no rule binds. */
export const EVERYTHING: Access = { allows: () => true };

export function accessOf(
  caller: { readonly principal: string; readonly grants: "all" | readonly Grant[] },
  { acls }: NamespaceRules,
): Access {
  const { principal, grants } = caller;
  return grants === "all" ? EVERYTHING : new Decisions(principal, grants, acls);
}

/** `name`: of the topic or the group, where the need is of one. */
export function isPermitted(access: Access, need: Need, name = ""): boolean {
  return NEEDS[need].some(([type, operation]) =>
    access.allows(operation, type === "CLUSTER" ? CLUSTER : { resourceType: type, resourceName: name }),
  );
}

const REFUSALS = {
  TOPIC: "TOPIC_AUTHORIZATION_FAILED",
  GROUP: "GROUP_AUTHORIZATION_FAILED",
  CLUSTER: "CLUSTER_AUTHORIZATION_FAILED",
} as const;

/**
 * Throws `TOPIC_AUTHORIZATION_FAILED` or `GROUP_AUTHORIZATION_FAILED`, in the same words whether or not it is there;
 * where the need is of the cluster alone, `CLUSTER_AUTHORIZATION_FAILED`.
 */
export function demandPermission(access: Access, need: Need, name = ""): void {
  if (isPermitted(access, need, name)) return;
  const [first] = NEEDS[need];
  const [type, operation] = NEEDS[need].find(([one]) => one !== "CLUSTER") ?? first;
  if (type === "CLUSTER") throw new StrandlineError(REFUSALS[type], `${operation} on the cluster`, { operation });
  const [kind, shown] = [type.toLowerCase(), name.slice(0, 64)];
  const said = `${operation} on ${kind} ${JSON.stringify(shown)}`;
  throw new StrandlineError(REFUSALS[type], said, { [kind]: shown, operation });
}
