/** Kafka's ACLs, in Kafka's words. A principal is `User:` and the name that the token proves, or `User:*` for everybody. */
export type ResourceType = "TOPIC" | "GROUP" | "TRANSACTIONAL_ID" | "CLUSTER";
export type PatternType = "LITERAL" | "PREFIXED";
export type AclOperation =
  | "ALL"
  | "READ"
  | "WRITE"
  | "CREATE"
  | "DELETE"
  | "ALTER"
  | "DESCRIBE"
  | "DESCRIBE_CONFIGS"
  | "ALTER_CONFIGS";
export type PermissionType = "ALLOW" | "DENY";

export interface Acl {
  readonly resourceType: ResourceType;
  /** `*` with `LITERAL`: every resource of the type. A cluster's is `kafka-cluster`. */
  readonly resourceName: string;
  readonly patternType: PatternType;
  readonly principal: string;
  readonly operation: AclOperation;
  readonly permissionType: PermissionType;
}
