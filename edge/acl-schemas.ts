/** The shapes of ACLs, as they are sent and answered. */
import { z } from "zod";
import type {
  Acl,
  AclFilter,
  AclOperation,
  CreateAclsAnswer,
  CreateAclsRequest,
  DeleteAclsAnswer,
  DescribeAclsAnswer,
  PatternType,
  PermissionType,
  ResourceType,
} from "../shared/api/acls.ts";
import { LIMITS } from "../shared/limits.ts";
import { checkTopicName } from "../shared/topic-name.ts";
import { CLUSTER } from "./access/acl.ts";
import type { NamedSchema } from "./answer-schemas.ts";

const resourceTypes = ["TOPIC", "GROUP", "TRANSACTIONAL_ID", "CLUSTER"] as const satisfies readonly ResourceType[];
const patternTypes = ["LITERAL", "PREFIXED"] as const satisfies readonly PatternType[];
const permissionTypes = ["ALLOW", "DENY"] as const satisfies readonly PermissionType[];
const operations = [
  "ALL",
  "READ",
  "WRITE",
  "CREATE",
  "DELETE",
  "ALTER",
  "DESCRIBE",
  "DESCRIBE_CONFIGS",
  "ALTER_CONFIGS",
] as const satisfies readonly AclOperation[];

const CONTROL = /\p{Cc}/u;
const WILDCARD = "*";

/** Half a surrogate pair would be stored as another character: the ACL of one name would be that of another. */
const name = z
  .string()
  .min(1)
  .refine((text) => text.isWellFormed() && !CONTROL.test(text), "is no name");
const resourceName = name.max(LIMITS.topicNameCharsMax);
const principal = name
  .max(LIMITS.aclPrincipalCharsMax)
  .refine((text) => /^User:./su.test(text), "a principal is User: and a name, or User:*");

const aclFields = {
  resourceType: z.enum(resourceTypes),
  resourceName,
  patternType: z.enum(patternTypes),
  principal,
  operation: z.enum(operations),
  permissionType: z.enum(permissionTypes),
};

/** A field that is not known (`host`) would narrow an ACL, were it obeyed: it is refused, never passed over. */
const acl: z.ZodType<Acl> = z.strictObject(aclFields).refine(canMatch, {
  path: ["resourceName"],
  message: "no resource of that type has such a name; the cluster's is kafka-cluster",
});

function canMatch({ resourceType, resourceName: stated, patternType }: Acl): boolean {
  if (resourceType === "CLUSTER") return stated === CLUSTER.resourceName;
  if (resourceType !== "TOPIC") return true;
  return patternType === "PREFIXED" ? /^[a-zA-Z0-9._-]+$/.test(stated) : stated === WILDCARD || isTopicName(stated);
}

function isTopicName(stated: string): boolean {
  try {
    checkTopicName(stated);
    return true;
  } catch {
    return false;
  }
}

export const createAclsRequest: z.ZodType<CreateAclsRequest> = z.strictObject({
  acls: z.array(acl).min(1).max(LIMITS.aclsPerRequestMax),
});

const filterFields = {
  resourceType: z.enum([...resourceTypes, "ANY"]).optional(),
  resourceName: resourceName.optional(),
  patternType: z.enum([...patternTypes, "ANY", "MATCH"]).optional(),
  principal: principal.optional(),
  operation: z.enum([...operations, "ANY"]).optional(),
  permissionType: z.enum([...permissionTypes, "ANY"]).optional(),
};

/** What is misspelt is refused: passed over, it would mean all the more ACLs. */
export const aclFilter: z.ZodType<AclFilter> = z.strictObject(filterFields);

/** Nothing is deleted by default: `resourceType=ANY` means all. */
export const deleteAclsFilter: z.ZodType<AclFilter> = z
  .strictObject(filterFields)
  .refine((stated) => Object.values(stated).some((value) => value !== undefined), "state a filter");

/** As they are answered, whatever was legal when they were made. */
const acls = z.array(z.object({ ...aclFields, resourceName: z.string(), principal: z.string() }));

const describeAclsAnswer: z.ZodType<DescribeAclsAnswer> = z.object({ acls });
const createAclsAnswer: z.ZodType<CreateAclsAnswer> = z.object({ created: acls });
const deleteAclsAnswer: z.ZodType<DeleteAclsAnswer> = z.object({ deleted: acls });

export const DESCRIBE_ACLS_ANSWER: NamedSchema = { name: "DescribeAclsAnswer", schema: describeAclsAnswer };
export const CREATE_ACLS_ANSWER: NamedSchema = { name: "CreateAclsAnswer", schema: createAclsAnswer };
export const DELETE_ACLS_ANSWER: NamedSchema = { name: "DeleteAclsAnswer", schema: deleteAclsAnswer };
