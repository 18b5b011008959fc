/** S02, end to end: each operation by bob with a real token, under each kind of rule. What is refused leaves nothing. */
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../edge/app.ts";
import { NEEDS, ROUTE_NEEDS } from "../../edge/access/needs.ts";
import type { Acl, AclOperation, ResourceType } from "../../shared/api/acls.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import { RightsLab } from "./rights-lab.ts";
import { PROBES, type Ending } from "./rights-probes.ts";

test("S02: every route has a row in the table of rights, and every row a probe", () => {
  const routes = ROUTES.map(([method, path]) => `${method} ${path}`);
  expect(Object.keys(ROUTE_NEEDS).toSorted()).toEqual(routes.toSorted());
  const guarded = routes.filter((route) => (ROUTE_NEEDS[route]?.length ?? 0) > 0);
  expect([...new Set(PROBES.map(({ route }) => route))].toSorted()).toEqual(guarded.toSorted());
  for (const { route, need } of PROBES)
    if (need !== "tail") expect([need, ROUTE_NEEDS[route]]).toEqual([need, expect.arrayContaining([need])]);
  for (const route of guarded)
    expect(PROBES.some((probe) => probe.route === route && probe.need === ROUTE_NEEDS[route]?.[0])).toBe(true);
});

interface Rule {
  readonly name: string;
  readonly acls: readonly Partial<Acl>[];
  readonly scope?: string;
  readonly may: boolean;
}

/** Of the right to do `operation`. */
function rulesOf(resourceType: ResourceType, operation: AclOperation): readonly Rule[] {
  const isNamed = resourceType !== "CLUSTER";
  const [named, prefix, other] = isNamed ? ["orders", "ord", "bills"] : ["kafka-cluster", "kafka-cluster", null];
  const own = { resourceType, resourceName: named, operation };
  const prefixed = { ...own, resourceName: prefix, patternType: "PREFIXED" } as const;
  const scope = `${resourceType.toLowerCase()}${isNamed ? ":orders*" : ""}:${operation.toLowerCase()}`;
  return [
    { name: "nothing", acls: [], may: false },
    // A topic that is to be made is called orders-of-bob.
    {
      name: "an allow of everything of its kind",
      acls: [{ ...own, ...(isNamed ? { resourceName: "*" } : {}) }],
      may: true,
    },
    { name: "an allow of a prefix", acls: [prefixed], may: true },
    { name: "an allow of ALL", acls: [{ ...prefixed, operation: "ALL" }], may: true },
    { name: "an allow of everybody", acls: [{ ...prefixed, principal: "User:*" }], may: true },
    { name: "an allow of its token", acls: [], scope, may: true },
    { name: "an allow of somebody else", acls: [{ ...prefixed, principal: "User:Bob" }], may: false },
    ...(other === null ? [] : [{ name: "an allow of another", acls: [{ ...own, resourceName: other }], may: false }]),
    { name: "a deny over an allow", acls: [prefixed, { ...prefixed, permissionType: "DENY" }], may: false },
    {
      name: "a deny of everybody over an allow of its token",
      acls: [{ ...prefixed, principal: "User:*", permissionType: "DENY" }],
      scope,
      may: false,
    },
  ];
}

const IMPLY_DESCRIBE: readonly AclOperation[] = ["READ", "WRITE", "DELETE", "ALTER", "DESCRIBE"];

const CASES = PROBES.flatMap((probe) =>
  NEEDS[probe.need].flatMap(([resourceType, operation]) =>
    rulesOf(resourceType, operation).map((rule) => ({ probe, resourceType, operation, rule })),
  ),
);

/** Whether the rules of a case leave DESCRIBE on the topic. */
function describes({ operation, resourceType, rule }: (typeof CASES)[number]): boolean {
  const isHeld = rule.name.includes("over") && IMPLY_DESCRIBE.includes(operation) && operation !== "DESCRIBE";
  return resourceType === "TOPIC" && isHeld;
}

/** What a refused call answers, by the table. */
function refusalOf(one: (typeof CASES)[number]): Ending {
  const { probe } = one;
  if (probe.leavesOut === true) return "left out";
  if (probe.byId === true) return describes(one) ? "TOPIC_AUTHORIZATION_FAILED" : "UNKNOWN_TOPIC_ID";
  const isOf = (type: ResourceType): boolean => NEEDS[probe.need].some(([one]) => one === type);
  if (isOf("GROUP")) return "GROUP_AUTHORIZATION_FAILED";
  return isOf("TOPIC") ? "TOPIC_AUTHORIZATION_FAILED" : "CLUSTER_AUTHORIZATION_FAILED";
}

describe.each(CASES.map((one) => ({ ...one, name: `${one.probe.route} by ${one.operation} on ${one.resourceType}` })))(
  "S02: $name",
  (one) => {
    test(`with ${one.rule.name}`, async () => {
      const { probe, rule } = one;
      const lab = new RightsLab();
      const place = await lab.topic("orders");
      if (rule.acls.length > 0) await lab.allow(...rule.acls);
      await probe.prepare?.(lab);
      const before = await lab.world(place);
      const response = await lab.as("bob", probe.ask(place, lab.namespace), rule.scope);
      const ending =
        probe.ending === undefined
          ? response.ok
            ? "done"
            : ((await response.json()) as { error: ErrorBody }).error.code
          : await probe.ending(response, place);
      // Reconciling asks for either right: whoever is denied the one by what allows the other may.
      const may = rule.may || (probe.need === "reconcile" && describes(one));
      expect(ending).toBe(may ? "done" : refusalOf(one));
      if (!may) expect(await lab.world(place)).toEqual(before);
    });
  },
);
