import { describe, expect, test } from "vitest";
import { isAllowed } from "../../edge/access/acl.ts";
import { grantsOf, scopesIn } from "../../edge/auth/scopes.ts";

describe("scopes", () => {
  test.each([
    ["topic:orders:read", "TOPIC", "orders", "LITERAL", "READ"],
    ["topic:app-*:all", "TOPIC", "app-", "PREFIXED", "ALL"],
    ["topic:*:describe_configs", "TOPIC", "*", "LITERAL", "DESCRIBE_CONFIGS"],
    ["group:a:b:read", "GROUP", "a:b", "LITERAL", "READ"],
    ["group:reports*:delete", "GROUP", "reports", "PREFIXED", "DELETE"],
    ["cluster:alter_configs", "CLUSTER", "kafka-cluster", "LITERAL", "ALTER_CONFIGS"],
  ])("%s grants what it says", (scope, resourceType, resourceName, patternType, operation) => {
    expect(grantsOf([scope])).toEqual([{ resourceType, resourceName, patternType, operation }]);
  });

  test.each([
    ...["openid", "email", "", "Admin", "admin ", "administrator", "topic", "topic:", "topic::read", "topic:a"],
    ...["topic:a:", "topic:a:READ", "topic:a:reads", "topic:a*b:read", "topic:**:read", "topic:*a:read"],
    ...["Topic:a:read", " topic:a:read", "topic:a:read ", "cluster", "cluster:", "cluster:a:read", "cluster:*"],
    ...["__proto__", "topic:a:__proto__", "topic:a:constructor", "group:*", "transactional_id:a:all"],
  ])("%j grants nothing", (scope) => {
    expect(grantsOf([scope])).toEqual([]);
  });

  test("admin is everything, beside whatever it stands", () => {
    expect(grantsOf(["openid", "admin", "topic:a:read"])).toBe("all");
  });

  test("are separated by spaces, and names have none", () => {
    expect(scopesIn("  topic:a:read\n cluster:all ")).toEqual(["topic:a:read", "cluster:all"]);
    expect(scopesIn("")).toEqual([]);
  });

  test("a prefix reaches what begins with it, and nothing else", () => {
    const grants = grantsOf(["topic:app-*:read"]);
    if (grants === "all") throw new Error("everything");
    const may = (resourceName: string): boolean =>
      isAllowed({ principal: "a", operation: "READ", resource: { resourceType: "TOPIC", resourceName } }, grants, []);
    expect(["app-", "app-1", "app", "xapp-1", "*"].map(may)).toEqual([true, true, false, false, false]);
  });
});
