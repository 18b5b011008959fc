/** The ACLs of one namespace, over SQL. */
import type { Acl, AclFilter } from "../../shared/api/acls.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { matchesFilter } from "../access/acl-filter.ts";
import { log } from "../log.ts";

type AclRow = Record<keyof Acl, string>;

const COLUMNS = "resource_type, resource_name, pattern_type, principal, operation, permission_type";

export class AclStore {
  readonly #sql: SqlStorage;
  /** Every isolate asks for them every few seconds; null: not read since they were changed. */
  #known: readonly Acl[] | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  all(): readonly Acl[] {
    return (this.#known ??= this.#read());
  }

  /** Higher after each change. */
  revision(): number {
    const rows = this.#sql.exec<{ value: number }>("SELECT value FROM counters WHERE name = 'acls'").toArray();
    return rows[0]?.value ?? 0;
  }

  matching(filter: AclFilter): Acl[] {
    return this.all().filter((acl) => matchesFilter(acl, filter));
  }

  /** Those that were not there. To be called in a transaction. Throws `POLICY_VIOLATION` where they would be too many. */
  create(acls: readonly Acl[]): Acl[] {
    const before = this.all();
    const held = new Set(before.map(keyOf));
    // Each once, also of those that are asked for twice.
    const created = acls.filter((acl) => !held.has(keyOf(acl)) && held.add(keyOf(acl)));
    const count = before.length + created.length;
    if (count > LIMITS.aclsMax) {
      const said = `there would be ${count} ACLs, of at most ${LIMITS.aclsMax} in a namespace`;
      throw new StrandlineError("POLICY_VIOLATION", said, { acls: count, limit: LIMITS.aclsMax });
    }
    this.#known = null;
    for (const acl of created)
      this.#sql.exec(`INSERT INTO acls (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`, ...columnsOf(acl));
    if (created.length > 0) log.info("ACLs created", { count: created.length });
    return created;
  }

  /** What was deleted. To be called in a transaction. */
  delete(filter: AclFilter): Acl[] {
    const deleted = this.matching(filter);
    this.#known = null;
    for (const acl of deleted)
      this.#sql.exec(
        `DELETE FROM acls
         WHERE resource_type = ? AND resource_name = ? AND pattern_type = ?
           AND principal = ? AND operation = ? AND permission_type = ?`,
        ...columnsOf(acl),
      );
    if (deleted.length > 0) log.info("ACLs deleted", { count: deleted.length });
    return deleted;
  }

  #read(): readonly Acl[] {
    return this.#sql
      .exec<AclRow>(
        `SELECT resource_type AS resourceType, resource_name AS resourceName, pattern_type AS patternType, principal,
           operation, permission_type AS permissionType
         FROM acls ORDER BY ${COLUMNS}`,
      )
      .toArray() as unknown as readonly Acl[];
  }
}

function keyOf(acl: Acl): string {
  return JSON.stringify(columnsOf(acl));
}

function columnsOf(acl: Acl): string[] {
  const { resourceType, resourceName, patternType, principal, operation, permissionType } = acl;
  return [resourceType, resourceName, patternType, principal, operation, permissionType];
}
