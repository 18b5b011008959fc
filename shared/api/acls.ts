/**
 * Kafka's ACLs, in Kafka's words. A principal is `User:` and the name that the token proves, or `User:*` for everybody.
 *
 * Nobody may what no ACL and no credential allows. A deny that matches goes before every allow, those of credentials
 * too. An allow of READ, WRITE, DELETE or ALTER is one of DESCRIBE, one of ALTER_CONFIGS is one of DESCRIBE_CONFIGS.
 *
 * `GET /v1/acls?…filter` lists, `POST /v1/acls` adds, `DELETE /v1/acls?…filter` deletes what the filter means and says
 * what that was. The one who changed them is served by them at once, everybody within 30 s.
 */
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

/** What is absent, or ANY, is not asked about. */
export interface AclFilter {
  readonly resourceType?: ResourceType | "ANY" | undefined;
  /** The name of the ACL itself; with `patternType` MATCH that of a resource. */
  readonly resourceName?: string | undefined;
  /** MATCH: every ACL that is about the resource: of its name, of a prefix of it, and `*`. */
  readonly patternType?: PatternType | "ANY" | "MATCH" | undefined;
  readonly principal?: string | undefined;
  /** ALL: the ACLs of ALL, and no others. */
  readonly operation?: AclOperation | "ANY" | undefined;
  readonly permissionType?: PermissionType | "ANY" | undefined;
}

export interface DescribeAclsAnswer {
  readonly acls: readonly Acl[];
}

/** All of them are added or none is. */
export interface CreateAclsRequest {
  readonly acls: readonly Acl[];
}

/** Those that were not there before. */
export interface CreateAclsAnswer {
  readonly created: readonly Acl[];
}

export interface DeleteAclsAnswer {
  readonly deleted: readonly Acl[];
}
