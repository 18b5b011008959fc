/** S03 and rights: a consumer instance answers whoever made it, as far as that one may. */
import { expect, test } from "vitest";
import type { FetchedRecord } from "../../../edge/kafka-rest/fetched.ts";
import type { RestError } from "../../../edge/kafka-rest/rest-error.ts";
import { GONE_MS } from "../../../edge/rest-consumer/consumer-calls.ts";
import { aclOf, RightsLab, type Asked } from "../rights-lab.ts";
import { idleFor } from "./consumer-lab.ts";

const GROUP = aclOf({ resourceType: "GROUP", resourceName: "g" });
const AT = "/kafka-rest/consumers/g/instances/mine";

const make: Asked = {
  method: "POST",
  path: "/kafka-rest/consumers/g",
  json: { name: "mine", "auto.offset.reset": "earliest" },
};
const subscribe = (...topics: readonly string[]): Asked => ({
  method: "POST",
  path: `${AT}/subscription`,
  json: { topics },
});
const poll: Asked = { method: "GET", path: `${AT}/records?timeout=0` };

async function numberOf(response: Response): Promise<number> {
  return response.ok ? response.status : ((await response.json()) as RestError).error_code;
}

test("S03 another principal hears that there is no such instance, whatever it asks, and changes nothing", async () => {
  const lab = new RightsLab();
  await lab.topic("orders");
  await lab.allow(aclOf({ principal: "User:*" }), { ...GROUP, principal: "User:*" });
  expect(await numberOf(await lab.as("ann", make))).toBe(200);
  expect(await numberOf(await lab.as("ann", subscribe("orders")))).toBe(204);
  const partitions = [{ topic: "orders", partition: 0 }];
  const offsets = [{ topic: "orders", partition: 0, offset: 0 }];
  const asked: Asked[] = [
    poll,
    subscribe("orders"),
    { method: "GET", path: `${AT}/subscription` },
    { method: "DELETE", path: `${AT}/subscription` },
    { method: "POST", path: `${AT}/assignments`, json: { partitions } },
    { method: "GET", path: `${AT}/assignments` },
    { method: "POST", path: `${AT}/offsets`, json: { offsets } },
    { method: "POST", path: `${AT}/offsets` },
    { method: "GET", path: `${AT}/offsets` },
    { method: "POST", path: `${AT}/positions`, json: { offsets } },
    { method: "POST", path: `${AT}/positions/beginning`, json: { partitions } },
    { method: "POST", path: `${AT}/positions/end`, json: { partitions } },
    { method: "DELETE", path: AT },
  ];
  for (const one of asked) expect([one, await numberOf(await lab.as("bob", one))]).toEqual([one, 40403]);
  expect(await numberOf(await lab.as("bob", make))).toBe(40902);
  const records = (await (await lab.as("ann", poll)).json()) as FetchedRecord[];
  expect(records.map(({ value }) => value)).toEqual([btoa("first")]);
  // Another namespace has another instance of that name.
  const other = new RightsLab();
  await other.allow({ ...GROUP, principal: "User:*" });
  expect(await numberOf(await other.as("ann", poll))).toBe(40403);
});

test.each([GONE_MS, 3 * 86_400_000])(
  "S03 the name of one that is over by %d ms, and was not forgotten yet, is the next one's that makes it, and not its own any more",
  async (idleMs) => {
    const lab = new RightsLab();
    await lab.topic("orders");
    await lab.allow(aclOf({ principal: "User:*" }), { ...GROUP, principal: "User:*" });
    expect(await numberOf(await lab.as("ann", make))).toBe(200);
    await idleFor({ namespace: lab.namespace, group: "g", instance: "mine" }, idleMs);
    expect(await numberOf(await lab.as("bob", make))).toBe(200);
    expect(await numberOf(await lab.as("bob", subscribe("orders")))).toBe(204);
    expect(await numberOf(await lab.as("ann", poll))).toBe(40403);
    expect(await numberOf(await lab.as("bob", poll))).toBe(200);
  },
);

test("rights are looked at with each call: of the group, and of each topic", async () => {
  const lab = new RightsLab();
  await lab.topic("orders");
  await lab.topic("secrets");
  expect(await numberOf(await lab.as("bob", make))).toBe(40301);
  await lab.allow(GROUP);
  expect(await numberOf(await lab.as("bob", make))).toBe(200);
  expect(await numberOf(await lab.as("bob", subscribe("orders")))).toBe(40301);
  await lab.allow(aclOf({}));
  expect(await numberOf(await lab.as("bob", subscribe("orders", "secrets")))).toBe(40301);
  const all: Asked = { method: "POST", path: `${AT}/subscription`, json: { topic_pattern: ".*" } };
  expect(await numberOf(await lab.as("bob", all))).toBe(204);
  const told = (await (await lab.as("bob", { method: "GET", path: `${AT}/subscription` })).json()) as object;
  expect(told).toEqual({ topics: ["orders"] });
  const records = (await (await lab.as("bob", poll)).json()) as FetchedRecord[];
  expect(records.map(({ topic }) => topic)).toEqual(["orders"]);
  expect(await numberOf(await lab.as("bob", { method: "DELETE", path: `${AT}/subscription` }))).toBe(204);

  for (const topic of ["secrets", "none"]) {
    const partitions = [{ topic, partition: 0 }];
    const offsets = [{ topic, partition: 0, offset: 0 }];
    for (const asked of [
      { method: "POST", path: `${AT}/assignments`, json: { partitions } },
      { method: "POST", path: `${AT}/offsets`, json: { offsets } },
    ])
      expect(await numberOf(await lab.as("bob", asked))).toBe(40301);
  }
  const partitions = [{ topic: "orders", partition: 0 }];
  const assign = { method: "POST", path: `${AT}/assignments`, json: { partitions } };
  expect(await numberOf(await lab.as("bob", assign))).toBe(204);
  await lab.allow(aclOf({ permissionType: "DENY" }));
  for (const path of [`${AT}/offsets`, `${AT}/records?timeout=0`])
    expect(await numberOf(await lab.as("bob", { method: "GET", path }))).toBe(40301);
  expect(await numberOf(await lab.as("bob", { method: "DELETE", path: AT }))).toBe(204);
});

test("a subscribed consumer that may read its topic no more is told so", async () => {
  const lab = new RightsLab();
  await lab.topic("orders");
  await lab.allow(GROUP, aclOf({}));
  for (const asked of [make, subscribe("orders"), poll]) expect((await lab.as("bob", asked)).ok).toBe(true);
  await lab.allow(aclOf({ permissionType: "DENY" }));
  expect(await numberOf(await lab.as("bob", poll))).toBe(40301);
});
