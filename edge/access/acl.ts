/** The decision on ACLs: whoever matches a deny may not, whoever matches an allow may, nobody else. */
import type { Acl, AclOperation, ResourceType } from "../../shared/api/acls.ts";

/** What a credential allows by itself: an ACL of its principal, as it were. */
export type Grant = Pick<Acl, "resourceType" | "resourceName" | "patternType" | "operation">;

export interface Resource {
  readonly resourceType: ResourceType;
  readonly resourceName: string;
}

/** What has no name of its own: topics that are not there yet, the ACLs themselves, quotas, keys. */
export const CLUSTER: Resource = { resourceType: "CLUSTER", resourceName: "kafka-cluster" };

/** An allow of these is one of the value too; a deny is of nothing but itself. */
const IMPLIED: Readonly<Partial<Record<AclOperation, AclOperation>>> = {
  READ: "DESCRIBE",
  WRITE: "DESCRIBE",
  DELETE: "DESCRIBE",
  ALTER: "DESCRIBE",
  ALTER_CONFIGS: "DESCRIBE_CONFIGS",
};

export interface Question {
  readonly principal: string;
  readonly operation: AclOperation;
  readonly resource: Resource;
}

export function isAllowed(question: Question, grants: readonly Grant[], acls: readonly Acl[]): boolean {
  const { operation, resource } = question;
  const mine = acls.filter((acl) => isOf(acl, question.principal) && isOn(acl, resource));
  if (mine.some((acl) => acl.permissionType === "DENY" && covers(acl.operation, operation))) return false;
  const allows = (one: Grant): boolean => covers(one.operation, operation) || IMPLIED[one.operation] === operation;
  return (
    grants.some((grant) => isOn(grant, resource) && allows(grant)) ||
    mine.some((acl) => acl.permissionType === "ALLOW" && allows(acl))
  );
}

function isOf({ principal }: Acl, name: string): boolean {
  return principal === "User:*" || principal === `User:${name}`;
}

function isOn({ resourceType, resourceName, patternType }: Grant, resource: Resource): boolean {
  if (resourceType !== resource.resourceType) return false;
  if (patternType === "PREFIXED") return resource.resourceName.startsWith(resourceName);
  return resourceName === "*" || resourceName === resource.resourceName;
}

function covers(held: AclOperation, asked: AclOperation): boolean {
  return held === "ALL" || held === asked;
}
