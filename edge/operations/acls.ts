/** ACLs: list, add, delete. What they mean is in `access/`. */
import type {
  AclFilter,
  CreateAclsAnswer,
  CreateAclsRequest,
  DeleteAclsAnswer,
  DescribeAclsAnswer,
} from "../../shared/api/acls.ts";
import { demandPermission } from "../access/access.ts";
import { take } from "../outcome.ts";
import type { EdgePorts } from "./ports.ts";

/** Throws `CLUSTER_AUTHORIZATION_FAILED`. */
export async function describeAcls(ports: EdgePorts, filter: AclFilter): Promise<DescribeAclsAnswer> {
  demandPermission(ports.access, "describeAcls");
  return { acls: await ports.controller.describeAcls(filter) };
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`, `POLICY_VIOLATION` where there would be too many. */
export async function createAcls(ports: EdgePorts, { acls }: CreateAclsRequest): Promise<CreateAclsAnswer> {
  demandPermission(ports.access, "alterAcls");
  return { created: take(await ports.controller.createAcls(acls)) };
}

/** Throws `CLUSTER_AUTHORIZATION_FAILED`. */
export async function deleteAcls(ports: EdgePorts, filter: AclFilter): Promise<DeleteAclsAnswer> {
  demandPermission(ports.access, "alterAcls");
  return { deleted: take(await ports.controller.deleteAcls(filter)) };
}
