/**
 * ACLs by principal and by pattern, so that a decision costs the same over ten of them as over ten thousand: a look-up
 * for the name, one for `*`, and one for each length that a prefix has.
 */
import type { Acl, AclOperation, PatternType, ResourceType } from "../../shared/api/acls.ts";

/** Bits of operations. */
export interface Held {
  allowed: number;
  denied: number;
}

interface Entry {
  readonly resourceType: ResourceType;
  readonly resourceName: string;
  readonly patternType: PatternType;
  readonly bit: number;
  readonly isDeny: boolean;
}

interface Patterns {
  readonly literal: Map<string, Held>;
  readonly prefixed: Map<string, Held>;
  readonly prefixLengths: Set<number>;
}

/** Of one principal. */
export class PatternIndex {
  readonly #byType = new Map<ResourceType, Patterns>();

  add({ resourceType, resourceName, patternType, bit, isDeny }: Entry): void {
    let patterns = this.#byType.get(resourceType);
    if (patterns === undefined) {
      patterns = { literal: new Map(), prefixed: new Map(), prefixLengths: new Set() };
      this.#byType.set(resourceType, patterns);
    }
    const names = patternType === "PREFIXED" ? patterns.prefixed : patterns.literal;
    if (patternType === "PREFIXED") patterns.prefixLengths.add(resourceName.length);
    let held = names.get(resourceName);
    if (held === undefined) names.set(resourceName, (held = { allowed: 0, denied: 0 }));
    if (isDeny) held.denied |= bit;
    else held.allowed |= bit;
  }

  /** Adds what is held on the resource. */
  collect(resourceType: ResourceType, resourceName: string, into: Held): void {
    const patterns = this.#byType.get(resourceType);
    if (patterns === undefined) return;
    const { literal, prefixed, prefixLengths } = patterns;
    join(into, literal.get("*"));
    if (resourceName !== "*") join(into, literal.get(resourceName));
    for (const length of prefixLengths)
      if (length <= resourceName.length) join(into, prefixed.get(resourceName.slice(0, length)));
  }
}

function join(into: Held, held: Held | undefined): void {
  if (held === undefined) return;
  into.allowed |= held.allowed;
  into.denied |= held.denied;
}

/** By the ACLs' principal. */
type AclIndex = ReadonlyMap<string, PatternIndex>;

const indexes = new WeakMap<readonly Acl[], AclIndex>();

/** Made once for a list, which is not to change: requests share it for as long as the rules are held. */
export function indexOf(acls: readonly Acl[], bits: Readonly<Record<AclOperation, number>>): AclIndex {
  const known = indexes.get(acls);
  if (known !== undefined) return known;
  const made = new Map<string, PatternIndex>();
  for (const acl of acls) {
    let index = made.get(acl.principal);
    if (index === undefined) made.set(acl.principal, (index = new PatternIndex()));
    index.add({ ...acl, bit: bits[acl.operation], isDeny: acl.permissionType === "DENY" });
  }
  indexes.set(acls, made);
  return made;
}
