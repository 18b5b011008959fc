/** The decision on ACLs: whoever matches a deny may not, whoever matches an allow may, nobody else. */
import type { Acl, AclOperation, ResourceType } from "../../shared/api/acls.ts";
import { indexOf, PatternIndex, type Held } from "./acl-index.ts";

/** What a credential allows by itself: an ACL of its principal, as it were. */
export type Grant = Pick<Acl, "resourceType" | "resourceName" | "patternType" | "operation">;

export interface Resource {
  readonly resourceType: ResourceType;
  readonly resourceName: string;
}

/** What has no name of its own: topics that are not there yet, the ACLs themselves, quotas, keys. */
export const CLUSTER: Resource = { resourceType: "CLUSTER", resourceName: "kafka-cluster" };

const BITS = {
  ALL: 1,
  READ: 2,
  WRITE: 4,
  CREATE: 8,
  DELETE: 16,
  ALTER: 32,
  DESCRIBE: 64,
  DESCRIBE_CONFIGS: 128,
  ALTER_CONFIGS: 256,
} as const satisfies Record<AclOperation, number>;

/** What else than itself and ALL an allow may be of to be one of these too. A deny is of nothing but itself. */
const IMPLIED_BY: Readonly<Partial<Record<AclOperation, number>>> = {
  DESCRIBE: BITS.READ | BITS.WRITE | BITS.DELETE | BITS.ALTER,
  DESCRIBE_CONFIGS: BITS.ALTER_CONFIGS,
};

/** Resources that one asker remembers: a listing asks of every topic. */
const REMEMBERED_MAX = 10_000;

/**
 * One principal's decisions, by ACLs and grants that stay as they are. What is held on a resource is looked up once,
 * whatever is asked of it then.
 */
export class Decisions {
  readonly #grants: PatternIndex | null;
  readonly #mine: readonly PatternIndex[];
  readonly #held = new Map<ResourceType, Map<string, Held>>();

  constructor(principal: string, grants: readonly Grant[], acls: readonly Acl[]) {
    this.#grants = grants.length === 0 ? null : new PatternIndex();
    for (const grant of grants) this.#grants?.add({ ...grant, bit: BITS[grant.operation], isDeny: false });
    const all = indexOf(acls, BITS);
    // Compared exactly: names that look or sort alike are others.
    this.#mine = ["User:*", `User:${principal}`].flatMap((name) => all.get(name) ?? []);
  }

  allows(operation: AclOperation, resource: Resource): boolean {
    const { allowed, denied } = this.#heldOn(resource);
    const asked = BITS.ALL | BITS[operation];
    return (denied & asked) === 0 && (allowed & (asked | (IMPLIED_BY[operation] ?? 0))) !== 0;
  }

  #heldOn({ resourceType, resourceName }: Resource): Held {
    const ofType = this.#held.get(resourceType) ?? new Map<string, Held>();
    this.#held.set(resourceType, ofType);
    const known = ofType.get(resourceName);
    if (known !== undefined) return known;
    const held = { allowed: 0, denied: 0 };
    this.#grants?.collect(resourceType, resourceName, held);
    for (const index of this.#mine) index.collect(resourceType, resourceName, held);
    if (ofType.size >= REMEMBERED_MAX) ofType.clear();
    ofType.set(resourceName, held);
    return held;
  }
}
