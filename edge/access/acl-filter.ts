/** Which ACLs a filter means: Kafka's `AclBindingFilter`. */
import type { Acl, AclFilter } from "../../shared/api/acls.ts";

export function matchesFilter(acl: Acl, filter: AclFilter): boolean {
  const { resourceType = "ANY", principal, operation = "ANY", permissionType = "ANY" } = filter;
  return (
    (resourceType === "ANY" || acl.resourceType === resourceType) &&
    (principal === undefined || acl.principal === principal) &&
    (operation === "ANY" || acl.operation === operation) &&
    (permissionType === "ANY" || acl.permissionType === permissionType) &&
    matchesPattern(acl, filter)
  );
}

function matchesPattern(acl: Acl, { resourceName, patternType = "ANY" }: AclFilter): boolean {
  if (patternType !== "ANY" && patternType !== "MATCH" && patternType !== acl.patternType) return false;
  if (resourceName === undefined) return true;
  if (patternType !== "MATCH") return acl.resourceName === resourceName;
  if (acl.patternType === "PREFIXED") return resourceName.startsWith(acl.resourceName);
  return acl.resourceName === "*" || acl.resourceName === resourceName;
}
