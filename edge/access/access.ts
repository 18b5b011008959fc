/** What the caller of one request may do. Operations ask it, so that every face of the edge is guarded by the same words. */
import type { AclOperation } from "../../shared/api/acls.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { CLUSTER, isAllowed, type Grant, type Resource } from "./acl.ts";
import type { NamespaceRules } from "./rules.ts";

export interface Access {
  allows(operation: AclOperation, resource: Resource): boolean;
}

const EVERYTHING: Access = { allows: () => true };

export function accessOf(
  caller: { readonly principal: string; readonly grants: "all" | readonly Grant[] },
  { acls }: NamespaceRules,
): Access {
  const { principal, grants } = caller;
  if (grants === "all") return EVERYTHING;
  return { allows: (operation, resource) => isAllowed({ principal, operation, resource }, grants, acls) };
}

export function topicResource(name: string): Resource {
  return { resourceType: "TOPIC", resourceName: name };
}

/** Throws `TOPIC_AUTHORIZATION_FAILED`, in the same words whether or not the topic is there. */
export function demandTopicAccess(access: Access, operation: AclOperation, topic: string): void {
  if (access.allows(operation, topicResource(topic))) return;
  const shown = topic.slice(0, 64);
  throw new StrandlineError("TOPIC_AUTHORIZATION_FAILED", `${operation} on topic ${JSON.stringify(shown)}`, {
    topic: shown,
    operation,
  });
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`. */
export function demandClusterAccess(access: Access, operation: AclOperation): void {
  if (access.allows(operation, CLUSTER)) return;
  throw new StrandlineError("CLUSTER_AUTHORIZATION_FAILED", `${operation} on the cluster`, { operation });
}
