/** ACLs, in KafkaJS's shape: the edge keeps them. */
import { groupBy } from "../../../shared/group-by.ts";
import type { Acl, CreateAclsRequest, DeleteAclsAnswer, DescribeAclsAnswer } from "../../../shared/api/acls.ts";
import type { AclEntry, AclEntryFilter, AclResource } from "./admin.ts";
import { unsupported, type AdminPorts, type Wait } from "./ports.ts";

const ANYWHERE = "*";

export async function createAcls(ports: AdminPorts, entries: readonly AclEntry[], wait: Wait): Promise<void> {
  const acls = entries.map(({ resourcePatternType: patternType, host, ...acl }): Acl => {
    checkHost(host);
    return { ...acl, patternType };
  });
  await ports.edge({ method: "POST", path: "/v1/acls", body: { acls } satisfies CreateAclsRequest }, wait);
}

export async function describeAcls(ports: AdminPorts, filter: AclEntryFilter, wait: Wait): Promise<AclResource[]> {
  const path = `/v1/acls?${queryOf(filter)}`;
  const { acls } = await ports.edge<DescribeAclsAnswer>({ method: "GET", path }, wait);
  const byResource = groupBy(acls.map(entryOf), (one) =>
    JSON.stringify([one.resourceType, one.resourcePatternType, one.resourceName]),
  );
  return [...byResource.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const { resourceType, resourceName, resourcePatternType } = first;
    const inIt = all.map(({ principal, operation, permissionType }) => ({
      principal,
      host: ANYWHERE,
      operation,
      permissionType,
    }));
    return [{ resourceType, resourceName, resourcePatternType, acls: inIt }];
  });
}

/** What each filter meant. */
export async function deleteAcls(
  ports: AdminPorts,
  filters: readonly AclEntryFilter[],
  wait: Wait,
): Promise<AclEntry[][]> {
  const deleted: AclEntry[][] = [];
  const queries = filters.map(queryOf);
  for (const query of queries) {
    const asked = { method: "DELETE", path: `/v1/acls?${query}` } as const;
    deleted.push((await ports.edge<DeleteAclsAnswer>(asked, wait)).deleted.map(entryOf));
  }
  return deleted;
}

function queryOf({ resourcePatternType: patternType, host, ...filter }: AclEntryFilter): string {
  checkHost(host);
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, patternType }))
    if (value !== undefined) query.set(name, value);
  return query.toString();
}

function entryOf({ patternType: resourcePatternType, ...acl }: Acl): AclEntry {
  return { ...acl, resourcePatternType, host: ANYWHERE };
}

function checkHost(host: string | undefined): void {
  if (host !== undefined && host !== ANYWHERE)
    throw unsupported(`host ${JSON.stringify(host)}: an ACL is about a principal, wherever it is`);
}
