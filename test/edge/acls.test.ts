/** The ACLs themselves: kept whole, each once, seen at once by whoever changed them; what is no ACL is refused. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Acl, CreateAclsAnswer, DeleteAclsAnswer, DescribeAclsAnswer } from "../../shared/api/acls.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ControllerObject } from "../../edge/worker.ts";
import { breakWriteAfter } from "./broken-write.ts";
import { errorOf } from "./edge.ts";
import { aclOf, RightsLab, type Asked } from "./rights-lab.ts";

const LIST: Asked = { method: "GET", path: "/v1/acls" };
const READ = aclOf({});
const WRITE = aclOf({ operation: "WRITE", patternType: "PREFIXED", resourceName: "ord" });
const DENY = aclOf({ permissionType: "DENY", principal: "User:*", resourceName: "*" });

function creation(...acls: readonly unknown[]): Asked {
  return { method: "POST", path: "/v1/acls", json: { acls } };
}
async function held(lab: RightsLab, query = ""): Promise<readonly Acl[]> {
  return (await lab.asAdmin<DescribeAclsAnswer>({ ...LIST, path: LIST.path + query })).acls;
}
function controllerOf(lab: RightsLab): DurableObjectStub<ControllerObject> {
  return env.CONTROLLER.get(env.CONTROLLER.idFromName(lab.namespace));
}

describe("ACLs", () => {
  test("are there once, however often they are created, and outlive the object's memory", async () => {
    const lab = new RightsLab();
    expect(await lab.asAdmin<CreateAclsAnswer>(creation(READ, WRITE, READ))).toEqual({ created: [READ, WRITE] });
    expect(await lab.asAdmin<CreateAclsAnswer>(creation(DENY, WRITE))).toEqual({ created: [DENY] });
    await evictDurableObject(controllerOf(lab));
    expect(await held(lab)).toHaveLength(3);
    expect(await held(lab)).toEqual(expect.arrayContaining([READ, WRITE, DENY]));
    expect(await held(new RightsLab())).toEqual([]);
  });

  test("are listed and deleted by filter, and what was deleted is told", async () => {
    const lab = new RightsLab();
    await lab.allow(READ, WRITE, DENY);
    expect(await held(lab, "?resourceName=orders&patternType=MATCH&permissionType=ALLOW")).toHaveLength(2);
    expect(await held(lab, "?principal=User%3A*&resourceName=*")).toEqual([DENY]);
    const deletion = { method: "DELETE", path: "/v1/acls?patternType=PREFIXED" };
    expect(await lab.asAdmin<DeleteAclsAnswer>(deletion)).toEqual({ deleted: [WRITE] });
    expect(await lab.asAdmin<DeleteAclsAnswer>(deletion)).toEqual({ deleted: [] });
    expect(await held(lab)).toHaveLength(2);
    const all = { method: "DELETE", path: "/v1/acls?resourceType=ANY" };
    expect((await lab.asAdmin<DeleteAclsAnswer>(all)).deleted).toHaveLength(2);
    expect(await held(lab)).toEqual([]);
  });

  test("take effect with the next request of the isolate that changed them, both ways", async () => {
    const lab = new RightsLab();
    await lab.topic("orders");
    const describing = { method: "GET", path: "/v1/topics/orders" };
    const statuses: number[] = [];
    const ask = async (): Promise<void> => void statuses.push((await lab.as("bob", describing)).status);
    await ask();
    await lab.allow(READ);
    await ask();
    await lab.allow({ operation: "DESCRIBE", permissionType: "DENY" });
    await ask();
    await lab.asAdmin({ method: "DELETE", path: "/v1/acls?permissionType=DENY" });
    await ask();
    await lab.asAdmin({ method: "DELETE", path: "/v1/acls?principal=User:bob" });
    await ask();
    expect(statuses).toEqual([403, 200, 403, 200, 403]);
  });

  test("are created all or not at all, where one is illegal and where a write breaks", async () => {
    const lab = new RightsLab();
    await lab.allow(DENY);
    expect((await lab.as("root", creation(READ, { ...WRITE, operation: "FLY" }), "admin")).status).toBe(400);
    let fired = (): boolean => false;
    await runInDurableObject(controllerOf(lab), (_, { storage: { sql } }) => void (fired = breakWriteAfter(sql, 1)));
    expect((await lab.as("root", creation(READ, WRITE), "admin")).ok).toBe(false);
    expect(fired()).toBe(true);
    expect(await held(lab)).toEqual([DENY]);
  });

  test("are so many and no more", async () => {
    const lab = new RightsLab();
    const many = Array.from({ length: LIMITS.aclsMax }, (_, index) => aclOf({ resourceName: `t-${index}` }));
    await runInDurableObject(controllerOf(lab), (object) => object.createAcls(many.slice(1)));
    expect((await lab.as("root", creation(many[0]), "admin")).status).toBe(200);
    // One of these is there already, the other would be one too many.
    const error = await errorOf(await lab.as("root", creation(many[5], WRITE), "admin"));
    expect(error).toMatchObject({ code: "POLICY_VIOLATION", status: 409, retriable: false, limit: LIMITS.aclsMax });
    expect(await held(lab, "?patternType=PREFIXED")).toEqual([]);
    expect((await lab.as("root", creation(...many.slice(0, LIMITS.aclsPerRequestMax + 1)), "admin")).status).toBe(400);
    await lab.asAdmin({ method: "DELETE", path: "/v1/acls?resourceName=t-7" });
    expect(await lab.asAdmin<CreateAclsAnswer>(creation(WRITE))).toEqual({ created: [WRITE] });
  });

  test("of names that another store would mix up stay apart", async () => {
    const lab = new RightsLab();
    const principals = ["User:Ann", "User:ann", "User:ａｎｎ", "User:an\u0301n", "User:__proto__", "User:' OR 1=1 --"];
    await lab.allow(...principals.map((principal) => ({ principal })));
    for (const principal of principals)
      expect(await held(lab, `?principal=${encodeURIComponent(principal)}`)).toEqual([aclOf({ principal })]);
  });
});

describe("what is refused", () => {
  test.each<[string, unknown]>([
    ["no ACLs", []],
    ["a host, which would narrow it", [{ ...READ, host: "10.0.0.1" }]],
    ["a principal without User:", [{ ...READ, principal: "bob" }]],
    ["a principal without a name", [{ ...READ, principal: "User:" }]],
    ["half a surrogate pair", [{ ...READ, principal: "User:\ud800" }]],
    ["a control character", [{ ...READ, principal: "User:a\u0000b" }]],
    ["a principal that is too long", [{ ...READ, principal: `User:${"a".repeat(256)}` }]],
    ["a name without characters", [{ ...READ, resourceName: "" }]],
    ["a name that no topic has", [{ ...READ, resourceName: "orders*" }]],
    ["a prefix of no topic", [{ ...READ, resourceName: "or/", patternType: "PREFIXED" }]],
    ["another cluster", [{ ...READ, resourceType: "CLUSTER" }]],
    ["ANY, which is for filters", [{ ...READ, resourceType: "ANY" }]],
    ["MATCH, which is for filters", [{ ...READ, patternType: "MATCH" }]],
    ["what is no list", { 0: READ }],
  ])("as an ACL: %s", async (_name, acls) => {
    const lab = new RightsLab();
    const asked = { method: "POST", path: "/v1/acls", json: { acls } };
    expect(await errorOf(await lab.as("root", asked, "admin"))).toMatchObject({ code: "INVALID_REQUEST" });
    expect(await held(lab)).toEqual([]);
  });

  test.each([
    ["nothing, for a deletion", "DELETE", ""],
    ["a misspelt field, for a deletion", "DELETE", "?resourcename=orders&resourceType=TOPIC"],
    ["a misspelt field", "GET", "?topic=orders"],
    ["an empty name", "DELETE", "?resourceName="],
    ["an unknown type", "GET", "?resourceType=TOPICS"],
    ["a principal without User:", "DELETE", "?principal=bob"],
  ])("as a filter: %s", async (_name, method, query) => {
    const lab = new RightsLab();
    await lab.allow(READ, DENY);
    const asked = { method, path: `/v1/acls${query}` };
    expect(await errorOf(await lab.as("root", asked, "admin"))).toMatchObject({ code: "INVALID_REQUEST" });
    expect(await held(lab)).toHaveLength(2);
  });
});
