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

function topicResource(name: string): Resource {
  return { resourceType: "TOPIC", resourceName: name };
}

/** `topic`: of needs of a topic. */
export function isPermitted(access: Access, need: Need, topic = ""): boolean {
  return NEEDS[need].some(([type, operation]) =>
    access.allows(operation, type === "CLUSTER" ? CLUSTER : { resourceType: type, resourceName: topic }),
  );
}

/**
 * Throws `TOPIC_AUTHORIZATION_FAILED`, in the same words whether or not the topic is there; where the need is of the
 * cluster alone, `CLUSTER_AUTHORIZATION_FAILED`.
 */
export function demandPermission(access: Access, need: Need, topic = ""): void {
  if (isPermitted(access, need, topic)) return;
  for (const [type, operation] of NEEDS[need]) if (type === "TOPIC") demandTopicAccess(access, operation, topic);
  for (const [, operation] of NEEDS[need]) demandClusterAccess(access, operation);
}

/** Throws `TOPIC_AUTHORIZATION_FAILED`. */
function demandTopicAccess(access: Access, operation: AclOperation, topic: string): void {
  if (access.allows(operation, topicResource(topic))) return;
  const shown = topic.slice(0, 64);
  throw new StrandlineError("TOPIC_AUTHORIZATION_FAILED", `${operation} on topic ${JSON.stringify(shown)}`, {
    topic: shown,
    operation,
  });
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`. */
function demandClusterAccess(access: Access, operation: AclOperation): void {
  if (access.allows(operation, CLUSTER)) return;
  throw new StrandlineError("CLUSTER_AUTHORIZATION_FAILED", `${operation} on the cluster`, { operation });
}
