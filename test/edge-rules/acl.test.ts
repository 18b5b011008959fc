/** S02: decisions on ACLs, against a model that goes through all of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accessOf } from "../../edge/access/access.ts";
import { CLUSTER, type Grant, type Resource } from "../../edge/access/acl.ts";
import { matchesFilter } from "../../edge/access/acl-filter.ts";
import type { Acl, AclFilter, AclOperation } from "../../shared/api/acls.ts";

const OPERATIONS: readonly AclOperation[] = [
  "ALL",
  "READ",
  "WRITE",
  "CREATE",
  "DELETE",
  "ALTER",
  "DESCRIBE",
  "DESCRIBE_CONFIGS",
  "ALTER_CONFIGS",
];

/** Kafka's rules as its documentation words them, one loop after the other. */
function mayByTheBook(
  { principal, operation, resource }: { principal: string; operation: AclOperation; resource: Resource },
  grants: readonly Grant[],
  acls: readonly Acl[],
): boolean {
  const impliers: readonly string[] =
    operation === "DESCRIBE"
      ? ["READ", "WRITE", "DELETE", "ALTER"]
      : operation === "DESCRIBE_CONFIGS"
        ? ["ALTER_CONFIGS"]
        : [];
  let allowed = false;
  for (const one of [...grants.map((grant) => ({ ...grant, principal: null, permissionType: "ALLOW" })), ...acls]) {
    if (one.principal !== null && one.principal !== "User:*" && one.principal !== `User:${principal}`) continue;
    if (one.resourceType !== resource.resourceType) continue;
    if (one.patternType === "PREFIXED" && !resource.resourceName.startsWith(one.resourceName)) continue;
    if (one.patternType === "LITERAL" && one.resourceName !== "*" && one.resourceName !== resource.resourceName)
      continue;
    const isSame = one.operation === operation || one.operation === "ALL";
    if (one.permissionType === "DENY" && isSame) return false;
    if (one.permissionType === "ALLOW" && (isSame || impliers.includes(one.operation))) allowed = true;
  }
  return allowed;
}

/** Few of each, so that they meet. */
const NAMES = ["*", "a", "ab", "abc", "ab*", "b", "__proto__", "constructor", CLUSTER.resourceName];
const PRINCIPALS = ["ann", "Ann", "ann ", "bob", "*", "__proto__"];
const resourceType = fc.constantFrom("TOPIC" as const, "GROUP" as const, "CLUSTER" as const);
const operation = fc.constantFrom(...OPERATIONS);
const grant: fc.Arbitrary<Grant> = fc.record({
  resourceType,
  resourceName: fc.constantFrom(...NAMES),
  patternType: fc.constantFrom("LITERAL" as const, "PREFIXED" as const),
  operation,
});
const acl: fc.Arbitrary<Acl> = fc
  .tuple(
    grant,
    fc.record({
      principal: fc.constantFrom(...PRINCIPALS).map((name) => `User:${name}`),
      permissionType: fc.integer({ max: 5, min: 0 }).map((n) => (n === 0 ? ("DENY" as const) : ("ALLOW" as const))),
    }),
  )
  .map(([pattern, rest]) => ({ ...pattern, ...rest }));

describe("S02: a decision", () => {
  test("is that of a model which knows no index, 10,000 times and more", () => {
    let [decisions, allowed] = [0, 0];
    const rules = {
      grants: fc.array(grant, { maxLength: 4, size: "max" }),
      acls: fc.array(acl, { maxLength: 40, size: "max" }),
    };
    const ask = (grants: readonly Grant[], acls: readonly Acl[], principal: string): void => {
      const access = accessOf({ principal, grants }, { acls } as never);
      for (const type of ["TOPIC", "GROUP", "CLUSTER"] as const) {
        for (const resourceName of NAMES.filter((name) => name !== "*")) {
          const resource = { resourceType: type, resourceName };
          for (const asked of OPERATIONS) {
            const expected = mayByTheBook({ principal, operation: asked, resource }, grants, acls);
            const found = access.allows(asked, resource);
            if (found !== expected) throw new Error(`${principal} ${asked} ${type} ${resourceName}: ${found}`);
            decisions += 1;
            allowed += Number(found);
          }
        }
      }
    };
    fc.assert(
      fc.property(fc.record({ ...rules, principal: fc.constantFrom(...PRINCIPALS) }), ({ grants, acls, principal }) =>
        ask(grants, acls, principal),
      ),
      { seed: 2, numRuns: 400 },
    );
    expect(decisions).toBeGreaterThanOrEqual(10_000);
    // Neither answer is rare, or the two would agree on nothing much.
    expect(allowed / decisions).toBeGreaterThan(0.1);
    expect(allowed / decisions).toBeLessThan(0.9);
  });

  const ON_ORDERS = { resourceType: "TOPIC", resourceName: "orders" } as const;
  const acls = (...stated: readonly Partial<Acl>[]): never =>
    ({
      acls: stated.map((one) => ({
        ...{ ...ON_ORDERS, patternType: "LITERAL", principal: "User:ann", operation: "READ", permissionType: "ALLOW" },
        ...one,
      })),
    }) as never;
  const may = (rules: never, asked: AclOperation, principal = "ann", grants: "all" | readonly Grant[] = []): boolean =>
    accessOf({ principal, grants }, rules).allows(asked, ON_ORDERS);

  test("is no, where nothing is said", () => {
    for (const asked of OPERATIONS) expect(may(acls(), asked)).toBe(false);
  });

  test("implies describing for an allow alone", () => {
    for (const held of ["READ", "WRITE", "DELETE", "ALTER", "DESCRIBE", "ALL"] as const)
      expect([held, may(acls({ operation: held }), "DESCRIBE")]).toEqual([held, true]);
    for (const held of ["CREATE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"] as const)
      expect([held, may(acls({ operation: held }), "DESCRIBE")]).toEqual([held, false]);
    expect(may(acls({ operation: "ALTER_CONFIGS" }), "DESCRIBE_CONFIGS")).toBe(true);
    expect(may(acls({ operation: "ALTER" }), "DESCRIBE_CONFIGS")).toBe(false);
    const readDenied = acls({ operation: "WRITE" }, { operation: "READ", permissionType: "DENY" });
    expect([may(readDenied, "DESCRIBE"), may(readDenied, "READ")]).toEqual([true, false]);
    const describeDenied = acls({ operation: "READ" }, { operation: "DESCRIBE", permissionType: "DENY" });
    expect([may(describeDenied, "DESCRIBE"), may(describeDenied, "READ")]).toEqual([false, true]);
  });

  test("is no where a deny matches, whatever the credential allows, unless that is everything", () => {
    const granted = [{ ...ON_ORDERS, patternType: "LITERAL", operation: "ALL" }] as const;
    const denied = acls({
      resourceName: "or",
      patternType: "PREFIXED",
      principal: "User:*",
      operation: "READ",
      permissionType: "DENY",
    });
    expect(may(denied, "WRITE", "ann", granted)).toBe(true);
    expect(may(denied, "READ", "ann", granted)).toBe(false);
    expect(may(denied, "READ", "ann", "all")).toBe(true);
  });

  test("takes the principal exactly as it is written", () => {
    for (const principal of ["Ann", "ann ", "User:ann", "an", "anna", "ａｎｎ"])
      expect([principal, may(acls({}), "READ", principal)]).toEqual([principal, false]);
    expect(may(acls({ principal: "User:*" }), "READ", "anybody")).toBe(true);
    // Whoever is called so is not everybody.
    expect(may(acls({ principal: "User:bob" }), "READ", "*")).toBe(false);
  });

  test("costs little over 10,000 ACLs", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      resourceName: `topic-${index % 1_000}`,
      principal: `User:user-${index % 97}`,
      patternType: index % 3 === 0 ? ("PREFIXED" as const) : ("LITERAL" as const),
    }));
    const rules = acls(...many);
    const startedAt = performance.now();
    let allowed = 0;
    // A request each: what one of them remembers is of no use to the next.
    for (let request = 0; request < 20_000; request += 1) {
      const resource = { resourceType: "TOPIC", resourceName: `topic-${request % 2_000}` } as const;
      if (accessOf({ principal: `user-${request % 97}`, grants: [] }, rules).allows("READ", resource)) allowed += 1;
    }
    // By a loop over all of them it would be half a minute.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(allowed).toBeGreaterThan(1_000);
  });
});

describe("a filter means", () => {
  const one = (resourceName: string, patternType: Acl["patternType"], more: Partial<Acl> = {}): Acl => ({
    ...{ resourceType: "TOPIC", resourceName, patternType, principal: "User:ann", operation: "READ" },
    ...{ permissionType: "ALLOW", ...more },
  });
  const HELD = [
    one("*", "LITERAL"),
    one("orders", "LITERAL"),
    one("orders", "PREFIXED"),
    one("ord", "PREFIXED", { permissionType: "DENY" }),
    one("orders-eu", "LITERAL", { operation: "ALL" }),
    one("kafka-cluster", "LITERAL", { resourceType: "CLUSTER", operation: "ALTER", principal: "User:bob" }),
  ];

  test.each<[string, AclFilter, readonly number[]]>([
    ["nothing stated: all", {}, [0, 1, 2, 3, 4, 5]],
    ["ANY of everything: all", { resourceType: "ANY", patternType: "ANY", operation: "ANY" }, [0, 1, 2, 3, 4, 5]],
    ["a name: that very name, of either pattern", { resourceName: "orders" }, [1, 2]],
    ["a name and a pattern", { resourceName: "orders", patternType: "PREFIXED" }, [2]],
    ["a pattern alone", { patternType: "PREFIXED" }, [2, 3]],
    ["MATCH: all that is about the resource", { resourceName: "orders", patternType: "MATCH" }, [0, 1, 2, 3]],
    ["MATCH of a longer name", { resourceName: "orders-eu", patternType: "MATCH" }, [0, 2, 3, 4]],
    ["MATCH without a name: all", { patternType: "MATCH" }, [0, 1, 2, 3, 4, 5]],
    ["the name *: the ACLs of *", { resourceName: "*" }, [0]],
    ["ALL: the ACLs of ALL", { operation: "ALL" }, [4]],
    ["a permission", { permissionType: "DENY" }, [3]],
    ["a principal, exactly", { principal: "User:bob" }, [5]],
    ["everybody: no one else", { principal: "User:*" }, []],
    ["a type", { resourceType: "CLUSTER" }, [5]],
  ])("%s", (_name, filter, expected) => {
    expect(HELD.flatMap((held, index) => (matchesFilter(held, filter) ? [index] : []))).toEqual(expected);
  });
});
